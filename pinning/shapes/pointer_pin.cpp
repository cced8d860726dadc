#include "pinning/shapes/pointer_pin.hpp"

#include "pinning/shapes/adapters.hpp"

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "pointer_pin",
    .number = "A8",
    .lifetime = "from construction to unpin(), or until the value is unreachable",
    .alive = "the pin, as long as its value is reachable",
    .misuse =
        "null, a second unpin and use after a move are errors; a value that is lost unpins in "
        "silence, which exposes what foreign code still uses",
    .uses = kAllUses,
    .holds_still = true,
    .is_set = false};

}  // namespace

heap::Named<PinShape> pin_shape_pointer_pin() {
  return {.name = "pointer_pin",
          .summary = "A8: a pin as a value, which ends when nobody has the value any more",
          .source = "golang/go#46787: PointerPin (bcmills)",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<ObjectShape<PointerPin>>(kFacts);
          }};
}

}  // namespace pinlab::pinning
