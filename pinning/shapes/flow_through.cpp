#include "pinning/shapes/flow_through.hpp"

#include "pinning/shapes/adapters.hpp"

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "flow_through",
    .number = "A13",
    .lifetime =
        "from the entry of a call to its return, for the argument and for what marked objects "
        "refer to; the mark lasts as long as its object",
    .alive = "the pin for the call; the mark keeps nothing alive",
    .misuse =
        "an inner node without a mark stops the flow, and what is behind it is exposed; a pin "
        "cannot leak; marking what has no reference costs nothing",
    .uses = kBoundedUses,
    .holds_still = true,
    .is_set = false};

}  // namespace

void mark_flow_through(PinRegistry& registry, heap::ObjectRef object, SiteId site) {
  if (!registry.heap().contains(object.address())) {
    misuse(registry, "flow_through", "only an object of this heap can be marked", site,
           object.address());
  }
  if (registry.marks().mark(object)) {
    registry.work().add(ShapeWork::marked);
  }
}

heap::Named<PinShape> pin_shape_flow_through() {
  return {
      .name = "flow_through",
      .summary = "A13: a mark through which the pin of a call argument flows to what it refers to",
      .source = "golang/go#46787: pinning flow-through (randall77, balasanjay)",
      .make = []() -> std::unique_ptr<PinShape> {
        return std::make_unique<ScopeShape<FlowThroughCall>>(
            kFacts, [](FlowThroughCall& held, heap::ObjectRef object, SiteId site) {
              if (held.registry().heap().contains(object.address())) {
                mark_flow_through(held.registry(), object, site);
              }
              held.pass(object, site);
            });
      }};
}

}  // namespace pinlab::pinning
