// A handle with a pointer: an id for tables, and an address that is good as long as the id.
//
// Shape A6b of the list in results/README.md: Handle as a pin, Handle.Pointer() (DeedleFake).
// Source: golang/go issue 46787.
#pragma once

#include "pinning/pin_holder.hpp"
#include "pinning/shapes/handle.hpp"

namespace pinlab::pinning {

inline constexpr HolderRule kPinnedHandleRule = {.shape = "pinned_handle",
                                                 .when_lost = WhenLost::released};

/// Lifetime: that of the handle, from construction to destruction. It can be moved, never copied.
///
/// Misuse: null and an object of another heap, use after a move and a stale id are PinErrors. One
/// that is never ended holds its object for ever, and nothing tells.
class PinnedHandle {
 public:
  PinnedHandle(PinRegistry& registry, heap::ObjectRef object, SiteId site = 0)
      : handle_(registry, object, site, "pinned_handle"),
        pin_(registry, kPinnedHandleRule, object, site) {}

  [[nodiscard]] HandleId id() const { return handle_.id(); }
  /// Where the object is, and stays.
  [[nodiscard]] heap::Address pointer() const { return pin_.address(); }

 private:
  Handle handle_;
  SinglePin pin_;
};

}  // namespace pinlab::pinning
