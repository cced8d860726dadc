// What the ledger says of pins that come and go with their sets, against all pins gone over.
#include "pinning/pin_ledger.hpp"

#include "heap/heap.hpp"
#include "heap/support/random.hpp"
#include "pinning/pin_registry.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace pinlab::pinning::tests {
namespace {

using heap::ObjectRef;

struct Seen {
  std::map<SiteId, std::pair<std::uint64_t, std::uint64_t>> sites;  ///< pins and granules
  std::map<SiteId, PinLedger::Time> oldest;
  std::map<std::uint32_t, std::uint64_t> ages;

  friend bool operator==(const Seen&, const Seen&) = default;
};

/// The clock at which a site first pinned between two collections.
using FirstPins = std::map<std::pair<SiteId, std::uint32_t>, std::uint64_t>;

Seen gone_over(PinRegistry& registry, const FirstPins& first) {
  Seen seen;
  registry.for_each_set([&](PinSet& set) {
    const std::lock_guard lock(set.lock());
    for (const PinSet::Note& note : set.notes()) {
      ++seen.sites[note.site].first;
      seen.sites[note.site].second += note.granules;
      const auto oldest = seen.oldest.try_emplace(note.site, PinLedger::Time{~0U, 0}).first;
      if (note.collections < oldest->second.collections) {
        oldest->second = {note.collections, first.at({note.site, note.collections})};
      }
      ++seen.ages[note.collections];
    }
  });
  return seen;
}

Seen of(const PinLedger& ledger) {
  Seen seen;
  ledger.for_each_site([&](SiteId site, const PinLedger::Totals& totals) {
    seen.sites[site] = {totals.pins, totals.granules};
    seen.oldest[site] = totals.oldest;
  });
  ledger.for_each_age([&](std::uint32_t made, std::uint64_t pins) { seen.ages[made] = pins; });
  return seen;
}

/// Objects of several sizes, and sets of pins that come, change and end.
class LedgerProgram {
 public:
  explicit LedgerProgram(std::uint64_t seed) : registry_(heap_), random_(seed) {
    const heap::AddressRange block = heap_.range_of(*heap_.take_block(heap::block_state::kOld));
    heap_.prepare(block);
    for (heap::Address a = block.base; a < block.limit; a += 256) {
      a.word() = heap::Header(1 + random_.below(32), 0).word();
      objects_.emplace_back(a);
    }
  }

  void step() {
    if (sets_.empty() || random_.below(8) == 0) {
      const Liveness liveness = random_.below(4) == 0 ? Liveness::weak : Liveness::strong;
      sets_.push_back(std::make_unique<PinSet>(registry_, liveness));
    }
    std::swap(sets_[random_.below(sets_.size())], sets_.back());
    PinSet& set = *sets_.back();
    const ObjectRef object = objects_[random_.below(objects_.size())];
    const std::uint64_t dice = random_.below(32);
    if (dice < 18) {
      const auto site = static_cast<SiteId>(random_.below(5));
      set.pin(object, site);
      note_first(site);
    } else if (dice < 20) {
      const auto batch = std::span(objects_).first(random_.below(9));
      set.pin_all(batch, 7);
      if (!batch.empty()) {
        note_first(7);
      }
    } else if (dice < 27 && !set.objects().empty()) {
      REQUIRE(set.unpin(set.objects()[random_.below(set.size())]));
    } else if (dice < 29) {
      set.unpin_all();
    } else if (dice == 31) {
      sets_.pop_back();
    }
    clock_ += random_.below(3) == 0 ? random_.below(100) : 0;
    registry_.set_clock(clock_);
  }
  void collection() {
    registry_.set_collections(registry_.collections() + 1);
    if (random_.below(3) == 0) {
      const std::size_t dead = random_.below(objects_.size());
      registry_.end_dead_pins([&](ObjectRef object) { return object == objects_[dead]; });
    }
  }
  /// Time goes on, and every pin of this program with it.
  void end_half_of_sets() {
    for (std::size_t i = sets_.size() / 2; i > 0; --i) {
      sets_.pop_back();
    }
  }
  [[nodiscard]] PinRegistry& registry() { return registry_; }
  [[nodiscard]] const FirstPins& first() const { return first_; }
  [[nodiscard]] const std::vector<ObjectRef>& objects() const { return objects_; }

 private:
  void note_first(SiteId site) {
    first_.try_emplace({site, registry_.collections()}, registry_.clock());
  }

  heap::Heap heap_{{std::uint64_t{1} << 20U, std::uint64_t{64} << 10U}};
  PinRegistry registry_;
  heap::Random random_;
  std::vector<ObjectRef> objects_;
  std::vector<std::unique_ptr<PinSet>> sets_;
  std::uint64_t clock_ = 0;
  FirstPins first_;
};

TEST_CASE("the ledger agrees with all pins gone over, whatever comes and goes between looks") {
  for (const std::uint64_t steps : {1U, 7U, 300U}) {
    CAPTURE(steps);
    LedgerProgram program(steps);
    PinRegistry& registry = program.registry();
    for (unsigned round = 0; round < 400; ++round) {
      for (std::uint64_t step = 0; step < steps; ++step) {
        program.step();
      }
      program.collection();
      if (round % 50 == 49) {
        program.end_half_of_sets();
      }
      if (round % 3 != 1) {  // young collections pass without a look
        REQUIRE(of(registry.settled_ledger()) == gone_over(registry, program.first()));
      }
    }
  }
}

TEST_CASE("of every fourth pin the ledger has a quarter, and none that has ended") {
  LedgerProgram program(4);
  PinRegistry& registry = program.registry();
  registry.set_ledger_period(4);
  for (unsigned round = 0; round < 200; ++round) {
    for (unsigned step = 0; step < 40; ++step) {
      program.step();
    }
    program.collection();
    static_cast<void>(registry.settled_ledger());
  }
  std::uint64_t entered = 0;
  for (const auto& [made, pins] : of(registry.settled_ledger()).ages) {
    entered += pins;
  }
  CHECK(entered > registry.held() / 8);
  CHECK(entered < registry.held() / 2);
}

TEST_CASE("a pin that came and went between two looks leaves nothing behind") {
  LedgerProgram program(1);
  PinRegistry& registry = program.registry();
  static_cast<void>(registry.settled_ledger());
  for (unsigned step = 0; step < 100; ++step) {
    program.step();
  }
  while (registry.held() > 0) {
    program.end_half_of_sets();
    program.step();
  }
  CHECK(of(registry.settled_ledger()) == Seen());
}

TEST_CASE("the first pin between two collections dates those after it, though it has ended") {
  LedgerProgram program(9);
  PinRegistry& registry = program.registry();
  PinSet set(registry, Liveness::strong);
  const ObjectRef object = program.objects().front();
  registry.set_collections(3);
  registry.set_clock(100);
  for (SiteId site = 0; site < 100; ++site) {  // more than an account keeps without making room
    set.pin(object, site);
    set.unpin_all();
    static_cast<void>(registry.settled_ledger());
  }
  registry.set_clock(200);
  set.pin(object, 1);
  CHECK(of(registry.settled_ledger()).oldest.at(1) == PinLedger::Time{3, 100});
  set.unpin_all();
  registry.set_collections(4);
  set.pin(object, 1);
  CHECK(of(registry.settled_ledger()).oldest.at(1) == PinLedger::Time{4, 200});
}

TEST_CASE("the end of a pin may be known before its beginning") {
  PinLedger ledger;
  ledger.enter(1, {2, 20}, 1, 4);
  ledger.enter(1, {5, 50}, 1, 4);
  ledger.settle();
  ledger.enter(1, {2, 20}, -1, -4);
  ledger.settle();
  CHECK(of(ledger).oldest.at(1) == PinLedger::Time{5, 50});
  ledger.enter(1, {2, 20}, -1, -4);  // of a pin that is not known yet
  ledger.settle();
  ledger.enter(1, {2, 20}, 2, 8);
  ledger.settle();
  CHECK(of(ledger).oldest.at(1) == PinLedger::Time{2, 20});
  CHECK(of(ledger).sites.at(1) == std::pair<std::uint64_t, std::uint64_t>{2, 8});
}

TEST_CASE("pins that end on other threads than they were made on even out, while somebody looks") {
  heap::Heap heap({.max_bytes = std::uint64_t{1} << 20U, .block_bytes = std::uint64_t{64} << 10U});
  PinRegistry registry(heap);
  const heap::AddressRange block = heap.range_of(*heap.take_block(heap::block_state::kOld));
  heap.prepare(block);
  std::vector<ObjectRef> objects;
  for (heap::Address a = block.base; a < block.limit; a += 256) {
    a.word() = heap::Header(32, 0).word();
    objects.emplace_back(a);
  }
  constexpr std::size_t kThreads = 4;
  std::vector<std::unique_ptr<PinSet>> sets;
  for (std::size_t i = 0; i < kThreads; ++i) {
    sets.push_back(std::make_unique<PinSet>(registry, Liveness::strong));
  }
  std::atomic<std::size_t> running{kThreads};
  std::vector<std::thread> threads;
  for (std::size_t me = 0; me < kThreads; ++me) {
    threads.emplace_back([&, me] {
      heap::Random random(me);
      for (unsigned step = 0; step < 20000; ++step) {
        PinSet& set = *sets[random.below(kThreads)];
        const ObjectRef object = objects[random.below(objects.size())];
        if (random.below(2) == 0) {
          set.pin(object, static_cast<SiteId>(random.below(3)));
        } else {
          static_cast<void>(set.unpin(object));
        }
        if (step % 64 == 0) {
          registry.set_clock(registry.clock() + 8);
        }
      }
      --running;
    });
  }
  while (running.load() > 0) {
    std::uint64_t pins = 0;
    registry.settled_ledger().for_each_site(
        [&](SiteId, const PinLedger::Totals& totals) { pins += totals.pins; });
    REQUIRE(pins <= kThreads * 20000);
    const std::uint64_t pinned = registry.pinned_objects();  // before what is made meanwhile
    REQUIRE(pinned <= registry.counts().made);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  FirstPins first;
  for (SiteId site = 0; site < 3; ++site) {
    first[{site, 0}] = 0;
  }
  const Seen seen = of(registry.settled_ledger());
  const Seen expected = gone_over(registry, first);
  REQUIRE(seen.sites == expected.sites);
  REQUIRE(seen.ages == expected.ages);
  CHECK(registry.held() == registry.counts().made - registry.counts().ended);
  sets.clear();
  CHECK(of(registry.settled_ledger()) == Seen());
  CHECK(registry.pinned_objects() == 0);
}

}  // namespace
}  // namespace pinlab::pinning::tests
