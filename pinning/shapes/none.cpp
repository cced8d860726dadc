#include "pinning/shapes/none.hpp"

#include "pinning/shapes/adapters.hpp"

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "none",
    .number = "A0",
    .lifetime = "none: it works as long as nothing moves and somebody else keeps the object",
    .alive = "nobody",
    .misuse =
        "every access after a collection may find the object moved or dead, and nothing tells",
    .uses = kAllUses,
    .holds_still = false,
    .is_set = false,
    .hides_address = true};

class NoneShape final : public TableShape<HiddenAddress> {
 public:
  using TableShape::TableShape;

 protected:
  void begin(std::size_t place, heap::ObjectRef object, SiteId /*site*/) override {
    static_cast<void>(registry().admit(object.address()));
    at(place).emplace(object);
  }
  [[nodiscard]] bool lose(std::size_t place) override {
    end(place);
    return true;
  }
  [[nodiscard]] heap::Address find(std::size_t place, heap::Address /*first*/) const override {
    return at(place).get();
  }
};

}  // namespace

heap::Named<PinShape> pin_shape_none() {
  return {
      .name = "none",
      .summary = "A0: no pin, the address is hidden from the collector; the negative control",
      .source = "golang/go#46787, workarounds 1 and 2 (ansiwen)",
      .make = []() -> std::unique_ptr<PinShape> { return std::make_unique<NoneShape>(kFacts); }};
}

}  // namespace pinlab::pinning
