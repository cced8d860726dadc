// Roots that outlive a scope: globals, which keep their objects, and weak handles, which only
// observe. Any order of making and ending; the index stays valid until it is ended.
#pragma once

#include "heap/object.hpp"

#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

namespace pinlab::collector {

/// A table of slots that collections visit. From any mutator, while it is not stopped.
class RootTable {
 public:
  [[nodiscard]] std::uint32_t add(heap::ObjectRef object) {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) {
      slots_.push_back({object.address().value(), true});
      return static_cast<std::uint32_t>(slots_.size() - 1);
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    slots_[index] = {object.address().value(), true};
    return index;
  }

  void end(std::uint32_t index) {
    const std::lock_guard lock(mutex_);
    EXPECTS(index < slots_.size() && slots_[index].used);
    slots_[index] = {0, false};
    free_.push_back(index);
  }

  /// Null where a weak handle's object died.
  [[nodiscard]] heap::ObjectRef get(std::uint32_t index) const {
    const std::lock_guard lock(mutex_);
    EXPECTS(index < slots_.size() && slots_[index].used);
    return heap::ObjectRef(heap::Address(slots_[index].value));
  }

  void set(std::uint32_t index, heap::ObjectRef object) {
    const std::lock_guard lock(mutex_);
    EXPECTS(index < slots_.size() && slots_[index].used);
    slots_[index].value = object.address().value();
  }

  /// For collections: visit(Address of a slot) for each slot that is not null, in order of index.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (Entry& entry : slots_) {
      if (entry.value != 0) {
        visit(heap::Address::of(&entry.value));
      }
    }
  }

 private:
  struct Entry {
    std::uintptr_t value;
    bool used;
  };
  mutable std::mutex mutex_;
  std::deque<Entry> slots_;
  std::vector<std::uint32_t> free_;
};

class GlobalRoots : public RootTable {};
class WeakRoots : public RootTable {};

}  // namespace pinlab::collector
