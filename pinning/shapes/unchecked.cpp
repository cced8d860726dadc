#include "pinning/shapes/unchecked.hpp"

#include "pinning/shapes/adapters.hpp"

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "unchecked",
    .number = "A1",
    .lifetime =
        "none for the object; the check at the border is off as long as the address is kept",
    .alive = "nobody",
    .misuse = "as none, and the mistakes of unrelated code pass unseen meanwhile",
    .uses = kAllUses,
    .holds_still = false,
    .is_set = false,
    .hides_address = true};

class UncheckedShape final : public TableShape<UncheckedAddress> {
 public:
  using TableShape::TableShape;

 protected:
  void begin(std::size_t place, heap::ObjectRef object, SiteId /*site*/) override {
    static_cast<void>(registry().admit(object.address()));
    at(place).emplace(registry(), object);
  }
  [[nodiscard]] bool lose(std::size_t place) override {
    end(place);
    return true;
  }
};

}  // namespace

heap::Named<PinShape> pin_shape_unchecked() {
  return {.name = "unchecked",
          .summary = "A1: a hidden address, and the check at the border switched off; no pin",
          .source = "golang/go#46787, workaround 3 (ansiwen)",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<UncheckedShape>(kFacts);
          }};
}

}  // namespace pinlab::pinning
