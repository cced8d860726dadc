#include "pinning/shapes/pinner.hpp"

#include "pinning/shapes/adapters.hpp"

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "pinner",
    .number = "A22",
    .lifetime = "from pin() until unpin(), which ends every pin of the set; then it is used again",
    .alive = "the pin, through its set",
    .misuse =
        "null and use after a move are errors, a set lost with pins in it is a leak; unpinning "
        "an empty set does nothing; it cannot be copied",
    .uses = kAllUses,
    .holds_still = true,
    .is_set = true};

}  // namespace

heap::Named<PinShape> pin_shape_pinner() {
  return {.name = "pinner",
          .summary = "A22: Go's runtime.Pinner, a reusable set of pins that end together",
          .source = "golang/go#46787, as shipped in Go 1.21 (ansiwen, aclements, bcmills)",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<SetShape<Pinner>>(kFacts);
          }};
}

}  // namespace pinlab::pinning
