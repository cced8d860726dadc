#include "pinning/shapes/pin_group.hpp"

#include "pinning/shapes/adapters.hpp"

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "pin_group",
    .number = "A12",
    .lifetime =
        "from pin() until unpin(), which ends every pin of the group: the slowest member decides",
    .alive = "the pin, or nobody: pin.liveness decides",
    .misuse =
        "null and use after a move are errors, a group lost with pins in it is a leak; unpinning "
        "an empty one does nothing",
    .uses = kAllUses,
    .holds_still = true,
    .is_set = true};

}  // namespace

heap::Named<PinShape> pin_shape_pin_group() {
  return {.name = "pin_group",
          .summary = "A12: many objects and one Unpin, as proposed",
          .source = "golang/go#46787: Pinner as proposed (aclements)",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<SetShape<PinGroup>>(kFacts);
          }};
}

}  // namespace pinlab::pinning
