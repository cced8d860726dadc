// Y6: survivors slide block by block, around the islands; of a block into which none came, only
// islands are left, and it is demoted: it stays young, and its gaps are so much more nursery.
//
// Variants: a block with at least nursery.sweep of it alive is swept in place instead (sweep in
// plan); one with at least nursery.promote of it pinned is promoted (before runtime PR 112403).
// With no block free, nothing moves (the special sweep).
#include "collector/nursery_route.hpp"

#include <array>

namespace pinlab::collector {

namespace {

constexpr auto kVariants = std::to_array<std::string_view>({"nursery.sweep", "nursery.promote"});

constexpr std::uint64_t kHugePin = std::uint64_t{6} << 20U;  // gc.cpp of CoreCLR

class RegionDemote final : public NurseryRoute {
 public:
  [[nodiscard]] std::span<const std::string_view> variants() const override { return kVariants; }
  /// What survives once is old: there is no second place in which a young object could wait.
  void settle(Options& options) const override {
    options.nursery_survivals = 0;
    options.nursery_tenuring = Tenuring::fixed;
  }
  [[nodiscard]] Motion motion(std::uint32_t free_blocks) const override {
    return free_blocks == 0 ? Motion::stay : Motion::slide;
  }
  [[nodiscard]] bool slides(const BlockCensus& marked) const override {
    return !is_share(marked.live, chosen().sweep, marked.bytes);
  }
  [[nodiscard]] Evacuation evacuate(const CondemnedBlock& /*block*/) const override {
    return Evacuation::none;
  }
  [[nodiscard]] Fate fate(const BlockCensus& block,
                          const NurseryCensus& /*nursery*/) const override {
    const bool promotes = !block.above_survivors || block.largest_pinned >= kHugePin ||
                          is_share(block.pinned, chosen().promote, block.bytes);
    return promotes ? Fate::old_with_gaps : Fate::demoted;
  }
};

}  // namespace

heap::Named<NurseryRoute> nursery_route_region_demote() {
  return {"region_demote", "survivors slide block by block; a block of islands alone stays young",
          "Y6; CoreCLR with regions",
          [] { return std::unique_ptr<NurseryRoute>(std::make_unique<RegionDemote>()); }};
}

}  // namespace pinlab::collector
