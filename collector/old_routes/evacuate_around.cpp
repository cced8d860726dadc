// O3: the sparsest blocks are candidates, pins or not, as long as what lives in them finds room; it
// goes to the gaps of the other blocks and to free ones. What is pinned, or finds no room, stays,
// and its block with it.
#include "collector/old_route.hpp"

#include <algorithm>
#include <array>

namespace pinlab::collector {

namespace {

class EvacuateAround final : public OldRoute {
 public:
  [[nodiscard]] std::span<const std::string_view> variants() const override {
    static constexpr auto kVariants = std::to_array<std::string_view>(
        {"compact.fit", "compact.open_gaps", "compact.budget", "old.headroom"});
    return kVariants;
  }

  void settle(OldVariants& variants) const override {
    constexpr std::uint64_t kImmixHeadroom = 20'000'000;  // 2 %
    variants.headroom = variants.headroom.value_or(kImmixHeadroom);
    variants.fit = variants.fit.value_or(Fit::first);
    variants.open_gaps = variants.open_gaps.value_or(OldVariants::kAllGaps);
  }

  [[nodiscard]] Itinerary decide(const RouteChoice& choice) const override {
    Itinerary itinerary;
    std::uint64_t room = 0;
    std::vector<OldBlockCensus> used;
    for (const OldBlockCensus& block : choice.blocks) {
      room += block.free ? choice.block_bytes() : 0;
      if (block.live > 0) {
        used.push_back(block);
        room += contiguous_now(choice, block.block, choice.gap_min);
      }
    }
    const SourceList candidates = worthwhile(used, choice, budget(choice));
    std::vector<OldBlockCensus> sparsest_first;
    for (const heap::Block block : candidates) {
      sparsest_first.push_back(choice.census(block));
    }
    std::ranges::stable_sort(sparsest_first, {}, &OldBlockCensus::live);
    std::uint64_t needed = 0;
    for (const OldBlockCensus& block : sparsest_first) {
      room -= contiguous_now(choice, block.block, choice.gap_min);
      if (needed + block.live > room) {
        break;
      }
      needed += block.live;
      itinerary.sources.push_back(block.block);
    }
    std::ranges::sort(itinerary.sources);
    for (const OldBlockCensus& block : used) {
      if (!std::ranges::binary_search(itinerary.sources, block.block)) {
        itinerary.destinations.push_back(block.block);
      }
    }
    const DestinationList fresh = free_blocks(choice);
    itinerary.destinations.insert(itinerary.destinations.end(), fresh.begin(), fresh.end());
    itinerary.fit = *chosen().fit;
    return itinerary;
  }
};

}  // namespace

heap::Named<OldRoute> old_route_evacuate_around() {
  return {"evacuate_around",
          "the sparsest blocks are evacuated, pins unseen; what is pinned or has no room stays",
          "O3; Immix (Blackburn and McKinley 2008), MMTk, Whippet",
          [] { return std::unique_ptr<OldRoute>(std::make_unique<EvacuateAround>()); }};
}

}  // namespace pinlab::collector
