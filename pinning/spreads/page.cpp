// Every object that shares a page with the pinned one stays.
#include "pinning/spread.hpp"

namespace pinlab::pinning {

namespace {

class Page final : public Spread {
 public:
  [[nodiscard]] heap::AddressRange reach(heap::AddressRange object,
                                         heap::AddressRange /*block*/,
                                         const SpreadUnits& units) const override {
    return {object.base.align_down(units.page), object.limit.align_up(units.page)};
  }
};

}  // namespace

heap::Named<Spread> spread_page() {
  return {"page", "objects that share a page of pin.spread_page bytes with a pinned one stay too",
          "mostly-copying collectors (Bartlett 1988); SBCL cheneygc pages, V8 pages",
          [] { return std::unique_ptr<Spread>(std::make_unique<Page>()); }};
}

}  // namespace pinlab::pinning
