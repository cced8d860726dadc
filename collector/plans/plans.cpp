#include "collector/plan.hpp"

#include <array>
#include <string>

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

std::string why_no_pinned_space(const Options& options) {
  if (options.pin_placement == PinPlacement::anywhere) {
    return {};
  }
  const std::string placement(
      kPinPlacementNames[static_cast<std::size_t>(options.pin_placement)]);
  if (options.plan != "generational") {
    return "pin.placement=" + placement + " needs a space beside those that plan=" + options.plan +
           " has: take plan=generational, or pin.placement=anywhere";
  }
  if (options.heap_max < 2 * options.heap_block) {
    return "pin.placement=" + placement +
           " needs blocks for the pinned space and others, and this heap has one: take a smaller "
           "heap.block, a larger heap.max, or pin.placement=anywhere";
  }
  return {};
}

std::uint64_t nursery_bytes(const heap::Heap& heap) {
  std::uint64_t blocks = 0;
  for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
    blocks += (heap.state(heap::Block{i}) & heap::block_state::kNursery) != 0 ? 1U : 0U;
  }
  return blocks * heap.block_bytes();
}

}  // namespace pinlab::collector
