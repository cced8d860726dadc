// A pin as a value, where to lose the value is an error.
//
// Shape A18 of the list in results/README.md: a PointerPin that becomes unreachable is reported
// (bcmills; prattmic likes it), which shipped as the panic of Pinner's finalizer. Source: golang/go
// issue 46787.
#pragma once

#include "pinning/pin_holder.hpp"

namespace pinlab::pinning {

inline constexpr HolderRule kCheckedPinRule = {.shape = "unreachable_error",
                                               .when_lost = WhenLost::reported};

/// Lifetime: from construction to unpin(), and in no other way. The object lives as long as its
/// pin does, one level of indirection more (prattmic). It can be moved, never copied.
///
/// Misuse: one that ends in its C++ scope, or whose `owner` the collector finds dead, is a leak:
/// its pin ends, and it is reported with its site. Null, a second unpin() and use after a move are
/// PinErrors.
class [[nodiscard]] CheckedPin : public SinglePin {
 public:
  CheckedPin(PinRegistry& registry,
             heap::ObjectRef object,
             SiteId site = 0,
             heap::ObjectRef owner = {})
      : SinglePin(registry, kCheckedPinRule, object, site, owner) {}
};

}  // namespace pinlab::pinning
