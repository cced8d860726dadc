// Objects that are born and die on the allocation clock: what programs made of lifetimes are.
//
// Invariants: (1) the clock is the bytes of the objects born so far, headers included, and of
// nothing else; (2) an object is held by a slot of a managed table from its birth until the clock
// has reached its death, and is dropped before the next birth; (3) equal births give equal tables
// under every plan.
#pragma once

#include "workloads/workload.hpp"

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

namespace pinlab::workloads {

class Population {
 public:
  /// An object that is never dropped.
  static constexpr std::uint64_t kForever = ~std::uint64_t{0};

  explicit Population(WorkloadContext& context) : context_(context) {}
  Population(const Population&) = delete;
  Population& operator=(const Population&) = delete;

  /// A new object that lives until `lifetime` bytes more were born, or for ever. What is due is
  /// dropped first. Throws HeapExhausted.
  void birth(heap::Shape shape, std::uint64_t lifetime, std::uint32_t site = 0);
  /// The same for what was there before the program began: the clock does not count it.
  void settle(heap::Shape shape, std::uint64_t lifetime, std::uint32_t site = 0);
  /// Drops what is due.
  void bury();

  [[nodiscard]] std::uint64_t clock() const { return clock_; }
  [[nodiscard]] std::uint64_t live_objects() const { return live_objects_; }
  [[nodiscard]] std::uint64_t live_bytes() const { return live_bytes_; }

 private:
  /// Slots of one managed object.
  static constexpr std::uint64_t kChunkSlots = 4096;

  struct Resident {
    PinToken token = 0;
    std::uint64_t bytes = 0;
  };
  struct Death {
    std::uint64_t at;
    std::uint64_t slot;
    friend bool operator>(const Death& a, const Death& b) {
      return a.at != b.at ? a.at > b.at : a.slot > b.slot;
    }
  };

  [[nodiscard]] std::uint64_t take_slot();
  void put(std::uint64_t slot, heap::ObjectRef object) const;

  WorkloadContext& context_;
  std::uint64_t clock_ = 0;
  std::uint64_t live_objects_ = 0;
  std::uint64_t live_bytes_ = 0;
  std::vector<std::uint32_t> chunks_;  ///< globals: the tables stay when the program has ended
  std::vector<Resident> residents_;    ///< by slot
  std::vector<std::uint64_t> free_slots_;
  std::priority_queue<Death, std::vector<Death>, std::greater<>> deaths_;
};

}  // namespace pinlab::workloads
