// Every object that shares a line with the pinned one stays.
#include "pinning/spread.hpp"

namespace pinlab::pinning {

namespace {

class Line final : public Spread {
 public:
  [[nodiscard]] heap::AddressRange reach(heap::AddressRange object,
                                         heap::AddressRange /*block*/,
                                         const SpreadUnits& units) const override {
    return {object.base.align_down(units.line), object.limit.align_up(units.line)};
  }
};

}  // namespace

heap::Named<Spread> spread_line() {
  return {"line", "objects that share a line of pin.spread_line bytes with a pinned one stay too",
          "Immix (MMTk), Whippet",
          [] { return std::unique_ptr<Spread>(std::make_unique<Line>()); }};
}

}  // namespace pinlab::pinning
