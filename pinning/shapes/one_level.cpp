#include "pinning/shapes/one_level.hpp"

#include "pinning/shapes/adapters.hpp"

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {.name = "one_level",
                               .number = "A13b",
                               .lifetime =
                                   "from the entry of a call to its return, for the argument and "
                                   "for what it refers to directly",
                               .alive = "the pin, as an argument on a stack does",
                               .misuse =
                                   "what lies deeper is exposed, and nothing tells; a pin cannot "
                                   "leak unless the call never returns",
                               .uses = {PinUse::call},
                               .holds_still = true,
                               .is_set = false};

}  // namespace

heap::Named<PinShape> pin_shape_one_level() {
  return {.name = "one_level",
          .summary = "A13b: call arguments and what they refer to directly, for an annotated call",
          .source = "golang/go#46787: randall77, dot-asm (one level), aclements (recursion)",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<ScopeShape<AnnotatedCall>>(
                kFacts, [](AnnotatedCall& held, heap::ObjectRef object, SiteId site) {
                  held.pass(object, site);
                });
          }};
}

}  // namespace pinlab::pinning
