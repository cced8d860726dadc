#include "collector/plan.hpp"

#include <array>

namespace pinlab::collector {

#define PINLAB_NAMED(name) heap::Named<Plan> plan_##name();
#include "plans.inc"
#undef PINLAB_NAMED

std::span<const heap::Named<Plan>> plans() {
#define PINLAB_NAMED(name) plan_##name(),
  static const auto entries = std::to_array<heap::Named<Plan>>({
#include "plans.inc"
  });
#undef PINLAB_NAMED
  return entries;
}

void settle_options(Options& options) {
  if (const heap::Named<Plan>* plan = heap::find_named(plans(), options.plan)) {
    plan->make()->settle(options);
  }
  const heap::Named<NurseryRoute>* route =
      heap::find_named(nursery_routes(), options.nursery_route);
  if (route != nullptr && options.nursery_size > 0) {
    route->make()->settle(options);
  }
}

std::uint64_t nursery_bytes(const heap::Heap& heap) {
  std::uint64_t blocks = 0;
  for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
    blocks += (heap.state(heap::Block{i}) & heap::block_state::kNursery) != 0 ? 1U : 0U;
  }
  return blocks * heap.block_bytes();
}

}  // namespace pinlab::collector
