// The axis of spreads: how far the immobility of a pinned object spreads to its neighbours.
#pragma once

#include "heap/address.hpp"
#include "heap/support/named.hpp"

#include <cstdint>
#include <span>

namespace pinlab::pinning {

/// Powers of two, in bytes: pin.spread_line and pin.spread_page.
struct SpreadUnits {
  std::size_t line = 256;
  std::size_t page = 4096;
};

/// Which neighbours a pin keeps in its reach.
enum class Company : std::uint8_t {
  none,              ///< the pinned object alone; collections spare the walk
  all,               ///< whatever overlaps the reach
  primitive_arrays,  ///< of that, what has no reference slots
};

/// How far a pin reaches, asked once for each pinned object.
class Spread {
 public:
  Spread() = default;
  Spread(const Spread&) = delete;
  Spread& operator=(const Spread&) = delete;
  virtual ~Spread() = default;
  /// Asked once a pause.
  [[nodiscard]] virtual Company company() const { return Company::all; }
  /// The pinned object's company is what overlaps the answer, which contains the object and lies in
  /// its block.
  [[nodiscard]] virtual heap::AddressRange reach(heap::AddressRange object,
                                                 heap::AddressRange block,
                                                 const SpreadUnits& units) const = 0;
};

/// The spreads, in the order of pinning/meson.build.
[[nodiscard]] std::span<const heap::Named<Spread>> spreads();

}  // namespace pinlab::pinning
