// Y7: nothing is moved. What is alive gets its mark bits and is old from then on, between whatever
// else is in its block; the next objects are born in the gaps of any block. A pin costs nothing.
//
// Variant: the young objects of a block are copied out while its old ones take less than
// nursery.copy of it.
#include "collector/nursery_route.hpp"

#include <array>

namespace pinlab::collector {

namespace {

constexpr auto kVariants = std::to_array<std::string_view>({"nursery.copy"});

class Sticky final : public NurseryRoute {
 public:
  [[nodiscard]] std::span<const std::string_view> variants() const override { return kVariants; }
  /// What survives once is old: there is no second place in which a young object could wait.
  void settle(Options& options) const override {
    options.nursery_survivals = 0;
    options.nursery_tenuring = Tenuring::fixed;
  }
  [[nodiscard]] Motion motion(std::uint32_t /*free_blocks*/) const override { return Motion::stay; }
  [[nodiscard]] bool bears_between_old() const override { return true; }
  [[nodiscard]] Evacuation evacuate(const CondemnedBlock& block) const override {
    const bool sparse = chosen().copy > 0 && !is_share(block.old, chosen().copy, block.bytes);
    return sparse ? Evacuation::all_but_islands : Evacuation::none;
  }
  [[nodiscard]] Fate fate(const BlockCensus& /*block*/,
                          const NurseryCensus& /*nursery*/) const override {
    return Fate::mixed;
  }
};

}  // namespace

heap::Named<NurseryRoute> nursery_route_sticky() {
  return {"sticky",
          "nothing moves: survivors are old where they are, and allocation goes on between them",
          "Y7; Sticky Immix, Whippet",
          [] { return std::unique_ptr<NurseryRoute>(std::make_unique<Sticky>()); }};
}

}  // namespace pinlab::collector
