#include "pinning/shapes/unreachable_error.hpp"

#include "pinning/shapes/adapters.hpp"

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {.name = "unreachable_error",
                               .number = "A18",
                               .lifetime = "from construction to unpin()",
                               .alive = "the pin, as long as its value is reachable",
                               .misuse =
                                   "null, a second unpin and use after a move are errors; a value "
                                   "that is lost is a leak, reported with its site",
                               .uses = kAllUses,
                               .holds_still = true,
                               .is_set = false};

}  // namespace

heap::Named<PinShape> pin_shape_unreachable_error() {
  return {.name = "unreachable_error",
          .summary = "A18: a pin as a value, where to lose the value is an error",
          .source = "golang/go#46787: bcmills, prattmic; Pinner's finalizer",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<ObjectShape<CheckedPin>>(kFacts);
          }};
}

}  // namespace pinlab::pinning
