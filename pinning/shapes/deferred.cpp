#include "pinning/shapes/deferred.hpp"

#include "pinning/shapes/adapters.hpp"

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "deferred",
    .number = "A10",
    .lifetime = "from pin() to the return of the function that pins, newest first",
    .alive = "the pin, through the function's list of defers",
    .misuse = "nothing can be forgotten or ended early; pins of a loop add up until the return",
    .uses = kBoundedUses,
    .holds_still = true,
    .is_set = false};

}  // namespace

heap::Named<PinShape> pin_shape_deferred() {
  return {.name = "deferred",
          .summary = "A10: a pin with an implicit defer in the calling function",
          .source = "golang/go#46787: ansiwen; ianlancetaylor against it",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<ScopeShape<DeferringFunction>>(
                kFacts, [](DeferringFunction& held, heap::ObjectRef object, SiteId site) {
                  held.pin(object, site);
                });
          }};
}

}  // namespace pinlab::pinning
