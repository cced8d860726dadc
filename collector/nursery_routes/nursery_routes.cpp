#include "heap/support/parameter.hpp"
#include "heap/support/wide.hpp"
#include "collector/nursery_route.hpp"

#include <algorithm>
#include <array>
#include <vector>

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

std::span<const std::string_view> nursery_variant_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const heap::Named<NurseryRoute>& entry : nursery_routes()) {
      const auto route = entry.make();
      for (const std::string_view name : route->variants()) {
        if (std::ranges::find(all, name) == all.end()) {
          all.push_back(name);
        }
      }
    }
    return all;
  }();
  return names;
}

bool is_share(std::uint64_t part, std::uint64_t share, std::uint64_t whole) {
  return share > 0 && heap::Wide{part} * heap::kBillion >= heap::Wide{share} * whole;
}

}  // namespace pinlab::collector
