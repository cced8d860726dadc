#include "pinning/shapes/weak_pin.hpp"

#include "pinning/shapes/adapters.hpp"

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "weak_pin",
    .number = "A19",
    .lifetime = "from construction to unpin(), to the end of the value, or to the object's death",
    .alive = "nobody: the program must",
    .misuse =
        "null, a second unpin and use after a move are errors; foreign code that reads after the "
        "object died finds anything, and nothing tells",
    .uses = kAllUses,
    .holds_still = true,
    .is_set = false,
    .keeps_alive = false};

}  // namespace

heap::Named<PinShape> pin_shape_weak_pin() {
  return {.name = "weak_pin",
          .summary = "A19: a pin that does not keep its object alive",
          .source = "golang/go#46787: aclements",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<ObjectShape<WeakPin>>(kFacts);
          }};
}

}  // namespace pinlab::pinning
