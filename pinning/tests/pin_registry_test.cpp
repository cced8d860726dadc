#include "pinning/pin_registry.hpp"

#include "heap/support/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <latch>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace pinlab::pinning::tests {
namespace {

using heap::Address;
using heap::Header;
using heap::ObjectRef;

/// Blocks full of the smallest objects, side by side.
class PinField {
 public:
  explicit PinField(std::size_t objects, std::uint8_t owner = heap::block_state::kOld)
      : heap_({.max_bytes = std::uint64_t{4} << 20U, .block_bytes = std::uint64_t{16} << 10U}),
        registry_(heap_) {
    while (objects_.size() < objects) {
      const heap::AddressRange block = heap_.range_of(heap_.take_block(owner).value());
      heap_.prepare(block);
      for (Address a = block.base; a < block.limit; a += heap::kGranuleBytes) {
        a.word() = Header(1, 0).word();
        if (objects_.size() < objects) {
          objects_.emplace_back(a);
        }
      }
    }
  }

  [[nodiscard]] PinRegistry& registry() { return registry_; }
  [[nodiscard]] const std::vector<ObjectRef>& objects() const { return objects_; }

  /// The invariants of the header of one object that has `count` pins.
  void check(ObjectRef object, std::uint64_t count) const {
    REQUIRE(registry_.is_pinned(object) == (count >= 1));
    REQUIRE(object.header().has(Header::kPinned) == (count >= 1));
    REQUIRE(object.header().has(Header::kMultiple) == (count >= 2));
    REQUIRE(registry_.extra_pins(object) == (count >= 2 ? count - 1 : 0));
  }

 private:
  heap::Heap heap_;
  PinRegistry registry_;
  std::vector<ObjectRef> objects_;
};

TEST_CASE("pins are counted: an object is free when the last of its pins ends") {
  PinField field(2);
  PinRegistry& registry = field.registry();
  const ObjectRef object = field.objects()[0];
  CHECK(!registry.unpin(object));
  for (std::uint64_t count = 1; count <= 5; ++count) {
    registry.pin(object);
    field.check(object, count);
  }
  field.check(field.objects()[1], 0);
  CHECK(registry.overflow_records() == 1);
  for (std::uint64_t count = 5; count > 0; --count) {
    CHECK(registry.unpin(object));
    field.check(object, count - 1);
  }
  CHECK(registry.overflow_records() == 0);
  CHECK(!registry.unpin(object));
}

TEST_CASE("counts agree with a map over many objects, pinned and unpinned in any order") {
  PinField field(6000);
  PinRegistry& registry = field.registry();
  std::vector<std::uint64_t> counts(field.objects().size(), 0);
  heap::Random random(1);
  std::size_t multiple = 0;
  // The table of extra pins grows, shrinks to nothing, and grows again.
  for (const std::uint64_t pin_percent : {70U, 30U, 60U, 10U}) {
    for (unsigned step = 0; step < 40000; ++step) {
      const std::size_t i = random.below(counts.size());
      const ObjectRef object = field.objects()[i];
      const std::size_t was_multiple = counts[i] >= 2 ? 1 : 0;
      if (random.below(100) < pin_percent) {
        registry.pin(object);
        ++counts[i];
      } else {
        REQUIRE(registry.unpin(object) == (counts[i] > 0));
        counts[i] -= counts[i] > 0 ? 1U : 0U;
      }
      multiple = multiple + (counts[i] >= 2 ? 1 : 0) - was_multiple;
      field.check(object, counts[i]);
    }
    REQUIRE(registry.overflow_records() == multiple);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      field.check(field.objects()[i], counts[i]);
    }
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    for (; counts[i] > 0; --counts[i]) {
      REQUIRE(registry.unpin(field.objects()[i]));
    }
  }
  CHECK(registry.overflow_records() == 0);
}

TEST_CASE("an object pinned while young is listed once, however often it is pinned") {
  PinField field(3, heap::block_state::kNursery);
  PinRegistry& registry = field.registry();
  const ObjectRef object = field.objects()[1];
  for (unsigned round = 0; round < 3; ++round) {
    registry.pin(object);
    registry.pin(object);
    CHECK(registry.unpin(object));
    CHECK(registry.unpin(object));
  }
  CHECK(registry.young_pins() == std::vector<ObjectRef>{object});
  PinField old(1);
  old.registry().pin(old.objects()[0]);
  CHECK(old.registry().young_pins().empty());
  CHECK(old.registry().unpin(old.objects()[0]));
}

TEST_CASE("sets that hold the same objects end in any order, and the sums balance") {
  PinField field(50);
  PinRegistry& registry = field.registry();
  std::vector<std::unique_ptr<PinSet>> sets;
  std::map<const PinSet*, std::vector<std::size_t>> held;
  std::vector<std::uint64_t> counts(field.objects().size(), 0);
  heap::Random random(2);
  std::uint64_t made = 0;
  for (unsigned step = 0; step < 5000; ++step) {
    if (sets.empty() || random.below(10) == 0) {
      sets.push_back(std::make_unique<PinSet>(registry, Liveness::strong));
    }
    std::swap(sets[random.below(sets.size())], sets.back());
    PinSet& set = *sets.back();
    std::vector<std::size_t>& mine = held[&set];
    const std::uint64_t dice = random.below(20);
    if (dice < 12) {
      mine.push_back(random.below(counts.size()));
      set.pin(field.objects()[mine.back()], 0);
      ++counts[mine.back()];
      ++made;
    } else if (dice < 18) {
      const std::size_t i = random.below(counts.size());
      const auto newest = std::find(mine.begin(), mine.end(), i);
      REQUIRE(set.unpin(field.objects()[i]) == (newest != mine.end()));
      if (newest != mine.end()) {
        mine.erase(newest);
        --counts[i];
      }
    } else {
      for (const std::size_t i : mine) {
        --counts[i];
      }
      held.erase(&set);
      sets.pop_back();
    }
    std::uint64_t sum = 0;
    std::uint64_t objects = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      field.check(field.objects()[i], counts[i]);
      sum += counts[i];
      objects += counts[i] > 0 ? 1U : 0U;
    }
    REQUIRE(registry.held() == sum);
    REQUIRE(registry.pinned_objects() == objects);
    if (random.below(10) == 0) {
      static_cast<void>(registry.settled_ledger());
      REQUIRE(registry.pinned_objects() == objects);
    }
    REQUIRE(registry.counts().made == made);
  }
  sets.clear();
  CHECK(registry.held() == 0);
  CHECK(registry.counts().made == registry.counts().ended);
  CHECK(registry.overflow_records() == 0);
  CHECK(registry.pinned_objects() == 0);
}

TEST_CASE("four threads pin and unpin the same neighbours, and every count comes out even") {
  // One pin at a time makes counts go between 0 and 2, where a pin and an unpin can cross.
  for (const auto& row : {std::pair<std::size_t, std::size_t>{1, 1}, {3, 1}, {3, 8}, {400, 8}}) {
    const auto& objects = row.first;
    const auto& most_pins = row.second;
    CAPTURE(objects);
    CAPTURE(most_pins);
    PinField field(objects, heap::block_state::kNursery);
    std::vector<std::uint64_t> failures(4, 0);
    std::vector<std::thread> threads;
    std::latch start(4);
    for (unsigned thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&field, &start, &failed = failures[thread], thread, most = most_pins] {
        heap::Random random(thread);
        start.arrive_and_wait();
        std::vector<ObjectRef> mine;
        for (unsigned step = 0; step < 200000; ++step) {
          if (mine.size() < most && random.below(2) == 0) {
            mine.push_back(field.objects()[random.below(field.objects().size())]);
            field.registry().pin(mine.back());
          } else if (!mine.empty()) {
            std::swap(mine[random.below(mine.size())], mine.back());
            failed += field.registry().is_pinned(mine.back()) ? 0U : 1U;
            failed += field.registry().unpin(mine.back()) ? 0U : 1U;
            mine.pop_back();
          }
        }
        for (const ObjectRef object : mine) {
          failed += field.registry().unpin(object) ? 0U : 1U;
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    CHECK(failures == std::vector<std::uint64_t>(4, 0));
    CHECK(field.registry().overflow_records() == 0);
    for (const ObjectRef object : field.objects()) {
      field.check(object, 0);
      CHECK(!field.registry().unpin(object));
    }
    std::vector<ObjectRef> listed = field.registry().young_pins();
    std::ranges::sort(listed, {}, &ObjectRef::address);
    CHECK(std::ranges::adjacent_find(listed) == listed.end());
  }
}

TEST_CASE("sites have one name each, and an unknown one is unnamed") {
  SiteTable sites;
  const SiteId first = sites.intern("read");
  CHECK(first == sites.intern("read"));
  CHECK(first != sites.intern("write"));
  CHECK(sites.name(first) == "read");
  CHECK(sites.name(0) == "unnamed");
  CHECK(sites.name(99) == "unnamed");
  CHECK(sites.size() == 3);
}

}  // namespace
}  // namespace pinlab::pinning::tests
