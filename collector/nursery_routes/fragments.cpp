// Y1: islands stay in the nursery and are not promoted; the gaps between them are the next
// nursery's.
//
// Variants: an island that nursery.cement old slots refer to is old where it stands until the next
// full collection, so that these slots need no card; nursery.cramped=degraded lets objects be born
// old while islands leave too little room, instead of a full collection that ages them out.
#include "collector/nursery_route.hpp"

#include <array>

namespace pinlab::collector {

namespace {

constexpr auto kVariants = std::to_array<std::string_view>({"nursery.cement", "nursery.cramped"});

class Fragments final : public NurseryRoute {
 public:
  [[nodiscard]] std::span<const std::string_view> variants() const override { return kVariants; }
  [[nodiscard]] Fate fate(const BlockCensus& /*block*/,
                          const NurseryCensus& /*nursery*/) const override {
    return Fate::nursery_gaps;
  }
};

}  // namespace

heap::Named<NurseryRoute> nursery_route_fragments() {
  return {"fragments", "islands stay in the nursery, which allocates around them", "Y1; Mono SGen",
          [] { return std::unique_ptr<NurseryRoute>(std::make_unique<Fragments>()); }};
}

}  // namespace pinlab::collector
