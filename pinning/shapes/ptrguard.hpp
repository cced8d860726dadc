// A guard that knows the foreign slots in which an address was stored, and nulls them when it ends.
//
// Shape A5 of the list in results/README.md: ansiwen's PtrGuard, Pin() and Poke(), later
// Pinner.Pin(p).Store(&cptr), as in go-ceph. There a goroutine is parked for each pin; here it is
// an entry of a set. Source: golang/go issue 46787; github.com/ansiwen/ptrguard.
//
// Invariant: a slot that was stored to holds the object's address, unless foreign code changed it,
// from store() to unpin(), and null after.
#pragma once

#include "pinning/pin_holder.hpp"

#include <cstdint>
#include <vector>

namespace pinlab::pinning {

inline constexpr HolderRule kPtrGuardRule = {.shape = "ptrguard", .when_lost = WhenLost::reported};

/// Lifetime: from pin() to unpin(), which nulls every slot first, so that what foreign code does
/// too late is a fault at null and no silent corruption. It can be moved, never copied.
///
/// Misuse: unpin() without pins does nothing; null, use after a move, and a store of what was
/// unpinned are PinErrors; a guard that is lost with pins in it nulls the slots, and is a leak.
class PtrGuard {
 public:
  /// What pin() gives: where to store the address.
  class Pointer {
   public:
    /// Any number of slots. REQUIRES that they last until unpin(), and that the guard is there.
    /// Throws PinError once the guard was unpinned, lost, or moved from.
    const Pointer& store(void** slot) const {
      if (guard_.round_ != round_ || guard_.pins_.is_moved()) {
        misuse(guard_.pins_.registry(), kPtrGuardRule.shape,
               "a store of the address of a pin that has ended, or was moved", site_,
               object_.address());
      }
      *slot = object_.address().as<void>();
      guard_.slots_.push_back(slot);
      return *this;
    }
    template <class NoPointer>
    void store(NoPointer slot) const = delete;

   private:
    friend class PtrGuard;
    Pointer(PtrGuard& guard, heap::ObjectRef object, SiteId site)
        : guard_(guard), round_(guard.round_), object_(object), site_(site) {}
    PtrGuard& guard_;
    std::uint64_t round_;
    heap::ObjectRef object_;
    SiteId site_;
  };

  explicit PtrGuard(PinRegistry& registry) : pins_(registry, kPtrGuardRule) {}
  PtrGuard(const PtrGuard&) = delete;
  PtrGuard& operator=(const PtrGuard&) = delete;
  PtrGuard(PtrGuard&& other) noexcept = default;
  PtrGuard& operator=(PtrGuard&&) = delete;
  ~PtrGuard() { null_slots(); }

  Pointer pin(heap::ObjectRef object, SiteId site = 0) {
    pins_.pin(object, site);
    return {*this, object, site};
  }
  void unpin() {
    null_slots();
    pins_.unpin();
    ++round_;
  }
  /// As PinHolder::lose(): the slots keep what they hold.
  void lose() {
    slots_.clear();
    pins_.lose();
  }
  [[nodiscard]] std::size_t size() const { return pins_.size(); }
  [[nodiscard]] bool empty() const { return pins_.empty(); }

 private:
  void null_slots() {
    for (void** const slot : slots_) {
      *slot = nullptr;
    }
    pins_.registry().work().add(ShapeWork::slots_nulled, slots_.size());
    slots_.clear();
  }

  PinHolder pins_;
  std::vector<void**> slots_;
  std::uint64_t round_ = 0;  ///< of pins that end together
};

}  // namespace pinlab::pinning
