// Compacts whenever enough is free in used blocks; with the defaults, always.
#include "collector/compact_rule.hpp"

namespace pinlab::collector {

namespace {

class Threshold final : public CompactRule {
 public:
  [[nodiscard]] bool compacts(const CompactSituation& situation,
                              const CompactVariants& variants) const override {
    return is_fragmented(situation, variants);
  }
};

}  // namespace

heap::Named<CompactRule> compact_rule_threshold() {
  return {"threshold", "compacts where compact.least_free and compact.least_share are free",
          "CoreCLR: dd_fragmentation_limit and dd_fragmentation_burden_limit",
          [] { return std::unique_ptr<CompactRule>(std::make_unique<Threshold>()); }};
}

}  // namespace pinlab::collector
