// Every object that shares an eighth of a page with the pinned one stays.
#include "pinning/spread.hpp"

namespace pinlab::pinning {

namespace {

class EighthPage final : public Spread {
 public:
  [[nodiscard]] heap::AddressRange reach(heap::AddressRange object,
                                         heap::AddressRange /*block*/,
                                         const SpreadUnits& units) const override {
    const std::size_t eighth = units.page / 8;
    return {object.base.align_down(eighth), object.limit.align_up(eighth)};
  }
};

}  // namespace

heap::Named<Spread> spread_eighth_page() {
  return {
      "eighth_page",
      "objects that share an eighth of a page of pin.spread_page bytes with a pinned one stay too",
      "SBCL gencgc: its mask of pins has 8 bits a page",
      [] { return std::unique_ptr<Spread>(std::make_unique<EighthPage>()); }};
}

}  // namespace pinlab::pinning
