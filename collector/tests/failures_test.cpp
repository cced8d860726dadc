// More of the failures that users of collectors met (old_failures_test.cpp has those that old routes
// decide): the fault shows in the figures under the policy or the program that has it, and not
// under the others. failures.md says for each number where its test is.
#include "collector/nursery_route.hpp"
#include "collector/tests/pinned_table.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>

namespace pinlab::collector::tests {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kBlock = 16 * kKiB;
constexpr std::uint64_t kCell = 512;
constexpr std::size_t kCells = kBlock / kCell;

Options born_old_under(std::string_view route, std::string_view reuse, std::uint64_t blocks) {
  Options options = born_old(blocks * kBlock, kBlock);
  options.compact_effort = CompactEffort::adaptive;
  options.old_route = route;
  options.gap_reuse = reuse;
  return options;
}

void make_cell(PinnedTable& table, std::size_t row) {
  table.make(row, {0, kCell - 8});
}

struct LastPause final : PauseObserver {
  PauseReport report;
  void paused(const PauseReport& paused) override { report = paused; }
};

/// Bytes of young blocks that nobody may allocate in, the garbage that stays in them included, for
/// each byte that is pinned, after a young collection of 64 blocks with one object of 24 bytes pinned
/// in each.
std::uint64_t closed_for_each_pinned_byte(std::string_view route) {
  constexpr std::size_t kBlocks = 64;
  Options options;
  options.heap_max = 4 * kBlocks * kBlock;
  options.heap_block = kBlock;
  options.nursery_size = kBlocks * kBlock;
  options.nursery_survivals = 7;
  options.nursery_tenuring = Tenuring::fixed;
  options.nursery_route = route;
  options.gap_min = 256;
  options.verify = VerifyLevel::full;
  Runtime runtime(options);
  LastPause last;
  runtime.add_observer(last);
  const auto mutator = runtime.attach();
  pinning::PinSet pins(runtime.pins(), pinning::Liveness::strong);
  for (std::size_t i = 0; i < kBlocks * kCells; ++i) {
    const bool pinned = i % kCells == kCells / 2;
    const heap::ObjectRef object =
        mutator->allocate({.references = 0, .bytes = pinned ? 16 : kCell - 8});
    if (pinned) {
      pins.pin(object, 0);
    }
  }
  mutator->collect_young();
  REQUIRE(last.report.pins + 2 >= kBlocks);
  pins.unpin_all();
  const PauseReport& report = last.report;
  const std::uint64_t garbage = report.in_place_bytes - report.pinned_bytes;
  return (report.quarantined_bytes + report.closed_bytes + garbage) / report.pinned_bytes;
}

TEST_CASE("F1: tiny long-lived pins close a young space, unless its gaps are open") {
  const std::set<std::string_view> closing = {"quarantine", "quarantine_promote", "page_promote",
                                              "wipe", "nailboard"};
  for (const auto& route : nursery_routes()) {
    if (route.name == "lock") {
      continue;  // collects nothing beside a pin: F9
    }
    CAPTURE(route.name);
    const std::uint64_t closed = closed_for_each_pinned_byte(route.name);
    CHECK((closed > 300) == closing.contains(route.name));
    CHECK((closed < 10) != closing.contains(route.name));
  }
}

/// Whether a large object of a quarter of the heap finds room while 32 pinned cells are all that
/// lives, one in every block, but for two that are free, or all together.
bool large_object_fits(std::string_view route, bool scattered) {
  constexpr std::size_t kBlocks = 32;
  PinnedTable table(born_old_under(route, "first_fit", kBlocks + 2), kBlocks * kCells + 1, 1);
  for (std::size_t row = 0; row < kBlocks * kCells; ++row) {
    make_cell(table, row);
    if (scattered ? row % kCells == 7 : row < kBlocks) {
      table.pin(row);
    }
  }
  for (std::size_t row = 0; row < kBlocks * kCells; ++row) {
    if (!table.is_pinned(row)) {
      table.drop(row);
    }
  }
  try {
    table.make(kBlocks * kCells, {0, kBlocks * kBlock / 4});
    return true;
  } catch (const HeapExhausted&) {
    const PauseReport& report = table.collect();
    CHECK(report.after.free * 10 > report.after.used * 9);  // nearly all of it was free
    return false;
  }
}

TEST_CASE("F3: memory is out for large objects in an empty heap of scattered pins, not of a batch") {
  for (const auto& route : old_routes()) {
    CAPTURE(route.name);
    CHECK_FALSE(large_object_fits(route.name, true));
    CHECK(large_object_fits(route.name, false));
  }
}

/// Collections while 16 blocks of garbage are made, when the last object of every block but two is
/// pinned.
std::uint64_t collections_for_garbage(const Options& options) {
  PinnedTable table(options, 17 * kCells, 1);
  for (std::size_t row = 0; row < 15 * kCells; ++row) {
    make_cell(table, row);
    if (row % kCells == kCells - 1) {
      table.pin(row);
    }
  }
  for (std::size_t row = 0; row < 15 * kCells; ++row) {
    if (!table.is_pinned(row)) {
      table.drop(row);
    }
  }
  table.collect();
  const std::uint64_t before = table.runtime().collections();
  for (unsigned i = 0; i < 16 * kCells; ++i) {
    make_cell(table, 16 * kCells);
  }
  return table.runtime().collections() - before;
}

TEST_CASE("F4: who allocates behind the last pin only collects again and again for nothing") {
  for (const auto& route : old_routes()) {
    if (route.name == "segregated") {
      continue;  // blocks with pins are closed to others whatever is reused: F14
    }
    CAPTURE(route.name);
    CHECK(collections_for_garbage(born_old_under(route.name, "none", 17)) >= 7);
    for (const auto& reuse : heap::gap_reuses()) {
      CAPTURE(reuse.name);
      if (reuse.name != "none") {
        CHECK(collections_for_garbage(born_old_under(route.name, reuse.name, 17)) <= 3);
      }
    }
  }
}

/// Bytes in use when 32 events are under way, each with a buffer that is pinned until its end:
/// its own one, among what the event allocates beside, or one of a pool that was made at the start.
std::uint64_t used_by_events(std::string_view route, bool pooled) {
  constexpr std::size_t kEvents = 32;
  PinnedTable table(born_old_under(route, "first_fit", 64), kEvents + kCells, 1);
  for (std::size_t event = 0; event < kEvents; ++event) {
    if (pooled) {
      make_cell(table, event);
      table.pin(event);
    }
  }
  for (unsigned round = 0; round < 4; ++round) {
    for (std::size_t event = 0; event < kEvents; ++event) {
      if (!pooled) {
        make_cell(table, event);  // ends the pin of the event before
        table.pin(event);
      }
      for (std::size_t i = 0; i < kCells; ++i) {
        make_cell(table, kEvents + i);
      }
    }
  }
  return table.collect(CompactEffort::adaptive).after.used;
}

TEST_CASE("F5: a library that pins a buffer for each event holds the heap, one with a pool does not") {
  for (const auto& route : old_routes()) {
    CAPTURE(route.name);
    const std::uint64_t each = used_by_events(route.name, false);
    const std::uint64_t pooled = used_by_events(route.name, true);
    CHECK(each >= 4 * pooled);
    CHECK(pooled <= 4 * kBlock);  // two of live objects
  }
}

TEST_CASE("F12: what a pin does to the life of its object is the program's choice, and shows") {
  for (const pinning::Liveness liveness :
       {pinning::Liveness::strong, pinning::Liveness::weak, pinning::Liveness::crash}) {
    CAPTURE(pinning::kLivenessNames[static_cast<std::size_t>(liveness)]);
    Options options = born_old_under("slide_around", "first_fit", 16);
    options.pin_liveness = liveness;
    Runtime runtime(options);
    LastPause last;
    runtime.add_observer(last);
    std::uint64_t reported = 0;
    runtime.pins().set_collected_handler([&](const pinning::CollectedPin&) { ++reported; });
    const auto mutator = runtime.attach();
    pinning::PinSet io(runtime.pins(), liveness);  // a buffer that only the kernel has
    io.pin(mutator->allocate({.references = 0, .bytes = 504}), 0);
    mutator->collect_full();
    const bool strong = liveness == pinning::Liveness::strong;
    CHECK(last.report.survivor_objects == (strong ? 1U : 0U));
    CHECK(last.report.alive_by_pin_alone == (strong ? 1U : 0U));
    CHECK(runtime.pins().counts().died == (strong ? 0U : 1U));  // no surprise: it is counted,
    CHECK(reported == (liveness == pinning::Liveness::crash ? 1U : 0U));  // and reported
    io.unpin_all();
  }
}

TEST_CASE("F18: pins that a library loses hold memory until a full collection tells who made them") {
  for (const bool loses : {true, false}) {
    CAPTURE(loses);
    Runtime runtime(born_old_under("slide_around", "first_fit", 64));
    LastPause last;
    runtime.add_observer(last);
    std::string told;
    runtime.pins().set_leak_handler(
        [&](const pinning::PinLeak& leak) { told = runtime.pins().sentence_of(leak); });
    const auto mutator = runtime.attach();
    const pinning::SiteId site = runtime.pins().sites().intern("third party code");
    for (unsigned block = 0; block < 16; ++block) {
      auto set = std::make_unique<pinning::PinSet>(runtime.pins(), pinning::Liveness::strong);
      for (std::size_t i = 0; i < kCells; ++i) {
        const heap::ObjectRef object = mutator->allocate({.references = 0, .bytes = kCell - 8});
        if (i == 3) {
          set->pin(object, site);
        }
      }
      if (loses) {
        runtime.pins().lose(std::move(set));
      }
    }
    CHECK(runtime.pins().held() == (loses ? 16U : 0U));
    mutator->collect_full();
    CHECK((told.find("third party code") != std::string::npos) == loses);
    CHECK(runtime.pins().counts().leaked == (loses ? 16U : 0U));
    mutator->collect_full();
    CHECK(last.report.after.used == 0);
  }
}

}  // namespace
}  // namespace pinlab::collector::tests
