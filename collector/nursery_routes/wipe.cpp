// Y9: everything but the islands is copied out, the rest of the block is wiped with fillers; the
// block becomes old, and nobody allocates in it.
#include "collector/nursery_route.hpp"

namespace pinlab::collector {

namespace {

class Wipe final : public NurseryRoute {
 public:
  [[nodiscard]] Fate fate(const BlockCensus& /*block*/,
                          const NurseryCensus& /*nursery*/) const override {
    return Fate::old;
  }
};

}  // namespace

heap::Named<NurseryRoute> nursery_route_wipe() {
  return {"wipe", "what is beside islands becomes filler in an old block that is closed",
          "Y9; SBCL gencgc",
          [] { return std::unique_ptr<NurseryRoute>(std::make_unique<Wipe>()); }};
}

}  // namespace pinlab::collector
