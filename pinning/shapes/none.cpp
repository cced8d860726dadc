#include "pinning/shapes/none.hpp"

#include <memory>

namespace pinlab::pinning {

namespace {

class NoneShape final : public PinShape {
 public:
  [[nodiscard]] bool immobile() const override { return false; }
  [[nodiscard]] ShapeLifetime lifetime() const override { return ShapeLifetime::none; }
  void open(PinRegistry& /*registry*/) override {}
  [[nodiscard]] std::uint32_t pin(heap::ObjectRef /*object*/, SiteId /*site*/) override {
    return 1;
  }
  void unpin(std::uint32_t /*ticket*/) override {}
};

}  // namespace

heap::Named<PinShape> pin_shape_none() {
  return {.name = "none",
          .summary = "A0: no pin, the address is hidden from the collector; the negative control",
          .source = "golang/go#46787, workarounds 1 and 2 (ansiwen)",
          .make = []() -> std::unique_ptr<PinShape> { return std::make_unique<NoneShape>(); }};
}

}  // namespace pinlab::pinning
