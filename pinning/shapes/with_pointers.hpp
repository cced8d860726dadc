// A closure during which a list of objects stays where it is.
//
// Shape A9b of the list in results/README.md: PtrEscapes(ptrs []unsafe.Pointer, f func())
// (ansiwen). Source: golang/go issue 46787.
#pragma once

#include "pinning/pin_stack.hpp"

#include <span>
#include <utility>

namespace pinlab::pinning {

/// The scope that with_pointers() opens, for code that has no closure. Its list is fixed.
class PointersScope {
 public:
  PointersScope(PinStack& stack, std::span<const heap::ObjectRef> objects, SiteId site = 0)
      : frame_(stack, "with_pointers") {
    frame_.pin_all(objects, site);
  }
  PointersScope(const PointersScope&) = delete;
  PointersScope& operator=(const PointersScope&) = delete;
  ~PointersScope() = default;
  static void* operator new(std::size_t) = delete;
  static void* operator new[](std::size_t) = delete;

 private:
  PinFrame frame_;
};

/// Lifetime: every object of the list is pinned, in one transaction, until `body` returns or
/// throws. The list is fixed up front.
///
/// Misuse: as with_pinner(), but there is no pinner that could escape. Null is legal, ignored and
/// counted.
template <class Body>
void with_pointers(PinStack& stack,
                   std::span<const heap::ObjectRef> objects,
                   SiteId site,
                   Body&& body) {
  const PointersScope scope(stack, objects, site);
  std::forward<Body>(body)();
}

}  // namespace pinlab::pinning
