// Copies everything at each collection, into the half of the heap that was left free. Islands stay
// in their blocks, and the gaps beside them are allocated in.
#include "collector/pin_census.hpp"
#include "collector/plan.hpp"
#include "collector/young.hpp"

#include <algorithm>

namespace pinlab::collector {

namespace {

class Semispace final : public Plan {
 public:
  void settle(Options& options) const override {
    options.nursery_size = options.heap_max / 2;
    options.nursery_route = options.nursery_route == "lock" ? "lock" : "fragments";
  }

  [[nodiscard]] heap::AddressRange take(Generations& generations, std::size_t need) override {
    heap::Heap& heap = generations.heap;
    const heap::AddressRange range = generations.nursery.take_gap(need, kRefillBytes);
    if (!range.empty()) {
      return range;
    }
    const std::uint64_t blocks = heap.used_bytes() - heap.large().bytes();
    if (2 * (blocks + heap.block_bytes()) + heap.large().bytes() > heap.max_bytes()) {
      return {};
    }
    return generations.nursery.take(need, kRefillBytes);
  }

  [[nodiscard]] Next next(const Generations& /*generations*/) const override { return Next::full; }

  [[nodiscard]] bool marks_live() const override { return false; }

  void collect(Generations& generations,
               const RootSet& roots,
               PauseKind /*kind*/,
               CompactEffort /*effort*/,
               PauseReport& report) override {
    report.kind = PauseKind::full;
    collect_young(generations, roots, {.scope = YoungScope::whole}, report);
    census_pins(generations, report);
  }
};

}  // namespace

heap::Named<Plan> plan_semispace() {
  return {"semispace", "copies everything into the free half",
          "Fenichel and Yochelson 1969; Cheney 1970",
          [] { return std::unique_ptr<Plan>(std::make_unique<Semispace>()); }};
}

}  // namespace pinlab::collector
