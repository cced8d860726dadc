// O6: the runs of objects of sparse blocks without pins go to the gaps of all other blocks, each to
// the smallest power of two that holds it; all of them, or none: then they go to free blocks.
#include "collector/old_route.hpp"
#include "collector/source_lines.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace pinlab::collector {

namespace {

/// Counts by power of two.
using Powers = std::array<std::uint64_t, 48>;

class BestFit final : public OldRoute {
 public:
  [[nodiscard]] std::span<const std::string_view> variants() const override {
    static constexpr auto kVariants = std::to_array<std::string_view>({"compact.budget"});
    return kVariants;
  }

  void settle(OldVariants& variants) const override { variants.fit = Fit::best; }

  [[nodiscard]] Itinerary decide(const RouteChoice& choice) const override {
    std::vector<OldBlockCensus> candidates(choice.blocks.begin(), choice.blocks.end());
    std::erase_if(candidates,
                  [](const OldBlockCensus& block) { return block.islands > 0 || block.live == 0; });
    Itinerary itinerary;
    itinerary.fit = Fit::best;
    itinerary.sources = worthwhile(candidates, choice, budget(choice));
    // An exhaustive compaction would empty all of them: the densest half takes in what it can.
    if (choice.effort == CompactEffort::exhaustive) {
      std::ranges::stable_sort(itinerary.sources, {},
                               [&](heap::Block block) { return choice.census(block).live; });
      itinerary.sources.resize((itinerary.sources.size() + 1) / 2);
      std::ranges::sort(itinerary.sources);
    }
    for (const OldBlockCensus& block : choice.blocks) {
      if (block.live > 0 && !std::ranges::binary_search(itinerary.sources, block.block)) {
        itinerary.destinations.push_back(block.block);
      }
    }
    if (!everything_fits(choice, itinerary)) {
      itinerary.destinations = free_blocks(choice);
      itinerary.fit = Fit::next;
    }
    return itinerary;
  }

 private:
  /// By histograms: runs by the power of two that is not below them, gaps by the one that is not
  /// above. From the largest runs down, gaps are split.
  static bool everything_fits(const RouteChoice& choice, const Itinerary& itinerary) {
    Powers runs{};
    Powers gaps{};
    for (const heap::Block block : itinerary.sources) {
      for_each_run(choice.heap, choice.heap.range_of(block), [&](std::size_t bytes) {
        ++runs[static_cast<std::size_t>(std::bit_width(bytes - 1))];
      });
    }
    for (const heap::Block block : itinerary.destinations) {
      choice.heap.marks().for_each_gap(
          choice.heap.range_of(block), choice.gap_min, [&](heap::AddressRange gap) {
            ++gaps[static_cast<std::size_t>(std::bit_width(gap.bytes())) - 1];
          });
    }
    std::uint64_t open = 0;  // gaps of the power that is looked at, and pieces of larger ones
    for (std::size_t power = runs.size(); power-- > 0;) {
      open = 2 * open + gaps[power];
      if (runs[power] > open) {
        return false;
      }
      open -= runs[power];
    }
    return true;
  }
};

}  // namespace

heap::Named<OldRoute> old_route_best_fit() {
  return {"best_fit", "runs of objects go to the smallest gaps that hold them, all or none",
          "O6; CoreCLR's heap expansion",
          [] { return std::unique_ptr<OldRoute>(std::make_unique<BestFit>()); }};
}

}  // namespace pinlab::collector
