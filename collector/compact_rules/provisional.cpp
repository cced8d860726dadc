// An old generation that is most of the heap is expensive to compact, and, fragmented by pins, may
// gain nothing: it is compacted only when young collections made it grow beyond its gaps.
#include "heap/support/wide.hpp"
#include "collector/compact_rule.hpp"

#include <array>

namespace pinlab::collector {

namespace {

class Provisional final : public CompactRule {
 public:
  [[nodiscard]] std::span<const std::string_view> variants() const override {
    static constexpr auto kVariants = std::to_array<std::string_view>({"compact.heap_share"});
    return kVariants;
  }

  [[nodiscard]] bool compacts(const CompactSituation& situation,
                              const CompactVariants& variants) const override {
    constexpr std::uint64_t kBillion = 1'000'000'000;
    constexpr std::uint64_t kFreeShare = kBillion / 10;
    const bool most_of_heap = heap::Wide{situation.used} * kBillion >
                              heap::Wide{situation.heap_max} * variants.heap_share;
    const bool provisional = most_of_heap && situation.free_share() > kFreeShare;
    const bool grew = situation.used > situation.used_before;
    return is_fragmented(situation, variants) && (!provisional || grew);
  }
};

}  // namespace

heap::Named<CompactRule> compact_rule_provisional() {
  return {"provisional",
          "as threshold; but while the old generation is more than compact.heap_share of heap.max, "
          "and more than 10 % of it free, only when young collections made it grow",
          "CoreCLR's provisional mode",
          [] { return std::unique_ptr<CompactRule>(std::make_unique<Provisional>()); }};
}

}  // namespace pinlab::collector
