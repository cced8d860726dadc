// O4: targets are picked by their use alone, before pins are known; then those that turn out to
// hold islands are struck out, and their part of the budget is lost. The others are evacuated to
// free blocks.
#include "heap/support/wide.hpp"
#include "collector/old_route.hpp"

#include <algorithm>
#include <array>

namespace pinlab::collector {

namespace {

constexpr std::uint64_t kBillion = 1'000'000'000;

class LateVeto final : public OldRoute {
 public:
  [[nodiscard]] std::span<const std::string_view> variants() const override {
    static constexpr auto kVariants = std::to_array<std::string_view>(
        {"compact.budget", "old.headroom",
         "old.utilisation", "old.overhead"});
    return kVariants;
  }

  void settle(OldVariants& variants) const override {
    constexpr std::uint64_t kBytesCopied = std::uint64_t{30} << 20U;
    variants.budget = variants.budget.value_or(kBytesCopied);
  }

  [[nodiscard]] Itinerary decide(const RouteChoice& choice) const override {
    std::vector<OldBlockCensus> targets = pick(choice);
    Itinerary itinerary;
    for (const OldBlockCensus& target : targets) {
      if (target.islands > 0) {
        ++itinerary.vetoed_blocks;
        itinerary.vetoed_bytes += target.movable();
      } else {
        itinerary.sources.push_back(target.block);
      }
    }
    std::ranges::sort(itinerary.sources);
    if (!itinerary.sources.empty()) {
      itinerary.destinations = free_blocks(choice);
    }
    return itinerary;
  }

 private:
  /// The sparsest, under the budget; none where too little would come of it.
  [[nodiscard]] std::vector<OldBlockCensus> pick(const RouteChoice& choice) const {
    std::uint64_t used = 0;
    std::uint64_t live = 0;
    std::vector<OldBlockCensus> targets;
    for (const OldBlockCensus& block : choice.blocks) {
      used += block.live > 0 ? choice.block_bytes() : 0;
      live += block.live;
      const std::uint64_t most =
          choice.effort == CompactEffort::exhaustive ? kBillion : chosen().utilisation;
      if (block.live > 0 &&
          heap::Wide{block.live} * kBillion <= heap::Wide{choice.block_bytes()} * most) {
        targets.push_back(block);
      }
    }
    if (choice.effort == CompactEffort::adaptive &&
        heap::Wide{used} * kBillion <= heap::Wide{live} * chosen().overhead) {
      return {};
    }
    std::ranges::stable_sort(targets, {}, &OldBlockCensus::live);
    std::uint64_t left = budget(choice);
    std::size_t picked = 0;
    for (; picked < targets.size() && targets[picked].live <= left; ++picked) {
      left -= targets[picked].live;
    }
    targets.resize(picked);
    return targets;
  }
};

}  // namespace

heap::Named<OldRoute> old_route_late_veto() {
  return {"late_veto", "targets are picked before pins are known; those with pins are struck out",
          "O4; SBCL's mark-region collector, V8's aborted pages",
          [] { return std::unique_ptr<OldRoute>(std::make_unique<LateVeto>()); }};
}

}  // namespace pinlab::collector
