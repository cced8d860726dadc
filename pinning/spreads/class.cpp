// The block knows that a primitive array in it is pinned, not which one.
#include "pinning/spread.hpp"

namespace pinlab::pinning {

namespace {

class Class final : public Spread {
 public:
  [[nodiscard]] Company company() const override { return Company::primitive_arrays; }
  [[nodiscard]] heap::AddressRange reach(heap::AddressRange /*object*/,
                                         heap::AddressRange block,
                                         const SpreadUnits& /*units*/) const override {
    return block;
  }
};

}  // namespace

heap::Named<Spread> spread_class() {
  return {"class", "every primitive array of a block with a pin stays; what has references moves",
          "G1 (JEP 423): a region counts its pins",
          [] { return std::unique_ptr<Spread>(std::make_unique<Class>()); }};
}

}  // namespace pinlab::pinning
