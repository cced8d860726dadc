// O7: what is pinned stands apart. Whatever may move leaves the blocks with islands, nothing goes
// to them, and only what is born for pins (pin.placement) is allocated there; the others slide.
#include "collector/old_route.hpp"

#include <algorithm>
#include <array>

namespace pinlab::collector {

namespace {

class Segregated final : public OldRoute {
 public:
  [[nodiscard]] std::span<const std::string_view> variants() const override {
    static constexpr auto kVariants =
        std::to_array<std::string_view>({"compact.fit", "compact.open_gaps", "compact.budget"});
    return kVariants;
  }

  [[nodiscard]] Itinerary decide(const RouteChoice& choice) const override {
    std::vector<OldBlockCensus> others;
    std::uint64_t left = budget(choice);
    SourceList pinned;
    for (const OldBlockCensus& block : choice.blocks) {
      if (block.islands == 0) {
        others.push_back(block);
      } else if (block.movable() > 0 && block.movable() <= left) {
        pinned.push_back(block.block);
        left -= block.movable();
      }
    }
    Itinerary itinerary = slide(worthwhile(others, choice, left), chosen());
    if (pinned.empty()) {
      return itinerary;
    }
    // An exhaustive slide fills the free blocks below its sources already.
    const DestinationList slid = itinerary.destinations;
    for (const heap::Block block : free_blocks(choice)) {
      if (!std::ranges::binary_search(slid, block)) {
        itinerary.destinations.push_back(block);
      }
    }
    itinerary.sources.insert(itinerary.sources.end(), pinned.begin(), pinned.end());
    return itinerary;
  }

  [[nodiscard]] Offer offer(const OldBlockCensus& after) const override {
    return after.islands > 0 ? Offer::pinned : Offer::all;
  }
};

}  // namespace

heap::Named<OldRoute> old_route_segregated() {
  return {"segregated", "pinned objects get blocks of their own; the other blocks slide",
          "O7; CoreCLR's pinned object heap, GHC's large and pinned blocks",
          [] { return std::unique_ptr<OldRoute>(std::make_unique<Segregated>()); }};
}

}  // namespace pinlab::collector
