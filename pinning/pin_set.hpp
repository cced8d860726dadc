// A set of pins that end together: the part that all shapes share. Each entry says what is pinned,
// by which site, and since when on the allocation clock.
//
// Invariants: (1) an entry's object does not move while the entry is in the set; (2) the set lives
// outside the managed heap, is attached to one registry for its whole life, and is no copy of
// another.
#pragma once

#include "heap/object.hpp"
#include "pinning/pin_site.hpp"

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <span>

namespace pinlab::pinning {

class PinRegistry;

/// Held for a few instructions: by the owner of a set for one pin, by a collection for one set.
class SpinLock {
 public:
  void lock() {
    while (flag_.test_and_set(std::memory_order_acquire)) {
      while (flag_.test(std::memory_order_relaxed)) {
      }
    }
  }
  void unlock() { flag_.clear(std::memory_order_release); }

 private:
  std::atomic_flag flag_;
};

class PinSet {
 public:
  struct Entry {
    heap::ObjectRef object;
    std::uint64_t since;
    SiteId site;
  };
  /// Go's Pinner keeps five references inline; so do we.
  using Entries = boost::container::small_vector<Entry, 5>;

  /// `owner`: a managed object whose death ends the set (and is a leak if pins are left), or null:
  /// the set is owned by a C++ scope. `keep_alive`: whether a pin is a root.
  PinSet(PinRegistry& registry, bool keep_alive, heap::ObjectRef owner = {});
  PinSet(const PinSet&) = delete;
  PinSet& operator=(const PinSet&) = delete;
  /// Releases what is left without a report; shapes decide what that means before.
  ~PinSet();

  /// REQUIRES an object of the registry's heap.
  void pin(heap::ObjectRef object, SiteId site);
  /// The same for each of them, in one transaction.
  void pin_all(std::span<const heap::ObjectRef> objects, SiteId site);
  /// Releases the newest entry of `object`. False where the set has none.
  [[nodiscard]] bool unpin(heap::ObjectRef object);
  void unpin_all();
  [[nodiscard]] bool empty() const;
  [[nodiscard]] std::size_t size() const;

  [[nodiscard]] PinRegistry& registry() const { return registry_; }
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }
  [[nodiscard]] std::uint64_t made() const { return made_; }
  [[nodiscard]] std::uint64_t ended() const { return ended_; }

  // For collections, under lock().
  [[nodiscard]] SpinLock& lock() const { return lock_; }
  [[nodiscard]] const Entries& entries() const { return entries_; }
  /// The slot of the owner: a reference that collections update; 0 without an owner.
  [[nodiscard]] heap::Address owner_slot() { return heap::Address::of(&owner_); }
  [[nodiscard]] heap::ObjectRef owner() const { return heap::ObjectRef(heap::Address(owner_)); }
  void disown() { owner_ = 0; }
  /// Releases the entries whose objects died: of a set that keeps nothing alive.
  template <class IsAlive>
  void release_dead(IsAlive&& is_alive) {
    lock_.lock();
    const auto dead = std::remove_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      return !is_alive(entry.object) && release(entry);
    });
    entries_.erase(dead, entries_.end());
    lock_.unlock();
  }

 private:
  void add(heap::ObjectRef object, SiteId site);
  bool release(const Entry& entry);

  friend class PinRegistry;  // its place in the list of sets

  PinRegistry& registry_;
  mutable SpinLock lock_;
  bool keep_alive_;
  std::uintptr_t owner_;
  Entries entries_;
  std::uint64_t made_ = 0;
  std::uint64_t ended_ = 0;
  std::size_t place_ = 0;  ///< in the registry's list
};

}  // namespace pinlab::pinning
