#include "pinning/shapes/scoped.hpp"

#include "pinning/shapes/adapters.hpp"

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "scoped",
    .number = "A2",
    .lifetime = "from the entry of a call to its return, newest first",
    .alive = "the pin, as an argument on a stack does",
    .misuse =
        "it cannot leave its scope, and cannot leak unless the call never returns; foreign code "
        "that keeps the address after the call is exposed, and nothing tells",
    .uses = kBoundedUses,
    .holds_still = true,
    .is_set = false};

/// The arguments of one call.
struct Call : PinFrame {
  explicit Call(PinStack& stack) : PinFrame(stack, "scoped") {}
};

}  // namespace

heap::Named<PinShape> pin_shape_scoped() {
  return {.name = "scoped",
          .summary = "A2: pins of a call's arguments, which end with the call, newest first",
          .source = "golang/go#46787: cgo's implicit pins (ianlancetaylor, aclements, randall77)",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<ScopeShape<Call>>(
                kFacts,
                [](Call& call, heap::ObjectRef object, SiteId site) { call.pin(object, site); });
          }};
}

}  // namespace pinlab::pinning
