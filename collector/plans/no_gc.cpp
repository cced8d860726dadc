// Never collects: the baseline for what collecting costs (OpenJDK's Epsilon).
#include "collector/plan.hpp"

#include <algorithm>

namespace pinlab::collector {

namespace {

class NoGc final : public Plan {
 public:
  void settle(Options& options) const override { options.nursery_size = options.heap_max; }

  [[nodiscard]] heap::AddressRange take(Generations& generations, std::size_t need) override {
    return generations.nursery.take(need, kRefillBytes);
  }
  [[nodiscard]] Next next(const Generations& /*generations*/) const override {
    return Next::exhausted;
  }
  [[nodiscard]] bool marks_live() const override { return false; }

  void collect(Generations& /*generations*/,
               const RootSet& /*roots*/,
               PauseKind /*kind*/,
               CompactEffort /*effort*/,
               PauseReport& /*report*/) override {}
};

}  // namespace

heap::Named<Plan> plan_no_gc() {
  return {"no_gc", "never collects", "OpenJDK Epsilon (JEP 318)",
          [] { return std::unique_ptr<Plan>(std::make_unique<NoGc>()); }};
}

}  // namespace pinlab::collector
