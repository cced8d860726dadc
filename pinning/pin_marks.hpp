// Marked objects: marks that follow their objects and keep none alive. For those through which pins
// flow, and for those whose references cannot be updated.
//
// Invariant: an object that was marked is marked until it dies, wherever it is by then. Any thread,
// but for collections, which stop those that may allocate.
#pragma once

#include "heap/object.hpp"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <unordered_set>
#include <vector>

namespace pinlab::pinning {

class PinMarks {
 public:
  /// Once and for all, as a finalizer is set. False where the object had its mark.
  bool mark(heap::ObjectRef object) {
    const std::lock_guard lock(mutex_);
    refresh();
    const bool is_new = index_.insert(object.address().value()).second;
    if (is_new) {
      slots_.push_back(object.address().value());
    }
    return is_new;
  }
  [[nodiscard]] bool is_marked(heap::ObjectRef object) {
    const std::lock_guard lock(mutex_);
    refresh();
    return index_.contains(object.address().value());
  }

  /// Whether no object was ever marked, or all that were are dead.
  [[nodiscard]] bool empty() {
    const std::lock_guard lock(mutex_);
    return std::ranges::all_of(slots_, [](std::uintptr_t slot) { return slot == 0; });
  }

  /// For collections: visit(Address of a slot) for each mark, in the order of marking. The slot is
  /// updated where the object moves, and null where it dies.
  template <class Visit>
  void for_each(Visit&& visit) {
    const std::lock_guard lock(mutex_);
    for (std::uintptr_t& slot : slots_) {
      if (slot != 0) {
        stale_ = true;
        visit(heap::Address::of(&slot));
      }
    }
  }

 private:
  /// Addresses are looked up again only after a collection looked at them.
  void refresh() {
    if (stale_) {
      stale_ = false;
      std::erase(slots_, 0U);
      index_.clear();
      index_.insert(slots_.begin(), slots_.end());
    }
  }

  std::mutex mutex_;
  std::vector<std::uintptr_t> slots_;
  std::unordered_set<std::uintptr_t> index_;
  bool stale_ = false;
};

}  // namespace pinlab::pinning
