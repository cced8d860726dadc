// A pin as a value: it lasts until it is unpinned, or until nobody has it any more.
//
// Shape A8 of the list in results/README.md: Pin[T](p *T) PointerPin with Unpin() (bcmills), where
// an unreachable PointerPin unpins in silence; the variant in which that is an error is A18.
// Source: golang/go issue 46787.
#pragma once

#include "pinning/pin_holder.hpp"

namespace pinlab::pinning {

inline constexpr HolderRule kPointerPinRule = {.shape = "pointer_pin",
                                               .when_lost = WhenLost::released};

/// Lifetime: from construction to unpin(), or to the end of its C++ scope, or, with an `owner`, a
/// managed object that stands for it, to the collection that finds that dead. It can be moved,
/// never copied.
///
/// Misuse: a result that is dropped unpins while foreign code may still hold the address, which is
/// exposure that nothing tells of; one in a global lasts for ever. Null, a second unpin() and use
/// after a move are PinErrors.
class [[nodiscard]] PointerPin : public SinglePin {
 public:
  PointerPin(PinRegistry& registry,
             heap::ObjectRef object,
             SiteId site = 0,
             heap::ObjectRef owner = {})
      : SinglePin(registry, kPointerPinRule, object, site, owner) {}
};

}  // namespace pinlab::pinning
