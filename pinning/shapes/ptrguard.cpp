#include "pinning/shapes/ptrguard.hpp"

#include "pinning/shapes/adapters.hpp"

#include <deque>

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "ptrguard",
    .number = "A5",
    .lifetime = "from pin() until unpin(), which first sets every foreign slot to null",
    .alive = "the pin, through its guard",
    .misuse =
        "null, use after a move and a store of what was unpinned are errors; unpinning an empty "
        "guard does nothing; a guard lost with pins in it nulls its slots, and is a leak; foreign "
        "code that comes too late meets null",
    .uses = kAllUses,
    .holds_still = true,
    .is_set = true};

/// A guard, and the foreign memory to which it gave addresses: a slot for each.
class GuardWithSlots {
 public:
  explicit GuardWithSlots(PinRegistry& registry) : guard_(registry) {}

  void pin(heap::ObjectRef object, SiteId site) {
    const PtrGuard::Pointer pointer = guard_.pin(object, site);
    pointer.store(&slots_.emplace_back());
  }
  void unpin() {
    guard_.unpin();
    for (const void* const slot : slots_) {
      EXPECTS(slot == nullptr);
    }
    slots_.clear();
  }
  void lose() { guard_.lose(); }

 private:
  std::deque<void*> slots_;  ///< stay where they are, and go after the guard
  PtrGuard guard_;
};

}  // namespace

heap::Named<PinShape> pin_shape_ptrguard() {
  return {.name = "ptrguard",
          .summary = "A5: a guard that nulls the foreign slots of its addresses when it ends",
          .source = "golang/go#46787: PtrGuard (ansiwen); go-ceph",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<SetShape<GuardWithSlots>>(kFacts);
          }};
}

}  // namespace pinlab::pinning
