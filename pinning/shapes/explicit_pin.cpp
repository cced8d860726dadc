#include "pinning/shapes/explicit_pin.hpp"

#include "pinning/shapes/adapters.hpp"

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "explicit_pin",
    .number = "A16",
    .lifetime = "from construction to unpin(), whatever becomes of the value",
    .alive = "the pin",
    .misuse =
        "null, a second unpin and use after a move are errors; a pin that is lost lasts for ever, "
        "and shows as memory that is never free",
    .uses = kAllUses,
    .holds_still = true,
    .is_set = false};

}  // namespace

heap::Named<PinShape> pin_shape_explicit_pin() {
  return {.name = "explicit_pin",
          .summary = "A16: pin and unpin by hand; what is forgotten stays",
          .source = "golang/go#46787: aclements, after cherrymui",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<ObjectShape<ExplicitPin>>(kFacts);
          }};
}

}  // namespace pinlab::pinning
