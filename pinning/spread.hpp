// The axis of spreads: how far the immobility of a pinned object spreads to its neighbours.
#pragma once

#include "heap/address.hpp"
#include "heap/support/named.hpp"

#include <span>

namespace pinlab::pinning {

/// Every object that overlaps the answer may not move. `block` is the block of the object, `line`
/// the unit pin.spread_line. The answer contains the object and lies in the block.
class Spread {
 public:
  Spread() = default;
  Spread(const Spread&) = delete;
  Spread& operator=(const Spread&) = delete;
  virtual ~Spread() = default;
  [[nodiscard]] virtual heap::AddressRange reach(heap::AddressRange object,
                                                 heap::AddressRange block,
                                                 std::size_t line) const = 0;
};

/// The spreads, in the order of pinning/meson.build.
[[nodiscard]] std::span<const heap::Named<Spread>> spreads();

}  // namespace pinlab::pinning
