#include "pinning/shapes/pinned.hpp"

#include "pinning/shapes/adapters.hpp"

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "pinned",
    .number = "A11",
    .lifetime = "from construction to unpin()",
    .alive = "the pin, or nobody: pin.liveness decides, as rsc left it open",
    .misuse = "null, a second unpin and use after a move are errors; one that is lost is a leak",
    .uses = kAllUses,
    .holds_still = true,
    .is_set = false};

}  // namespace

heap::Named<PinShape> pin_shape_pinned() {
  return {.name = "pinned",
          .summary = "A11: one object for each handle, until Unpin",
          .source = "golang/go#46787: Pinned (rsc)",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<ObjectShape<Pinned>>(kFacts);
          }};
}

}  // namespace pinlab::pinning
