// Many objects, one Unpin: one defer for many pins.
//
// Shape A12 of the list in results/README.md: aclements' Pinner, as proposed. What shipped is A22:
// the same, whose pins always keep alive. Source: golang/go issue 46787.
#pragma once

#include "pinning/pin_holder.hpp"

namespace pinlab::pinning {

inline constexpr HolderRule kPinGroupRule = {.shape = "pin_group", .when_lost = WhenLost::reported};

/// Lifetime: every pin of the group lasts until unpin(): one slow member keeps all others pinned.
/// It can be moved, never copied.
/// Misuse: as Pinner.
class PinGroup : public PinHolder {
 public:
  explicit PinGroup(PinRegistry& registry, heap::ObjectRef owner = {})
      : PinHolder(registry, kPinGroupRule, owner) {}
};

}  // namespace pinlab::pinning
