#include "pinning/shapes/with_pinner.hpp"

#include "pinning/shapes/adapters.hpp"

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {.name = "with_pinner",
                               .number = "A9",
                               .lifetime = "from pin() to the return of the closure, newest first",
                               .alive = "the pin, through the closure's frame",
                               .misuse =
                                   "a pinner that escapes its closure is an error; a closure that "
                                   "blocks holds its pins as long",
                               .uses = kBoundedUses,
                               .holds_still = true,
                               .is_set = false};

}  // namespace

heap::Named<PinShape> pin_shape_with_pinner() {
  return {.name = "with_pinner",
          .summary = "A9: a closure gets a pinner, whose pins end when it returns",
          .source = "golang/go#46787: WithPinner (ansiwen); golang/go#40431 (seebs)",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<ScopeShape<PinnerScope>>(
                kFacts, [](PinnerScope& held, heap::ObjectRef object, SiteId site) {
                  held.pinner().pin(object, site);
                });
          }};
}

}  // namespace pinlab::pinning
