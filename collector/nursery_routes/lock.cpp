// Y0: no collection while anything is pinned. What stays in place here did so for want of space.
#include "collector/nursery_route.hpp"

namespace pinlab::collector {

namespace {

class Lock final : public NurseryRoute {
 public:
  [[nodiscard]] Admission admit(const pinning::PinRegistry& pins) const override {
    return pins.held() > 0 ? Admission::blocked_by_pins : Admission::now;
  }
  [[nodiscard]] Fate fate(const BlockCensus& /*census*/) const override {
    return Fate::old_with_gaps;
  }
};

}  // namespace

heap::Named<NurseryRoute> nursery_route_lock() {
  return {"lock", "no collection begins while anything is pinned", "Y0; HotSpot's GCLocker, ART",
          [] { return std::unique_ptr<NurseryRoute>(std::make_unique<Lock>()); }};
}

}  // namespace pinlab::collector
