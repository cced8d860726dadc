// Pins of a call's arguments, which end with the call, newest first.
//
// Shape A2 of the list in results/README.md, what cgo does today (ianlancetaylor, dot-asm,
// aclements, randall77). Source: golang/go issue 46787; cmd/cgo, "Passing pointers".
#pragma once

#include "pinning/pin_stack.hpp"

namespace pinlab::pinning {

/// Lifetime: the C++ scope that it stands in. It cannot outlive it: it is neither copied nor moved
/// nor made by new, so that it cannot express an asynchronous operation, by intention.
///
/// Misuse: none compiles, but for containers that end their elements out of order, which ends
/// the program. A null reference is legal, as a null argument of a call is, and is ignored and
/// counted, as is what lies outside the heap. A leak is a scope that never ends.
class ScopedPin {
 public:
  ScopedPin(PinStack& stack, heap::ObjectRef object, SiteId site = 0) : frame_(stack, "scoped") {
    frame_.pin(object, site);
  }
  ScopedPin(const ScopedPin&) = delete;
  ScopedPin& operator=(const ScopedPin&) = delete;
  ~ScopedPin() = default;
  static void* operator new(std::size_t) = delete;
  static void* operator new[](std::size_t) = delete;

 private:
  PinFrame frame_;
};

}  // namespace pinlab::pinning
