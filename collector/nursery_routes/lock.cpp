// Y0: no collection while anything is pinned. What stays in place here did so for want of space.
//
// Variants: a request that pins refuse waits for an unpin (HotSpot's stalled allocator, ART); or
// gives up when it has waited nursery.lock_retries times and found no memory, or when nobody is
// left who could unpin (GCLockerRetryAllocationCount, and the null that a thread in a critical
// section got); or holds everyone else back at their next poll, so that nobody pins meanwhile.
#include "collector/nursery_route.hpp"

#include <array>

namespace pinlab::collector {

namespace {

constexpr auto kVariants =
    std::to_array<std::string_view>({"nursery.lock", "nursery.lock_retries"});

class Lock final : public NurseryRoute {
 public:
  [[nodiscard]] std::span<const std::string_view> variants() const override { return kVariants; }
  [[nodiscard]] Admission admit(const pinning::PinRegistry& pins) const override {
    if (pins.held() == 0) {
      return Admission::now;
    }
    switch (chosen().lock) {
      case LockVariant::retry:
        return Admission::wait_or_give_up;
      case LockVariant::hold_back:
        return Admission::hold_back;
      case LockVariant::wait:
        break;
    }
    return Admission::wait;
  }
  [[nodiscard]] Fate fate(const BlockCensus& /*block*/,
                          const NurseryCensus& /*nursery*/) const override {
    return Fate::old_with_gaps;
  }
};

}  // namespace

heap::Named<NurseryRoute> nursery_route_lock() {
  return {"lock", "no collection begins while anything is pinned", "Y0; HotSpot's GCLocker, ART",
          [] { return std::unique_ptr<NurseryRoute>(std::make_unique<Lock>()); }};
}

}  // namespace pinlab::collector
