#include "pinning/spread.hpp"

#include <array>

namespace pinlab::pinning {

#define PINLAB_NAMED(name) heap::Named<Spread> spread_##name();
#include "spreads.inc"
#undef PINLAB_NAMED

std::span<const heap::Named<Spread>> spreads() {
#define PINLAB_NAMED(name) spread_##name(),
  static const auto entries = std::to_array<heap::Named<Spread>>({
#include "spreads.inc"
  });
#undef PINLAB_NAMED
  return entries;
}

}  // namespace pinlab::pinning
