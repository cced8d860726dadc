// Compacts from one threshold on, collection after collection, until fragmentation has fallen below
// another.
#include "collector/compact_rule.hpp"

#include <array>

namespace pinlab::collector {

namespace {

class Hysteresis final : public CompactRule {
 public:
  [[nodiscard]] std::span<const std::string_view> variants() const override {
    static constexpr auto kVariants = std::to_array<std::string_view>({"compact.stop_share"});
    return kVariants;
  }

  [[nodiscard]] bool compacts(const CompactSituation& situation,
                              const CompactVariants& variants) const override {
    return situation.compacted_before ? situation.free_share() >= variants.stop_share
                                      : is_fragmented(situation, variants);
  }
};

}  // namespace

heap::Named<CompactRule> compact_rule_hysteresis() {
  return {"hysteresis",
          "begins to compact as threshold does, and goes on until less than compact.stop_share is "
          "free",
          "Whippet: begins above 10 % fragmentation, ends below 5 %",
          [] { return std::unique_ptr<CompactRule>(std::make_unique<Hysteresis>()); }};
}

}  // namespace pinlab::collector
