// Y2: everything but the islands is copied out; the block becomes old where it stands, its gaps are
// the old generation's.
#include "collector/nursery_route.hpp"

namespace pinlab::collector {

namespace {

class PromoteBlock final : public NurseryRoute {
 public:
  [[nodiscard]] Admission admit(const pinning::PinRegistry& /*pins*/) const override {
    return Admission::now;
  }
  [[nodiscard]] Fate fate(const BlockCensus& /*census*/) const override {
    return Fate::old_with_gaps;
  }
};

}  // namespace

heap::Named<NurseryRoute> nursery_route_promote_block() {
  return {"promote_block", "a block with islands becomes old where it stands",
          "Y2; G1 (JEP 423), Native Image, Chez",
          [] { return std::unique_ptr<NurseryRoute>(std::make_unique<PromoteBlock>()); }};
}

}  // namespace pinlab::collector
