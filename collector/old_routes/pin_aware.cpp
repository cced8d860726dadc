// O8: sources are chosen by what becomes contiguous for each byte that moves: a whole block where
// nothing is pinned, else the free stretches between islands. What moves goes to the most pinned
// blocks first, which stay anyway, then down in the blocks without pins: no free block is needed.
#include "heap/support/wide.hpp"
#include "collector/old_route.hpp"

#include <algorithm>
#include <array>

namespace pinlab::collector {

namespace {

struct Candidate {
  OldBlockCensus census;
  std::uint64_t gain = 0;
};

bool gains_more(const Candidate& a, const Candidate& b) {
  return heap::Wide{a.gain} * b.census.movable() > heap::Wide{b.gain} * a.census.movable();
}

bool more_pinned(const OldBlockCensus& a, const OldBlockCensus& b) {
  return a.island_count != b.island_count ? a.island_count > b.island_count : a.block < b.block;
}

class PinAware final : public OldRoute {
 public:
  [[nodiscard]] std::span<const std::string_view> variants() const override {
    static constexpr auto kVariants = std::to_array<std::string_view>(
        {"compact.fit", "compact.open_gaps", "compact.budget", "old.contiguous"});
    return kVariants;
  }

  void settle(OldVariants& variants) const override {
    variants.fit = variants.fit.value_or(Fit::first);
    variants.open_gaps = variants.open_gaps.value_or(OldVariants::kAllGaps);
  }

  [[nodiscard]] Itinerary decide(const RouteChoice& choice) const override {
    std::vector<OldBlockCensus> sources = choose(choice);
    if (sources.empty()) {
      return {};
    }
    std::ranges::sort(sources, more_pinned);  // those without pins come last, by address
    std::vector<OldBlockCensus> pinned;
    std::ranges::copy_if(choice.blocks, std::back_inserter(pinned),
                         [](const OldBlockCensus& block) { return block.islands > 0; });
    std::ranges::sort(pinned, more_pinned);
    Itinerary itinerary;
    itinerary.fit = *chosen().fit;
    for (const OldBlockCensus& block : pinned) {
      itinerary.destinations.push_back(block.block);
    }
    for (const OldBlockCensus& source : sources) {
      itinerary.sources.push_back(source.block);
      if (source.islands == 0) {
        itinerary.destinations.push_back(source.block);
      }
    }
    return itinerary;
  }

 private:
  [[nodiscard]] std::vector<OldBlockCensus> choose(const RouteChoice& choice) const {
    std::vector<Candidate> candidates;
    std::uint64_t live = 0;
    for (const OldBlockCensus& block : choice.blocks) {
      live += block.live;
      const std::uint64_t gain = gain_of(block, choice);
      if (block.movable() > 0 && gain > 0) {
        candidates.push_back({block, gain});
      }
    }
    std::ranges::stable_sort(candidates, gains_more);
    // While the next one's cost for each byte gained is below the average, as in worthwhile().
    std::uint64_t cost = live / 2;
    std::uint64_t gained = 0;
    std::uint64_t left = budget(choice);
    std::vector<OldBlockCensus> chosen_blocks;
    for (const auto& [census, gain] : candidates) {
      const bool dearer =
          gained > 0 && heap::Wide{census.movable()} * gained > heap::Wide{cost} * gain;
      if (census.movable() > left || (choice.effort == CompactEffort::adaptive && dearer)) {
        break;
      }
      cost += census.movable();
      left -= census.movable();
      gained += gain;
      chosen_blocks.push_back(census);
    }
    return chosen_blocks;
  }

  [[nodiscard]] std::uint64_t gain_of(const OldBlockCensus& block,
                                      const RouteChoice& choice) const {
    if (block.islands == 0) {
      return choice.block_bytes();
    }
    const std::uint64_t least = chosen().contiguous;
    return contiguous_between_islands(choice, block.block, least) -
           contiguous_now(choice, block.block, least);
  }
};

}  // namespace

heap::Named<OldRoute> old_route_pin_aware() {
  return {"pin_aware",
          "what becomes contiguous for each byte moved chooses the sources; the most pinned blocks "
          "are filled first",
          "O8; no collector yet (asked for in mmtk-core issue 1328)",
          [] { return std::unique_ptr<OldRoute>(std::make_unique<PinAware>()); }};
}

}  // namespace pinlab::collector
