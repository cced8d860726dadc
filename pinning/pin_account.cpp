#include "pinning/pin_account.hpp"

#include <algorithm>
#include <bit>
#include <mutex>

namespace pinlab::pinning {

namespace {

constexpr std::size_t kLeastCells = 16;

std::uint64_t mixed(SiteId site, std::uint32_t collections) {
  const std::uint64_t z = ((std::uint64_t{collections} << 32U) ^ site) * 0x9E3779B97F4A7C15U;
  return z ^ (z >> 32U);
}

}  // namespace

PinAccount::Cell& PinAccount::place_in(Cells& cells, SiteId site, std::uint32_t collections) {
  const std::size_t mask = cells.size() - 1;
  std::size_t i = mixed(site, collections) & mask;
  while (cells[i].used && (cells[i].site != site || cells[i].time.collections != collections)) {
    i = (i + 1) & mask;
  }
  return cells[i];
}

PinAccount::Cell& PinAccount::find(SiteId site, PinLedger::Time time) {
  if (!cells_.empty()) {
    Cell& cell = place_in(cells_, site, time.collections);
    if (cell.used) {
      return cell;
    }
  }
  latest_ = std::max(latest_, time.collections);
  const std::lock_guard lock(lock_);
  if (2 * (used_ + 1) > cells_.size()) {
    make_room();
  }
  Cell& cell = place_in(cells_, site, time.collections);
  cell.site = site;
  cell.time = time;
  cell.used = true;
  ++used_;
  return cell;
}

// Cells of which the ledger has everything are dropped, but for those of now: that somebody pinned
// earlier between the same collections is not forgotten.
void PinAccount::make_room() {
  const auto is_kept = [this](const Cell& cell) {
    return cell.used && (!cell.is_settled() || cell.time.collections == latest_);
  };
  const auto kept = static_cast<std::size_t>(std::ranges::count_if(cells_, is_kept));
  Cells cells(std::max(kLeastCells, std::bit_ceil(4 * (kept + 1))));
  for (const Cell& cell : cells_) {
    if (is_kept(cell)) {
      Cell& place = place_in(cells, cell.site, cell.time.collections);
      place.time = cell.time;
      place.site = cell.site;
      place.used = true;
      place.pins.store(cell.pins.load(std::memory_order_relaxed), std::memory_order_relaxed);
      place.granules.store(cell.granules.load(std::memory_order_relaxed),
                           std::memory_order_relaxed);
      place.settled_pins = cell.settled_pins;
      place.settled_granules = cell.settled_granules;
    }
  }
  cells_.swap(cells);
  used_ = kept;
  last_ = nullptr;
}

void PinAccount::settle(PinLedger& ledger) {
  const std::lock_guard lock(lock_);
  for (Cell& cell : cells_) {
    if (!cell.used) {
      continue;
    }
    const std::uint64_t pins = cell.pins.load(std::memory_order_acquire);
    const std::uint64_t granules = cell.granules.load(std::memory_order_acquire);
    if (pins != cell.settled_pins || granules != cell.settled_granules) {
      ledger.enter(cell.site, cell.time, static_cast<std::int64_t>(pins - cell.settled_pins),
                   static_cast<std::int64_t>(granules - cell.settled_granules));
      cell.settled_pins = pins;
      cell.settled_granules = granules;
    }
  }
}

}  // namespace pinlab::pinning
