// Call arguments, and what they refer to, for a call that says so in its declaration.
//
// Shape A13b of the list in results/README.md: an annotation on system calls instead of an API
// (randall77), one level of indirection as in a slice (dot-asm); any depth, as aclements feared one
// would need, is there to compare. Source: golang/go issue 46787.
#pragma once

#include "pinning/pin_closure.hpp"
#include "pinning/pin_stack.hpp"

namespace pinlab::pinning {

/// An annotated foreign call. Lifetime: from pass() to the end of the call.
///
/// Misuse: what lies deeper than the annotation says is exposed, and nothing tells. A pin cannot
/// leak unless the call never returns. Null is legal, ignored and counted.
class AnnotatedCall {
 public:
  /// `depth`: levels of indirection that the annotation covers; 0 is A2, kAnyDepth the closure.
  explicit AnnotatedCall(PinStack& stack, std::size_t depth = 1)
      : frame_(stack, "one_level"), depth_(depth) {}
  AnnotatedCall(const AnnotatedCall&) = delete;
  AnnotatedCall& operator=(const AnnotatedCall&) = delete;
  ~AnnotatedCall() = default;
  static void* operator new(std::size_t) = delete;
  static void* operator new[](std::size_t) = delete;

  void pass(heap::ObjectRef argument, SiteId site = 0) {
    pin_closure(frame_, argument, site, [this](heap::ObjectRef object, std::size_t depth) {
      return depth < depth_ && frame_.registry().heap().contains(object.address());
    });
  }
  /// Pins of this call, its argument's included.
  [[nodiscard]] std::size_t size() const { return frame_.size(); }

 private:
  PinFrame frame_;
  std::size_t depth_;
};

}  // namespace pinlab::pinning
