// A mark that lets pins flow through an object to what it refers to.
//
// Shape A13 of the list in results/README.md: pinning flow-through (randall77; balasanjay showed
// that it cannot do io_uring, and randall77 agreed). Source: golang/go issue 46787.
#pragma once

#include "pinning/pin_closure.hpp"
#include "pinning/pin_stack.hpp"

namespace pinlab::pinning {

/// Marks the object once and for all, as a finalizer is set. The mark is no pin and no root: it
/// goes with the object, keeps nothing alive, and cannot be taken back. Throws PinError for null
/// and for what lies outside the heap.
void mark_flow_through(PinRegistry& registry, heap::ObjectRef object, SiteId site = 0);

/// A foreign call. Lifetime: from pass() to the end of the call. pass() pins its argument, and
/// where that is marked, what it refers to directly; not recursively: of those, what is marked in
/// turn. It reads the objects while it pins: its cost is the number of their references.
///
/// Misuse: an inner node that was not marked stops the flow, and what is behind it is exposed. A
/// pin cannot leak. Null is legal, ignored and counted.
class FlowThroughCall {
 public:
  explicit FlowThroughCall(PinStack& stack) : frame_(stack, "flow_through") {}
  FlowThroughCall(const FlowThroughCall&) = delete;
  FlowThroughCall& operator=(const FlowThroughCall&) = delete;
  ~FlowThroughCall() = default;
  static void* operator new(std::size_t) = delete;
  static void* operator new[](std::size_t) = delete;

  void pass(heap::ObjectRef argument, SiteId site = 0) {
    pin_closure(frame_, argument, site, [this](heap::ObjectRef object, std::size_t /*depth*/) {
      return frame_.registry().heap().contains(object.address()) &&
             frame_.registry().marks().is_marked(object);
    });
  }
  [[nodiscard]] PinRegistry& registry() const { return frame_.registry(); }
  /// Pins of this call, its argument's included.
  [[nodiscard]] std::size_t size() const { return frame_.size(); }

 private:
  PinFrame frame_;
};

}  // namespace pinlab::pinning
