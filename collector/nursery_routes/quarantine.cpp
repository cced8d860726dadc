// Y3: a block with islands stays in the nursery as it is, closed to allocation until the next young
// collection looks at it again.
#include "collector/nursery_route.hpp"

namespace pinlab::collector {

namespace {

class Quarantine final : public NurseryRoute {
 public:
  [[nodiscard]] Fate fate(const BlockCensus& /*block*/,
                          const NurseryCensus& /*nursery*/) const override {
    return Fate::closed;
  }
};

}  // namespace

heap::Named<NurseryRoute> nursery_route_quarantine() {
  return {"quarantine", "a block with islands stays in the nursery, closed to allocation",
          "Y3; V8's scavenger without promotion of pages",
          [] { return std::unique_ptr<NurseryRoute>(std::make_unique<Quarantine>()); }};
}

}  // namespace pinlab::collector
