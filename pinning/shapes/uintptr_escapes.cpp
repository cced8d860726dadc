#include "pinning/shapes/uintptr_escapes.hpp"

#include "pinning/shapes/adapters.hpp"

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "uintptr_escapes",
    .number = "A3",
    .lifetime = "from the argument list of a call to its return, newest first",
    .alive = "the pin, as an argument on a stack does",
    .misuse =
        "only a temporary converts, so a name for it does not compile as an argument; a call that "
        "never returns is a pin for ever",
    .uses = {PinUse::call},
    .holds_still = true,
    .is_set = false};

/// The arguments of one call.
struct Argument : PinFrame {
  explicit Argument(PinStack& stack) : PinFrame(stack, "uintptr_escapes") {}
};

}  // namespace

heap::Named<PinShape> pin_shape_uintptr_escapes() {
  return {.name = "uintptr_escapes",
          .summary = "A3: an integer made from a reference in an argument list, held for the call",
          .source = "golang/go#46787: //go:uintptrescapes (ianlancetaylor)",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<ScopeShape<Argument>>(
                kFacts, [](Argument& held, heap::ObjectRef object, SiteId site) {
                  held.pin(object, site);
                });
          }};
}

}  // namespace pinlab::pinning
