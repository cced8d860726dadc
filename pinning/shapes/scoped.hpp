// Pins that end with the block of code that made them, newest first: the pins of a call's
// arguments.
//
// Shape A2 of the list in results/README.md, what cgo does today (ianlancetaylor, aclements,
// randall77), and A9 with a closure for a call (ansiwen's WithPinner; seebs in golang/go issue
// 40431). Source: golang/go issue 46787.
//
// Invariants: (1) the pins of a PinStack are those of the ScopedPins that live, in the order in
// which they were made; (2) only the newest can end.
#pragma once

#include "heap/object.hpp"
#include "pinning/pin_registry.hpp"
#include "pinning/pin_set.hpp"
#include "pinning/shape.hpp"

#include <cstddef>

namespace pinlab::pinning {

/// The scoped pins of one thread, a stack: no pin is searched for, no lock is shared with another
/// thread. Outlives its ScopedPins.
class PinStack {
 public:
  explicit PinStack(PinRegistry& registry) : set_(registry, true) {}
  PinStack(const PinStack&) = delete;
  PinStack& operator=(const PinStack&) = delete;
  ~PinStack() { EXPECTS(depth_ == 0); }

  /// Pins held by scopes that have not ended, ignored ones included.
  [[nodiscard]] std::size_t depth() const { return depth_; }

 private:
  friend class ScopedPin;

  PinSet set_;
  std::size_t depth_ = 0;
};

/// Lifetime: the C++ scope that it stands in. It cannot outlive it: it is neither copied nor moved
/// nor made by new, so that it cannot express an asynchronous operation, by intention.
///
/// Misuse: none compiles, but for containers that end their elements out of order, which ends
/// the program. A null reference is legal, as a null argument of a call is, and is ignored and
/// counted, as is what lies outside the heap. A leak is a scope that never ends.
class ScopedPin {
 public:
  ScopedPin(PinStack& stack, heap::ObjectRef object, SiteId site = 0);
  ScopedPin(const ScopedPin&) = delete;
  ScopedPin& operator=(const ScopedPin&) = delete;
  ~ScopedPin();
  static void* operator new(std::size_t) = delete;
  static void* operator new[](std::size_t) = delete;

 private:
  PinStack& stack_;
  heap::ObjectRef object_;  ///< null where nothing was pinned
  std::size_t level_;
};

}  // namespace pinlab::pinning
