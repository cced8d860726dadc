// Only the pinned object itself stays.
#include "pinning/spread.hpp"

namespace pinlab::pinning {

namespace {

class Object final : public Spread {
 public:
  [[nodiscard]] Company company() const override { return Company::none; }
  [[nodiscard]] heap::AddressRange reach(heap::AddressRange object,
                                         heap::AddressRange /*block*/,
                                         const SpreadUnits& /*units*/) const override {
    return object;
  }
};

}  // namespace

heap::Named<Spread> spread_object() {
  return {"object", "only the pinned object stays", "CoreCLR's POPO, SBCL gencgc, MPS nailboards",
          [] { return std::unique_ptr<Spread>(std::make_unique<Object>()); }};
}

}  // namespace pinlab::pinning
