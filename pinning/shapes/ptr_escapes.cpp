#include "pinning/shapes/ptr_escapes.hpp"

#include "pinning/shapes/adapters.hpp"

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "ptr_escapes",
    .number = "A7",
    .lifetime = "from ptr_escapes() to the return of the calling function, newest first",
    .alive = "the pin, as a local variable of that function does",
    .misuse =
        "nothing can be forgotten; it cannot span calls or threads, and a long function is a long "
        "pin",
    .uses = kBoundedUses,
    .holds_still = true,
    .is_set = false};

}  // namespace

heap::Named<PinShape> pin_shape_ptr_escapes() {
  return {.name = "ptr_escapes",
          .summary = "A7: an address escapes until the function that calls returns",
          .source = "golang/go#46787: runtime.PtrEscapes (ansiwen)",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<ScopeShape<CallingFunction>>(
                kFacts, [](CallingFunction& held, heap::ObjectRef object, SiteId site) {
                  held.ptr_escapes(object, site);
                });
          }};
}

}  // namespace pinlab::pinning
