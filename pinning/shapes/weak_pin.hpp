// A pin that holds its object in place while something else keeps it alive.
//
// Shape A19 of the list in results/README.md (aclements muses: allocate something, pin it, pass it
// to cgo, and then just drop it on the floor). Source: golang/go issue 46787.
#pragma once

#include "pinning/pin_holder.hpp"

namespace pinlab::pinning {

inline constexpr HolderRule kWeakPinRule = {
    .shape = "weak_pin", .when_lost = WhenLost::released, .liveness = Liveness::weak};

/// Lifetime: from construction to unpin(), to the end of its C++ scope, or to the death of its
/// object, whichever comes first. It can be moved, never copied.
/// Misuse: foreign code that reads after the object died finds anything, and nothing tells. Null, a
/// second unpin() and use after a move are PinErrors.
class [[nodiscard]] WeakPin : public SinglePin {
 public:
  WeakPin(PinRegistry& registry, heap::ObjectRef object, SiteId site = 0)
      : SinglePin(registry, kWeakPinRule, object, site) {}
};

}  // namespace pinlab::pinning
