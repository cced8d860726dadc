// O2: a block with an island is neither source nor destination; the others slide. What becomes of
// its gaps is where the collectors differ: old.skipped_gaps.
#include "collector/old_route.hpp"

#include <array>

namespace pinlab::collector {

namespace {

class SkipBlock final : public OldRoute {
 public:
  [[nodiscard]] std::span<const std::string_view> variants() const override {
    static constexpr auto kVariants = std::to_array<std::string_view>(
        {"compact.fit", "compact.open_gaps", "compact.budget", "old.skipped_gaps"});
    return kVariants;
  }

  [[nodiscard]] Itinerary decide(const RouteChoice& choice) const override {
    std::vector<OldBlockCensus> candidates(choice.blocks.begin(), choice.blocks.end());
    std::erase_if(candidates, [](const OldBlockCensus& block) { return block.islands > 0; });
    return slide(worthwhile(candidates, choice, budget(choice)), chosen());
  }

  [[nodiscard]] Offer offer(const OldBlockCensus& after) const override {
    return after.islands > 0 ? chosen().skipped_gaps : Offer::all;
  }
};

}  // namespace

heap::Named<OldRoute> old_route_skip_block() {
  return {"skip_block", "blocks with islands are left as they are or swept, the others slide",
          "O2; SGen and Native Image (old.skipped_gaps=all), Shenandoah (tail), G1's full "
          "collections (none)",
          [] { return std::unique_ptr<OldRoute>(std::make_unique<SkipBlock>()); }};
}

}  // namespace pinlab::collector
