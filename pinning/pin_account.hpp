// What one thread has pinned and unpinned. The ledger of all threads is settled from their
// accounts, so that a pin meets no lock and no shared cache line for it, and a census costs as much
// as there are sites and collections between which pins came or went, not as many as these are.
//
// Only its thread adds; whoever settles reads, from any other. Invariants: (1) cells come and go
// under the lock, and by their thread alone; (2) made() is never behind what is pinned, ended()
// never ahead of what is unpinned.
#pragma once

#include "pinning/pin_ledger.hpp"
#include "pinning/pin_site.hpp"
#include "pinning/spin_lock.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pinlab::pinning {

/// Aligned, so that no two threads share a cache line.
class alignas(64) PinAccount {
 public:
  /// A pin of an object of so many granules comes, made by a site at a time; and pins go, of so
  /// many granules together. REQUIRES times that ascend where pins come.
  void come(SiteId site, PinLedger::Time time, std::uint64_t granules) {
    Cell& cell = cell_of(site, time);
    add(cell.pins, 1);
    add(cell.granules, granules);
  }
  void go(SiteId site, PinLedger::Time time, std::uint64_t pins, std::uint64_t granules) {
    Cell& cell = cell_of(site, time);
    add(cell.pins, 0 - pins);
    add(cell.granules, 0 - granules);
  }
  /// Whether the pin that comes now is one of every `every`-th; 0: none is.
  [[nodiscard]] bool samples(std::uint64_t every) {
    if (every <= 1) {
      return every == 1;
    }
    if (skip_ > 0) {
      --skip_;
      return false;
    }
    skip_ = every - 1;
    return true;
  }

  /// Before an object is pinned.
  void count_made() { add(made_, 1); }
  /// After pins have ended.
  void count_ended(std::uint64_t pins) { add(ended_, pins); }
  void count_zero_size() { add(zero_size_, 1); }
  void count_large() { add(large_, 1); }
  [[nodiscard]] std::uint64_t made() const { return made_.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t ended() const { return ended_.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t zero_size() const {
    return zero_size_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t large() const { return large_.load(std::memory_order_relaxed); }

  /// Enters in the ledger what changed since the last time. From any thread.
  void settle(PinLedger& ledger);

 private:
  using Counter = std::atomic<std::uint64_t>;
  /// Sums of what came less what went; they wrap around, as a pin may end on another thread.
  struct Cell {
    PinLedger::Time time;
    SiteId site = 0;
    bool used = false;
    Counter pins = 0;
    Counter granules = 0;
    std::uint64_t settled_pins = 0;  ///< as the ledger has it
    std::uint64_t settled_granules = 0;

    [[nodiscard]] bool is_settled() const {
      return pins.load(std::memory_order_relaxed) == settled_pins &&
             granules.load(std::memory_order_relaxed) == settled_granules;
    }
  };
  using Cells = std::vector<Cell>;

  /// Its thread is the only one that writes, so that no read-modify-write is needed.
  static void add(Counter& counter, std::uint64_t more) {
    counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_release);
  }
  /// Pins come many at a time.
  [[nodiscard]] Cell& cell_of(SiteId site, PinLedger::Time time) {
    if (last_ == nullptr || last_->site != site || last_->time.collections != time.collections) {
      last_ = &find(site, time);
    }
    return *last_;
  }
  [[nodiscard]] Cell& find(SiteId site, PinLedger::Time time);
  [[nodiscard]] static Cell& place_in(Cells& cells, SiteId site, std::uint32_t collections);
  void make_room();

  Counter made_ = 0;
  Counter ended_ = 0;
  Counter zero_size_ = 0;
  Counter large_ = 0;
  std::uint64_t skip_ = 0;
  Cell* last_ = nullptr;
  SpinLock lock_;
  Cells cells_;  ///< open addressing, a power of two
  std::size_t used_ = 0;
  std::uint32_t latest_ = 0;  ///< collections before the latest pin
};

/// The account that a thread used last. A registry's number is its own for ever, as its address is
/// not.
struct LastAccount {
  std::uint64_t registry = 0;
  PinAccount* account = nullptr;
};

}  // namespace pinlab::pinning
