#include "collector/nursery_route.hpp"

#include <array>

namespace pinlab::collector {

#define PINLAB_NAMED(name) heap::Named<NurseryRoute> nursery_route_##name();
#include "nursery_routes.inc"
#undef PINLAB_NAMED

std::span<const heap::Named<NurseryRoute>> nursery_routes() {
#define PINLAB_NAMED(name) nursery_route_##name(),
  static const auto entries = std::to_array<heap::Named<NurseryRoute>>({
#include "nursery_routes.inc"
  });
#undef PINLAB_NAMED
  return entries;
}

}  // namespace pinlab::collector
