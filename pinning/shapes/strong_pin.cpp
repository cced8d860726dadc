#include "pinning/shapes/strong_pin.hpp"

#include "pinning/shapes/adapters.hpp"

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {.name = "strong_pin",
                               .number = "A20",
                               .lifetime = "from construction to unpin()",
                               .alive = "the pin, and with it all that the object reaches",
                               .misuse =
                                   "null, a second unpin and use after a move are errors; one that "
                                   "is lost is a leak of the whole graph below it",
                               .uses = kAllUses,
                               .holds_still = true,
                               .is_set = false};

}  // namespace

heap::Named<PinShape> pin_shape_strong_pin() {
  return {.name = "strong_pin",
          .summary = "A20: a pin that is a root, whatever pin.liveness says",
          .source = "golang/go#46787: ansiwen, bcmills",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<ObjectShape<StrongPin>>(kFacts);
          }};
}

}  // namespace pinlab::pinning
