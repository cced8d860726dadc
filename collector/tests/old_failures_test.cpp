// Failures that users of collectors met, by their numbers in the field's list: under the policy
// that has the fault the figures show it, under the others they do not. What hung or crashed there
// ends here.
#include "collector/tests/pinned_table.hpp"

#include <doctest/doctest.h>

#include <string>

namespace pinlab::collector::tests {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kBlock = 16 * kKiB;
constexpr std::uint64_t kCell = 512;
constexpr std::size_t kCells = kBlock / kCell;  ///< objects in a block

Options under(std::string_view route, std::string_view reuse, std::uint64_t blocks) {
  Options options = born_old(blocks * kBlock, kBlock);
  options.compact_effort = CompactEffort::adaptive;
  options.old_route = route;
  options.gap_reuse = reuse;
  return options;
}

void make_cell(PinnedTable& table, std::size_t row) {
  table.make(row, {0, kCell - 8});
}

/// One object in each cell of `blocks` blocks; row = cell.
void fill_cells(PinnedTable& table, std::size_t blocks) {
  for (std::size_t row = 0; row < blocks * kCells; ++row) {
    make_cell(table, row);
  }
}

/// Of each block only the pinned object in its last cell is left.
void leave_last_cells(PinnedTable& table, std::size_t blocks) {
  for (std::size_t row = 0; row < blocks * kCells; ++row) {
    if (row % kCells == kCells - 1) {
      table.pin(row);
    } else {
      table.drop(row);
    }
  }
}

/// How many more objects fit while every block keeps one pinned object in its last cell.
std::size_t room_beside_pins(const Options& options) {
  constexpr std::size_t kBlocks = 16;
  PinnedTable table(options, 2 * kBlocks * kCells, 1);
  fill_cells(table, kBlocks);
  leave_last_cells(table, kBlocks);
  table.collect();
  std::size_t made = 0;
  try {
    for (std::size_t row = kBlocks * kCells; row < table.rows(); ++row, ++made) {
      make_cell(table, row);
    }
  } catch (const HeapExhausted&) {
  }
  return made;
}

TEST_CASE("F2, F14, F20: one small object keeps each block; whose gaps are reused runs on") {
  for (const auto& reuse : heap::gap_reuses()) {
    for (const char* route : {"slide_around", "sweep"}) {
      CAPTURE(reuse.name);
      CAPTURE(route);
      const std::size_t room = room_beside_pins(under(route, reuse.name, 16));
      if (reuse.name == "none") {
        CHECK(room == 0);  // 3 % of the heap is in use, and nothing fits
      } else {
        CHECK(room == 16 * (kCells - 1));
      }
    }
  }
}

TEST_CASE("F14: a route that closes blocks with pins runs out of memory beside free gaps") {
  Options options = under("skip_block", "first_fit", 16);
  CHECK(room_beside_pins(options) == 16 * (kCells - 1));
  options.old_variants.skipped_gaps = Offer::none;
  CHECK(room_beside_pins(options) == 0);
  CHECK(room_beside_pins(under("segregated", "first_fit", 16)) == 0);
  CHECK(room_beside_pins(under("pin_aware", "first_fit", 16)) == 16 * (kCells - 1));
}

/// 750 KiB of objects of up to 500 bytes, of which `pin_permille` are pinned and stay, and 60 % of
/// the others die.
void scatter(PinnedTable& table, unsigned pin_permille) {
  for (std::size_t row = 0; row < 3000; ++row) {
    table.make(row, {0, table.random().below(500)});
    if (table.random().below(1000) < pin_permille) {
      table.pin(row);
    }
  }
  for (std::size_t row = 0; row < 3000; ++row) {
    if (!table.is_pinned(row) && table.random().below(10) < 6) {
      table.drop(row);
    }
  }
}

std::uint64_t used_after(const Options& options, unsigned pin_permille) {
  PinnedTable table(options, 3000, 4);
  scatter(table, pin_permille);
  return table.collect().after.used;
}

TEST_CASE("F6: the larger the unit that a pin keeps, the larger the heap, with pins alone") {
  const auto in_regions = [](Options options, unsigned pins) {
    options.heap_block = 8 * kBlock;
    return used_after(options, pins);
  };
  const Options by_block = under("skip_block", "first_fit", 128);
  CHECK(in_regions(by_block, 3) > 3 * used_after(by_block, 3) / 2);
  CHECK(in_regions(by_block, 0) <= used_after(by_block, 0) + 8 * kBlock);
}

/// Bytes of new objects that find room after the collection.
std::uint64_t room_after(const Options& options) {
  PinnedTable table(options, 12000, 4);
  scatter(table, 50);
  table.collect();
  std::uint64_t bytes = 0;
  try {
    for (std::size_t row = 3000; row < table.rows(); ++row) {
      table.make(row, {0, table.random().below(500)});
      bytes += table.object(row).bytes();
    }
  } catch (const HeapExhausted&) {
  }
  return bytes;
}

TEST_CASE(
    "F17: a moving collector that leaves pinned blocks alone is less dense than one at rest") {
  const std::uint64_t at_rest = room_after(under("sweep", "first_fit", 48));
  Options leaves_alone = under("skip_block", "first_fit", 48);
  leaves_alone.old_variants.skipped_gaps = Offer::none;
  CHECK(room_after(leaves_alone) < at_rest / 4);
  for (const char* route : {"slide_around", "pin_aware"}) {
    CAPTURE(route);
    CHECK(room_after(under(route, "first_fit", 48)) >= at_rest);
  }
}

/// Blocks 0 to 15: eight objects at the base, the last of them pinned; 16 to 31: twelve, none
/// pinned.
PauseReport move_in_vain(std::string_view route) {
  Options options = under(route, "first_fit", 64);
  options.old_variants.budget = 28 * kKiB;
  PinnedTable table(options, 32 * kCells, 1);
  fill_cells(table, 32);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::size_t block = row / kCells;
    const std::size_t keep = block < 16 ? 8 : 12;
    if (row % kCells >= keep) {
      table.drop(row);
    } else if (block < 16 && row % kCells == 7) {
      table.pin(row);
    }
  }
  return table.collect(CompactEffort::adaptive);
}

TEST_CASE("F13: a compaction that chooses blind to pins moves objects and frees no block") {
  const PauseReport blind = move_in_vain("evacuate_around");
  CHECK(blind.moved_bytes > 20 * kKiB);
  CHECK(blind.after.blocks_used >= 32);
  for (const char* route : {"fill_most_pinned", "pin_aware"}) {
    CAPTURE(route);
    const PauseReport seeing = move_in_vain(route);
    CHECK(seeing.moved_bytes <= 28 * kKiB);
    CHECK(seeing.after.blocks_used <= 28);
  }
  const PauseReport vetoed = move_in_vain("late_veto");
  CHECK(vetoed.moved_bytes == 0);
  CHECK(vetoed.vetoed_bytes > 20 * kKiB);
}

TEST_CASE("F11: what lies where a pinned object died may move") {
  for (const auto& route : old_routes()) {
    CAPTURE(route.name);
    PinnedTable table(under(route.name, "first_fit", 16), 4 * kCells, 1);
    fill_cells(table, 2);
    table.pin(kCells);  // the first of the second block
    table.drop(kCells);
    table.collect(CompactEffort::adaptive);
    for (std::size_t row = 0; row + 1 < kCells; ++row) {
      table.drop(row);
    }
    make_cell(table, kCells);
    const PauseReport& report = table.collect();
    CHECK(report.islands == 0);
    CHECK((report.moved_bytes > 0 || route.name != "slide_around"));
  }
}

TEST_CASE("misfits burn gaps under first_fit_burn, and under buckets they do not") {
  std::uint64_t burned[2] = {0, 0};
  unsigned which = 0;
  for (const char* reuse : {"first_fit_burn", "buckets"}) {
    PinnedTable table(under("sweep", reuse, 64), 64 * kCells, 2);
    fill_cells(table, 24);
    for (std::size_t row = 0; row < 24 * kCells; ++row) {
      if (row % 2 == 0) {
        table.drop(row);
      }
    }
    table.collect();
    // One object in eight is larger than any gap; there are free blocks for these.
    for (std::size_t row = 24 * kCells; row < 36 * kCells; ++row) {
      table.make(row, {0, row % 8 == 0 ? 2 * kCell : kCell - 8});
    }
    const PauseReport& report = table.collect();
    burned[which++] = report.gap_use.burned;
    CHECK(report.gap_use.requests[9] > 0);
    CHECK(report.gap_use.requests[10] > 0);
  }
  CHECK(burned[0] > 50 * kKiB);
  CHECK(burned[1] == 0);
}

}  // namespace
}  // namespace pinlab::collector::tests
