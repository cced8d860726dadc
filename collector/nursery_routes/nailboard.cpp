// Y10: as wipe, with a table of bits for each block that says which objects are nailed. For
// nursery.nailboards blocks in a collection a table can be had; what is alive in the others is
// stuck.
#include "collector/nursery_route.hpp"

#include <array>

namespace pinlab::collector {

namespace {

constexpr auto kVariants = std::to_array<std::string_view>({"nursery.nailboards"});

class Nailboard final : public NurseryRoute {
 public:
  [[nodiscard]] std::span<const std::string_view> variants() const override { return kVariants; }
  [[nodiscard]] Evacuation evacuate(const CondemnedBlock& block) const override {
    return block.order < chosen().nailboards ? Evacuation::all_but_islands : Evacuation::none;
  }
  [[nodiscard]] Fate fate(const BlockCensus& /*block*/,
                          const NurseryCensus& /*nursery*/) const override {
    return Fate::old;
  }
};

}  // namespace

heap::Named<NurseryRoute> nursery_route_nailboard() {
  return {"nailboard", "as wipe, with a table for each block; without a table the block is stuck",
          "Y10; MPS AMC",
          [] { return std::unique_ptr<NurseryRoute>(std::make_unique<Nailboard>()); }};
}

}  // namespace pinlab::collector
