// Hashing, growth and deletion of the table of pointers.
// Invariant: neighbours in the recorded heap are neighbours here, within a neighbourhood.
#include "workloads/heaptrack/pointer_table.hpp"

#include "heap/support/expects.hpp"

#include <utility>

namespace pinlab::workloads {
namespace {

/// malloc's alignment, as a shift: lower bits say nothing.
constexpr unsigned kGranuleShift = 4;
/// Cells, as a shift: programs free near to where they freed, so that a cache line and a page of
/// the table serve several steps.
constexpr unsigned kNeighbourhoodShift = 8;
/// 2^64 divided by the golden ratio, odd: Fibonacci hashing (Knuth, volume 3, section 6.4).
constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15U;

}  // namespace

std::size_t PointerTable::home(std::uint64_t pointer) const {
  const std::uint64_t granule = pointer >> kGranuleShift;
  const std::uint64_t neighbourhood = (granule >> kNeighbourhoodShift) * kGolden >> 32U;
  return static_cast<std::size_t>((neighbourhood << kNeighbourhoodShift) + granule) &
         (cells_.size() - 1);
}

std::size_t PointerTable::find(std::uint64_t pointer) const {
  std::size_t cell = home(pointer);
  while (cells_[cell].slot != kNone && cells_[cell].pointer != pointer) {
    cell = after(cell);
  }
  return cell;
}

std::uint32_t PointerTable::put(std::uint64_t pointer, std::uint32_t slot) {
  EXPECTS(slot != kNone);
  if ((taken_ + 1) * 2 > cells_.size()) {
    grow();
  }
  Cell& cell = cells_[find(pointer)];
  taken_ += cell.slot == kNone ? 1U : 0U;
  cell.pointer = pointer;
  return std::exchange(cell.slot, slot);
}

std::uint32_t PointerTable::take(std::uint64_t pointer) {
  std::size_t hole = find(pointer);
  const std::uint32_t slot = std::exchange(cells_[hole].slot, kNone);
  if (slot == kNone) {
    return kNone;
  }
  --taken_;
  // Each entry behind the hole moves into it unless its home lies behind the hole too.
  for (std::size_t cell = after(hole); cells_[cell].slot != kNone; cell = after(cell)) {
    const std::size_t mask = cells_.size() - 1;
    const std::size_t from_home = (cell - home(cells_[cell].pointer)) & mask;
    if (from_home >= ((cell - hole) & mask)) {
      cells_[hole] = std::exchange(cells_[cell], Cell{});
      hole = cell;
    }
  }
  return slot;
}

void PointerTable::grow() {
  std::vector<Cell> old(cells_.size() * 2);
  old.swap(cells_);
  for (const Cell& cell : old) {
    if (cell.slot != kNone) {
      cells_[find(cell.pointer)] = cell;
    }
  }
}

}  // namespace pinlab::workloads
