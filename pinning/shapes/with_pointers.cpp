#include "pinning/shapes/with_pointers.hpp"

#include "pinning/shapes/adapters.hpp"

#include <optional>

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "with_pointers",
    .number = "A9b",
    .lifetime =
        "from the entry of the closure to its return, for a list that is fixed before, newest "
        "closure first",
    .alive = "the pin, through the closure's frame",
    .misuse =
        "nothing escapes, and nothing can be forgotten; an object that is thought of later "
        "needs a closure of its own; a closure that blocks holds its pins as long",
    .uses = kBoundedUses,
    .holds_still = true,
    .is_set = false};

/// A closure whose list is one object.
class OneList {
 public:
  explicit OneList(PinStack& stack) : stack_(stack) {}
  void open(heap::ObjectRef object, SiteId site) {
    scope_.emplace(stack_, std::span(&object, 1), site);
  }

 private:
  PinStack& stack_;
  std::optional<PointersScope> scope_;
};

}  // namespace

heap::Named<PinShape> pin_shape_with_pointers() {
  return {
      .name = "with_pointers",
      .summary = "A9b: a closure during which a list of objects stays, pinned in one transaction",
      .source = "golang/go#46787: PtrEscapes(ptrs, f) (ansiwen)",
      .make = []() -> std::unique_ptr<PinShape> {
        return std::make_unique<ScopeShape<OneList>>(
            kFacts,
            [](OneList& held, heap::ObjectRef object, SiteId site) { held.open(object, site); });
      }};
}

}  // namespace pinlab::pinning
