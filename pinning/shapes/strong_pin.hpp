// A pin that is a root.
//
// Shape A20 of the list in results/README.md (ansiwen; bcmills: to collect an unreachable object is
// to relocate it to the bit-bucket). Whatever pin.liveness says. Source: golang/go issue 46787.
#pragma once

#include "pinning/pin_holder.hpp"

namespace pinlab::pinning {

inline constexpr HolderRule kStrongPinRule = {
    .shape = "strong_pin", .when_lost = WhenLost::reported, .liveness = Liveness::strong};

/// Lifetime: from construction to unpin(), and all that the object reaches lives as long. It can be
/// moved, never copied.
/// Misuse: one that is lost is a leak, of the whole graph below it. Null, a second unpin() and use
/// after a move are PinErrors.
class [[nodiscard]] StrongPin : public SinglePin {
 public:
  StrongPin(PinRegistry& registry, heap::ObjectRef object, SiteId site = 0)
      : SinglePin(registry, kStrongPinRule, object, site) {}
};

}  // namespace pinlab::pinning
