// Y5: survivors slide to lower addresses, around the islands. Islands above the last survivor are
// demoted: they stay young, and the next objects are born in the gaps between them. But if these
// pins are many for the space that they would keep, and for what survived, they are promoted.
#include "collector/nursery_route.hpp"

namespace pinlab::collector {

namespace {

// gc.cpp of CoreCLR: demotion is skipped above these shares, and for pins of this size.
constexpr std::uint64_t kOfSpace = 150'000'000;
constexpr std::uint64_t kOfSurvivors = 300'000'000;
constexpr std::uint64_t kHugePin = std::uint64_t{6} << 20U;

class PlugDemote final : public NurseryRoute {
 public:
  /// What survives once is old: there is no second place in which a young object could wait.
  void settle(Options& options) const override {
    options.nursery_survivals = 0;
    options.nursery_tenuring = Tenuring::fixed;
  }
  [[nodiscard]] Motion motion(std::uint32_t /*free_blocks*/) const override {
    return Motion::slide;
  }
  [[nodiscard]] Fate fate(const BlockCensus& block, const NurseryCensus& nursery) const override {
    const bool many = is_share(nursery.pinned_above, kOfSpace, nursery.space_above) &&
                      is_share(nursery.pinned_above, kOfSurvivors, nursery.survivors);
    const bool stays_young = block.above_survivors && !many && block.largest_pinned < kHugePin;
    return stays_young ? Fate::demoted : Fate::old_with_gaps;
  }
};

}  // namespace

heap::Named<NurseryRoute> nursery_route_plug_demote() {
  return {"plug_demote",
          "survivors slide around islands; islands above the last survivor stay young",
          "Y5; CoreCLR with segments",
          [] { return std::unique_ptr<NurseryRoute>(std::make_unique<PlugDemote>()); }};
}

}  // namespace pinlab::collector
