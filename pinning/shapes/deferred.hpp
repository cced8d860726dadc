// A pin with a defer in the calling function that nobody wrote.
//
// Shape A10 of the list in results/README.md: Pin() with an implicit defer (ansiwen; ianlancetaylor
// thought it no good approach). Source: golang/go issue 46787.
#pragma once

#include "pinning/pin_stack.hpp"

#include <span>

namespace pinlab::pinning {

/// The function whose return ends the pins: one for each function that pins.
///
/// Lifetime: from pin() to the return of the function. What it pins in a loop adds up until then:
/// the difference to a block's scope.
///
/// Misuse: nothing can be forgotten, and nothing can be ended early. pin() for an outer function
/// while an inner one runs is a PinError. Null is legal, ignored and counted.
class DeferringFunction {
 public:
  explicit DeferringFunction(PinStack& stack) : frame_(stack, "deferred") {}
  DeferringFunction(const DeferringFunction&) = delete;
  DeferringFunction& operator=(const DeferringFunction&) = delete;
  ~DeferringFunction() = default;
  static void* operator new(std::size_t) = delete;
  static void* operator new[](std::size_t) = delete;

  void pin(heap::ObjectRef object, SiteId site = 0) { frame_.pin(object, site); }
  /// Pins that the return will end.
  [[nodiscard]] std::size_t pending() const { return frame_.size(); }

 private:
  PinFrame frame_;
};

}  // namespace pinlab::pinning
