// Y1: islands stay in the nursery and are not promoted; the gaps between them are the next
// nursery's.
#include "collector/nursery_route.hpp"

namespace pinlab::collector {

namespace {

class Fragments final : public NurseryRoute {
 public:
  [[nodiscard]] Admission admit(const pinning::PinRegistry& /*pins*/) const override {
    return Admission::now;
  }
  [[nodiscard]] Fate fate(const BlockCensus& /*census*/) const override {
    return Fate::nursery_gaps;
  }
};

}  // namespace

heap::Named<NurseryRoute> nursery_route_fragments() {
  return {"fragments", "islands stay in the nursery, which allocates around them", "Y1; Mono SGen",
          [] { return std::unique_ptr<NurseryRoute>(std::make_unique<Fragments>()); }};
}

}  // namespace pinlab::collector
