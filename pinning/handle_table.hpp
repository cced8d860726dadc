// Numbers that stand for objects: each entry keeps its object alive, lets it move, and follows it.
//
// Invariant: the target of a name that has not ended is the object, wherever it is by then. Any
// thread, but for collections, which stop those that may allocate.
#pragma once

#include "heap/object.hpp"
#include "pinning/generation_table.hpp"
#include "pinning/pin_site.hpp"

#include <cstdint>
#include <mutex>

namespace pinlab::pinning {

/// A place and its generation: never 0, and never again that of another object.
using HandleId = std::uint64_t;

class HandleTable {
 public:
  /// What is known of a handle, and of one that has ended.
  struct Entry {
    std::uintptr_t slot = 0;  ///< a root that collections update; 0 once it has ended
    SiteId site = 0;
    heap::Address last;  ///< where the object was when the handle ended
  };

  [[nodiscard]] HandleId make(heap::ObjectRef object, SiteId site) {
    const std::lock_guard lock(mutex_);
    const HandleId id = entries_.open();
    *entries_.find(id) = {.slot = object.address().value(), .site = site, .last = {}};
    return id;
  }
  /// Null where the handle has ended, or never was.
  [[nodiscard]] heap::ObjectRef target(HandleId id) {
    const std::lock_guard lock(mutex_);
    const Entry* const entry = entries_.find(id);
    return entry == nullptr ? heap::ObjectRef() : heap::ObjectRef(heap::Address(entry->slot));
  }
  /// False, and nothing changed, where the handle has ended, or never was.
  [[nodiscard]] bool end(HandleId id) {
    const std::lock_guard lock(mutex_);
    Entry* const entry = entries_.find(id);
    if (entry == nullptr) {
      return false;
    }
    entry->last = heap::Address(entry->slot);
    entry->slot = 0;
    entries_.close(id);
    return true;
  }
  /// For errors: what was last known of the handle's place.
  [[nodiscard]] Entry last_of(HandleId id) {
    const std::lock_guard lock(mutex_);
    const Entry* const entry = entries_.last_of(id);
    return entry == nullptr ? Entry() : *entry;
  }

  /// For collections: visit(Address of a slot) for each handle, in the order of places.
  template <class Visit>
  void for_each(Visit&& visit) {
    const std::lock_guard lock(mutex_);
    entries_.for_each([&](Entry& entry) { visit(heap::Address::of(&entry.slot)); });
  }

 private:
  std::mutex mutex_;
  GenerationTable<Entry> entries_;
};

}  // namespace pinlab::pinning
