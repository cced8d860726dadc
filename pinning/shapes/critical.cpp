#include "pinning/shapes/critical.hpp"

#include "pinning/shapes/adapters.hpp"

#include <optional>

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "critical",
    .number = "A14",
    .lifetime =
        "from the entry of a critical section to its end; no collection begins meanwhile, and "
        "everything stays where it is",
    .alive = "everything lives, as nothing is collected",
    .misuse =
        "it cannot leave its scope; a section that allocates more than is free without a "
        "collection ends as gc_blocked where no other thread could end it",
    .uses = kBoundedUses,
    .holds_still = true,
    .is_set = false};

/// A section for each object.
class Section {
 public:
  explicit Section(PinStack& stack) : section_(stack.registry()) {}
  void enter(heap::ObjectRef object) const { static_cast<void>(section_.address_of(object)); }

 private:
  CriticalSection section_;
};

}  // namespace

heap::Named<PinShape> pin_shape_critical() {
  return {.name = "critical",
          .summary = "A14: a section in which no collection begins; no pin",
          .source = "golang/go#46787: dot-asm, ansiwen; JNI critical sections, HotSpot's GCLocker",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<ScopeShape<Section>>(
                kFacts,
                [](Section& held, heap::ObjectRef object, SiteId /*site*/) { held.enter(object); });
          }};
}

}  // namespace pinlab::pinning
