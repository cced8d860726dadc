// Pin and unpin by hand, with no net: what is pinned stays, and stays alive, until it is unpinned.
//
// Shape A16 of the list in results/README.md (aclements, after cherrymui): a leak shows as ordinary
// growth of memory, an incentive to unpin also where nothing moves. Source: golang/go issue 46787.
#pragma once

#include "pinning/pin_holder.hpp"

namespace pinlab::pinning {

inline constexpr HolderRule kExplicitPinRule = {
    .shape = "explicit_pin", .when_lost = WhenLost::kept, .liveness = Liveness::strong};

/// Lifetime: from construction to unpin(); one that ends without it leaves the pin behind, for as
/// long as the registry is there. It can be moved, never copied.
/// Misuse: null, a second unpin() and use after a move are PinErrors. A leak is not detected.
class [[nodiscard]] ExplicitPin : public SinglePin {
 public:
  ExplicitPin(PinRegistry& registry, heap::ObjectRef object, SiteId site = 0)
      : SinglePin(registry, kExplicitPinRule, object, site) {}
};

}  // namespace pinlab::pinning
