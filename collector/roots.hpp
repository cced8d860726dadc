// Roots that outlive a scope: globals, which keep their objects, weak handles, which only observe,
// what is on its way to the pinned space, and words of which nobody knows whether they are
// addresses. Any order of making and ending; the index stays valid until it is ended.
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
/// Objects that are to be pinned as soon as they lie in the pinned space, where the next collection
/// moves those that are young, and the next full one the others: who waits for them keeps them.
class Migrants : public RootTable {};

/// Words that may be addresses, as on the stack of a C function: the object that one points into,
/// at its start or inside, stays alive and where it is, since the word cannot be updated. From any
/// mutator, while it is not stopped.
class AmbiguousRoots {
 public:
  [[nodiscard]] std::uint32_t add(std::uintptr_t word) {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) {
      words_.push_back(word);
      return static_cast<std::uint32_t>(words_.size() - 1);
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    words_[index] = word;
    return index;
  }
  void set(std::uint32_t index, std::uintptr_t word) {
    const std::lock_guard lock(mutex_);
    EXPECTS(index < words_.size());
    words_[index] = word;
  }
  void end(std::uint32_t index) {
    set(index, 0);
    const std::lock_guard lock(mutex_);
    free_.push_back(index);
  }

  /// For collections: visit(Address) for each word that is not 0, whatever it is.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const std::uintptr_t word : words_) {
      if (word != 0) {
        visit(heap::Address(word));
      }
    }
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::uintptr_t> words_;
  std::vector<std::uint32_t> free_;
};

}  // namespace pinlab::collector
