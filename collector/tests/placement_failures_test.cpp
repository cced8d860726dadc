// Failures that come from where pinned objects lie, by their numbers in the field's list: under the
// placement or route that has the fault the figures show it, under the others they do not.
#include "collector/nursery_route.hpp"
#include "collector/runtime.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace pinlab::collector::tests {
namespace {

using heap::ObjectRef;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kBlock = 16 * kKiB;

Options small_heap(PinPlacement placement) {
  Options options;
  options.heap_max = 256 * kBlock;
  options.heap_block = kBlock;
  options.nursery_size = 16 * kBlock;
  options.pin_placement = placement;
  options.verify = VerifyLevel::full;
  return options;
}

struct Reports final : PauseObserver {
  std::vector<PauseReport> all;

  void paused(const PauseReport& report) override { all.push_back(report); }
  [[nodiscard]] std::uint64_t count(PauseKind kind) const {
    return static_cast<std::uint64_t>(std::ranges::count(all, kind, &PauseReport::kind));
  }
  [[nodiscard]] std::uint64_t sum(std::uint64_t PauseReport::*figure) const {
    std::uint64_t sum = 0;
    for (const PauseReport& report : all) {
      sum += report.*figure;
    }
    return sum;
  }
};

/// A table of byte buffers, each of which may be pinned. Buffers go apart where there is a pinned
/// space.
struct Buffers {
  explicit Buffers(const Options& options, std::uint32_t slots = 1)
      : runtime(options), mutator(runtime.attach()), table(*mutator) {
    runtime.add_observer(reports);
    table.set(mutator->allocate({.references = slots}));
  }

  [[nodiscard]] ObjectRef make(std::uint64_t bytes) {
    const heap::Shape shape{.references = 0, .bytes = bytes};
    const bool apart = runtime.options().pin_placement == PinPlacement::pinned_space;
    return apart ? mutator->allocate_apart(shape) : mutator->allocate(shape);
  }
  ObjectRef put(std::uint32_t slot, std::uint64_t bytes) {
    const ObjectRef made = make(bytes);
    mutator->store(table, slot, made);
    return made;
  }
  void drop(std::uint32_t slot) const { mutator->store(table, slot, ObjectRef()); }
  void garbage(std::uint64_t bytes) const {
    for (std::uint64_t made = 0; made < bytes; made += 128) {
      static_cast<void>(mutator->allocate({.references = 0, .bytes = 120}));
    }
  }

  Runtime runtime;
  Reports reports;
  std::unique_ptr<Mutator> mutator;
  Root table;
};

TEST_CASE("F8: buffers of short calls in a pinned space cost full collections that need not be") {
  const auto fulls = [](PinPlacement placement) {
    Buffers buffers(small_heap(placement));
    for (unsigned call = 0; call < 40'000; ++call) {
      pinning::PinSet pin(buffers.runtime.pins(), pinning::Liveness::strong);
      pin.pin(buffers.make(504), 0);
    }
    return buffers.reports.count(PauseKind::full);
  };
  CHECK(fulls(PinPlacement::anywhere) == 0);
  // 20 MB through a heap of 4.
  CHECK(fulls(PinPlacement::pinned_space) >= 4);
}

TEST_CASE("F8: what lies in a pinned space and is not pinned cuts the heap to pieces") {
  const auto largest_run = [](PinPlacement placement) {
    constexpr std::uint32_t kSlots = 4000;
    Buffers buffers(small_heap(placement), kSlots);
    for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
      buffers.put(slot, 504);
    }
    for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
      if (slot % 64 != 0) {
        buffers.drop(slot);
      }
    }
    buffers.mutator->collect_full(CompactEffort::exhaustive);
    return buffers.reports.all.back().after.largest_free_run;
  };
  const std::uint64_t heap = 256 * kBlock;
  CHECK(largest_run(PinPlacement::anywhere) > 9 * heap / 10);
  CHECK(largest_run(PinPlacement::pinned_space) < 6 * heap / 10);
}

TEST_CASE("F10: a block that only a pin keeps is known until its pin ends, whenever that is") {
  for (const PinPlacement placement :
       {PinPlacement::anywhere, PinPlacement::pinned_space, PinPlacement::migrate}) {
    for (const auto& route : nursery_routes()) {
      if (route.name == "lock") {
        continue;
      }
      for (unsigned last = 0; last <= 4; ++last) {
        CAPTURE(static_cast<int>(placement));
        CAPTURE(route.name);
        CAPTURE(last);
        Options options = small_heap(placement);
        options.nursery_route = route.name;
        options.verify_when = VerifyWhen::before_after;
        const bool retains = route.name == "promote_block";
        if (retains) {
          options.nursery_variants.retain = 1'000'000'000;
          options.nursery_variants.give_up = 3;
        }
        Buffers buffers(options);
        pinning::PinSet pins(buffers.runtime.pins(), pinning::Liveness::strong);
        const ObjectRef pinned = buffers.make(96);  // nothing in the heap refers to it
        pinned.slot(0).word() = 42;
        pins.pin(pinned, 0);
        for (unsigned young = 0; young < last; ++young) {
          buffers.garbage(2 * kBlock);
          buffers.mutator->collect_young();
          REQUIRE(pinned.slot(0).word() == 42);
        }
        pins.unpin_all();  // before, at or after the block is given up
        buffers.garbage(2 * kBlock);
        buffers.mutator->collect_young();
        buffers.mutator->collect_full(CompactEffort::exhaustive);
        buffers.mutator->collect_full(CompactEffort::exhaustive);
        CHECK(buffers.runtime.heap().used_blocks() == 1);  // the table's
        // The window in which a pin may be dropped is there under the route that tries again.
        const bool in_nursery = placement != PinPlacement::pinned_space;
        CHECK((buffers.reports.sum(&PauseReport::retained_blocks) > 0) ==
              (retains && in_nursery && last > 0));
        CHECK((buffers.reports.sum(&PauseReport::given_up_blocks) > 0) ==
              ((retains && in_nursery && last >= 4) ||
               (route.name == "quarantine_promote" && in_nursery && last >= 2)));
      }
    }
  }
}

TEST_CASE("F14: where blocks of a pinned space live as long as one object, small ones hold them") {
  const auto blocks_after = [](const char* reuse, bool& exhausted) {
    Options options = small_heap(PinPlacement::pinned_space);
    options.gap_reuse = reuse;
    constexpr std::uint32_t kWaves = 300;
    constexpr std::uint64_t kInBlock = kBlock / 64;
    Buffers buffers(options, kWaves);
    pinning::PinSet pins(buffers.runtime.pins(), pinning::Liveness::strong);
    try {
      for (std::uint32_t wave = 0; wave < kWaves; ++wave) {
        pins.pin(buffers.put(wave, 56), 0);
        for (std::uint64_t i = 1; i < kInBlock; ++i) {
          static_cast<void>(buffers.make(56));
        }
      }
    } catch (const HeapExhausted&) {
      exhausted = true;
    }
    buffers.mutator->collect_full();
    return buffers.reports.all.back();
  };
  bool exhausted = false;
  const PauseReport closed = blocks_after("none", exhausted);
  CHECK(exhausted);  // 64 bytes in each block, and nothing fits any more
  CHECK(closed.pinned_space_live * 200 < closed.pinned_blocks * kBlock);
  exhausted = false;
  const PauseReport reused = blocks_after("first_fit", exhausted);
  CHECK_FALSE(exhausted);
  CHECK(reused.pinned_space_live == 300 * 64);
}

TEST_CASE("F15: pins among the nursery's own objects shred it; a space of their own leaves it whole") {
  struct Outcome {
    std::uint64_t fulls;
    std::uint64_t islands;
    std::uint64_t quarantined;
  };
  const auto run = [](PinPlacement placement) {
    Options options = small_heap(placement);
    options.nursery_route = "fragments";
    options.nursery_survivals = 7;
    options.nursery_tenuring = Tenuring::fixed;
    Buffers buffers(options);
    // One small buffer in 1.5 KiB, pinned for 192 KiB: gaps that are too short to be used.
    std::deque<std::unique_ptr<pinning::PinSet>> pins;
    for (unsigned i = 0; i < 4000; ++i) {
      auto& pin = pins.emplace_back(std::make_unique<pinning::PinSet>(
          buffers.runtime.pins(), pinning::Liveness::strong));
      pin->pin(buffers.make(24), 0);
      buffers.garbage(1536);
      if (pins.size() > 128) {
        pins.pop_front();
      }
    }
    return Outcome{buffers.reports.count(PauseKind::full),
                   buffers.reports.sum(&PauseReport::islands),
                   buffers.reports.sum(&PauseReport::quarantined_bytes)};
  };
  const Outcome among = run(PinPlacement::anywhere);
  const Outcome apart = run(PinPlacement::pinned_space);
  CHECK(apart.islands == 0);
  CHECK(apart.quarantined == 0);
  CHECK(among.islands > 1000);
  CHECK(among.quarantined > 1000 * kKiB);
  // Only full collections, which age the islands out, give it back.
  CHECK(apart.fulls == 0);
  CHECK(among.fulls >= 5);
}

TEST_CASE("F16: the main pinner is found by the profile of sites, and by nothing else") {
  struct Seen {
    std::int64_t hostage = 0;
    std::uint64_t pins = 0;
    std::vector<SiteHostage> sites;
  };
  // One pins a buffer in each block, the other all in one.
  const auto run = [](const char* scattered, const char* packed, bool profile) {
    Options options = small_heap(PinPlacement::anywhere);
    options.measure_pins = profile ? 1 : 0;
    constexpr std::uint32_t kSlots = 4096;
    Buffers buffers(options, kSlots);
    pinning::SiteTable& sites = buffers.runtime.pins().sites();
    static_cast<void>(sites.intern("program"));
    static_cast<void>(sites.intern("runtime"));
    pinning::PinSet pins(buffers.runtime.pins(), pinning::Liveness::strong);
    for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
      buffers.put(slot, 504);
    }
    buffers.mutator->collect_full();
    for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
      const ObjectRef object = buffers.table.get().load(slot);
      if (slot % 64 == 63) {
        pins.pin(object, sites.intern(scattered));
      } else if (slot < 32) {
        pins.pin(object, sites.intern(packed));
      } else {
        buffers.drop(slot);
      }
    }
    buffers.mutator->collect_full(CompactEffort::exhaustive);
    const PauseReport& report = buffers.reports.all.back();
    return Seen{report.hostage, report.pins, report.sites};
  };
  const Seen blind = run("runtime", "program", false);
  const Seen other = run("program", "runtime", false);
  CHECK(blind.hostage > 0);
  CHECK(blind.hostage == other.hostage);  // nobody can say who it is
  CHECK(blind.pins == other.pins);
  CHECK(blind.sites.empty());

  const Seen seen = run("runtime", "program", true);
  REQUIRE(seen.sites.size() == 2);
  for (const SiteHostage& site : seen.sites) {
    REQUIRE(site.hostage);
    if (site.site == 2) {
      CHECK(*site.hostage > 9 * seen.hostage / 10);
    } else {
      CHECK(*site.hostage < seen.hostage / 10);
    }
  }
}

}  // namespace
}  // namespace pinlab::collector::tests
