// One object, one handle, until Unpin.
//
// Shape A11 of the list in results/README.md: rsc's Pinned, Pin(object) *Pinned and
// (*Pinned).Unpin(). He left open whether a pin keeps its object alive or it is a crash when the
// collector collects a pinned object: pin.liveness decides. Source: golang/go issue 46787.
#pragma once

#include "pinning/pin_holder.hpp"

namespace pinlab::pinning {

inline constexpr HolderRule kPinnedRule = {.shape = "pinned", .when_lost = WhenLost::reported};

/// Lifetime: from construction to unpin(). It can be moved, never copied.
/// Misuse: null, a second unpin() and use after a move are PinErrors; one that is lost is a leak.
class [[nodiscard]] Pinned : public SinglePin {
 public:
  Pinned(PinRegistry& registry, heap::ObjectRef object, SiteId site = 0)
      : SinglePin(registry, kPinnedRule, object, site) {}
};

}  // namespace pinlab::pinning
