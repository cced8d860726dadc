// A call that lets an address escape to foreign code until the function that calls it returns.
//
// Shape A7 of the list in results/README.md: runtime.PtrEscapes(unsafe.Pointer), without a result
// (ansiwen). Source: golang/go issue 46787.
#pragma once

#include "pinning/pin_stack.hpp"

namespace pinlab::pinning {

/// The function that calls: it stands first in the function's body, where Go's compiler would add a
/// defer by itself.
///
/// Lifetime of the pins: from ptr_escapes() to the end of the function, however long that takes
/// after the last foreign access. They cannot span calls or threads.
///
/// Misuse: nothing can be forgotten. ptr_escapes() of an outer function while an inner one runs is
/// a PinError. Null is legal, ignored and counted.
class CallingFunction {
 public:
  explicit CallingFunction(PinStack& stack) : frame_(stack, "ptr_escapes") {}
  CallingFunction(const CallingFunction&) = delete;
  CallingFunction& operator=(const CallingFunction&) = delete;
  ~CallingFunction() = default;
  static void* operator new(std::size_t) = delete;
  static void* operator new[](std::size_t) = delete;

  void ptr_escapes(heap::ObjectRef object, SiteId site = 0) { frame_.pin(object, site); }

 private:
  PinFrame frame_;
};

}  // namespace pinlab::pinning
