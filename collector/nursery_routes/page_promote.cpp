// Y8: a block with a pin becomes old with all its objects, live or dead, and all of them are roots.
// The lower bound of what can be done about pins; Bartlett's page is the block here.
#include "collector/nursery_route.hpp"

namespace pinlab::collector {

namespace {

class PagePromote final : public NurseryRoute {
 public:
  [[nodiscard]] Evacuation evacuate(const CondemnedBlock& /*block*/) const override {
    return Evacuation::none_dead_or_alive;
  }
  [[nodiscard]] Fate fate(const BlockCensus& /*block*/,
                          const NurseryCensus& /*nursery*/) const override {
    return Fate::old;
  }
};

}  // namespace

heap::Named<NurseryRoute> nursery_route_page_promote() {
  return {"page_promote", "a block with a pin becomes old with all its objects, live or dead",
          "Y8; Bartlett 1988 (mostly-copying)",
          [] { return std::unique_ptr<NurseryRoute>(std::make_unique<PagePromote>()); }};
}

}  // namespace pinlab::collector
