// O5: blocks in the order of their islands, most first. From the front the free stretches of blocks
// are filled, from the back blocks are emptied, until the two meet: what is emptied is what pins
// will not keep.
#include "collector/old_route.hpp"

#include <algorithm>
#include <array>

namespace pinlab::collector {

namespace {

class FillMostPinned final : public OldRoute {
 public:
  [[nodiscard]] std::span<const std::string_view> variants() const override {
    static constexpr auto kVariants =
        std::to_array<std::string_view>({"compact.fit", "compact.open_gaps", "compact.budget"});
    return kVariants;
  }

  void settle(OldVariants& variants) const override {
    variants.fit = variants.fit.value_or(Fit::first);
    variants.open_gaps = variants.open_gaps.value_or(OldVariants::kAllGaps);
  }

  [[nodiscard]] Itinerary decide(const RouteChoice& choice) const override {
    std::vector<OldBlockCensus> blocks;
    std::uint64_t room = 0;
    for (const OldBlockCensus& block : choice.blocks) {
      if (block.live > 0) {
        blocks.push_back(block);
        room += contiguous_now(choice, block.block, choice.gap_min);
      }
    }
    std::ranges::stable_sort(blocks, std::ranges::greater{}, &OldBlockCensus::island_count);
    Itinerary itinerary;
    itinerary.fit = *chosen().fit;
    std::uint64_t moved = 0;
    std::size_t end = blocks.size();
    for (; end > 0; --end) {
      const OldBlockCensus& source = blocks[end - 1];
      room -= contiguous_now(choice, source.block, choice.gap_min);
      if (moved + source.movable() > std::min(room, budget(choice))) {
        break;
      }
      moved += source.movable();
      itinerary.sources.push_back(source.block);
    }
    if (!itinerary.sources.empty()) {
      for (std::size_t i = 0; i < end; ++i) {
        itinerary.destinations.push_back(blocks[i].block);
      }
    }
    return itinerary;
  }
};

}  // namespace

heap::Named<OldRoute> old_route_fill_most_pinned() {
  return {"fill_most_pinned",
          "the free stretches of the most pinned blocks are filled from the least pinned ones",
          "O5; CRuby's compaction",
          [] { return std::unique_ptr<OldRoute>(std::make_unique<FillMostPinned>()); }};
}

}  // namespace pinlab::collector
