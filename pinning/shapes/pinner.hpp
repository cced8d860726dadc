// Go's runtime.Pinner: a set of pins that the program fills one by one and releases together.
//
// Shape A22 of the list in results/README.md, as shipped in Go 1.21: many objects and one Unpin
// (A12, aclements), an error when the set is lost with pins in it (A18, bcmills), pins that keep
// alive (A20, ansiwen). Source: golang/go issue 46787, src/runtime/pinner.go.
#pragma once

#include "pinning/pin_holder.hpp"

namespace pinlab::pinning {

inline constexpr HolderRule kPinnerRule = {.shape = "pinner", .when_lost = WhenLost::reported};

/// Lifetime: from pin() until unpin(), which ends every pin of this Pinner, each as often as it was
/// made; then it is ready for the next round. It can be moved, never copied: a copy in Go aliases
/// its pins, and the second Unpin then releases those of a stranger.
///
/// Misuse: a null reference, and any use after a move, is a PinError, and nothing is changed. What
/// is not in this heap (static data, the stack, another runtime) never moves: it is ignored and
/// counted. A Pinner that ends with pins in it releases them and then reports a PinLeak.
///
/// It allocates when it is made, and when it holds more than five pins for the first time.
class Pinner : public PinHolder {
 public:
  /// A Pinner that belongs to a C++ scope; or, with an `owner`, to a managed object: when that
  /// dies, the collector ends the pins and reports those that were left as a PinLeak.
  explicit Pinner(PinRegistry& registry, heap::ObjectRef owner = {})
      : PinHolder(registry, kPinnerRule, owner) {}
};

}  // namespace pinlab::pinning
