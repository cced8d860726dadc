// Never moves: everything is born old, and a full collection makes gaps of what is dead. What Go
// is.
#include "collector/plan.hpp"

namespace pinlab::collector {

namespace {

class MarkSweep final : public TwoGenerations {
 public:
  void settle(Options& options) const override {
    options.nursery_size = 0;
    options.old_route = "sweep";
    // Nothing is compacted, so a gap that is not offered would be lost for good.
    options.gap_min = heap::kGranuleBytes;
  }
};

}  // namespace

heap::Named<Plan> plan_mark_sweep() {
  return {"mark_sweep", "never moves; the baseline", "Go's collector; McCarthy 1960",
          [] { return std::unique_ptr<Plan>(std::make_unique<MarkSweep>()); }};
}

}  // namespace pinlab::collector
