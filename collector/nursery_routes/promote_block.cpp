// Y2: a block with islands becomes old where it stands; its gaps are the old generation's.
//
// Variants: what of the block is copied out before (nursery.evacuate: G1 knows only the class of
// what a critical section pins, Native Image copies nothing); and a block with less than
// nursery.retain alive is kept to be tried again, at most nursery.give_up times (G1's retained
// regions).
#include "collector/nursery_route.hpp"

#include <array>

namespace pinlab::collector {

namespace {

constexpr auto kVariants =
    std::to_array<std::string_view>({"nursery.evacuate", "nursery.retain", "nursery.give_up"});

class PromoteBlock final : public NurseryRoute {
 public:
  [[nodiscard]] std::span<const std::string_view> variants() const override { return kVariants; }
  [[nodiscard]] Evacuation evacuate(const CondemnedBlock& /*block*/) const override {
    switch (chosen().evacuate) {
      case Evacuate::by_class:
        return Evacuation::by_class;
      case Evacuate::none:
        return Evacuation::none;
      case Evacuate::all_but_islands:
        break;
    }
    return Evacuation::all_but_islands;
  }
  [[nodiscard]] Fate fate(const BlockCensus& block,
                          const NurseryCensus& /*nursery*/) const override {
    const bool sparse = chosen().retain > 0 && !is_share(block.live, chosen().retain, block.bytes);
    return sparse && block.age < chosen().give_up ? Fate::retry : Fate::old_with_gaps;
  }
};

}  // namespace

heap::Named<NurseryRoute> nursery_route_promote_block() {
  return {"promote_block", "a block with islands becomes old where it stands",
          "Y2; G1 (JEP 423), Native Image, Chez",
          [] { return std::unique_ptr<NurseryRoute>(std::make_unique<PromoteBlock>()); }};
}

}  // namespace pinlab::collector
