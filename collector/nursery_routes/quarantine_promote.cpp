// Y4: as quarantine, until the block is as old as an object must be to be promoted; then it becomes
// old with its islands, and its gaps are the old generation's.
#include "collector/nursery_route.hpp"

namespace pinlab::collector {

namespace {

class QuarantinePromote final : public NurseryRoute {
 public:
  [[nodiscard]] Fate fate(const BlockCensus& block,
                          const NurseryCensus& /*nursery*/) const override {
    return block.age < block.survivals ? Fate::closed : Fate::old_with_gaps;
  }
};

}  // namespace

heap::Named<NurseryRoute> nursery_route_quarantine_promote() {
  return {"quarantine_promote",
          "as quarantine, until the block is old enough to be promoted with its islands",
          "Y4; V8's scavenger with promotion of pages",
          [] { return std::unique_ptr<NurseryRoute>(std::make_unique<QuarantinePromote>()); }};
}

}  // namespace pinlab::collector
