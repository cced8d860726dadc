// Many short-lived binary trees beside a long-lived one: allocation and tracing of the smallest
// objects that have references, and the generational hypothesis at its best.
#include "workloads/tree.hpp"
#include "workloads/workload.hpp"

#include <algorithm>
#include <array>

namespace pinlab::workloads {

namespace {

constexpr unsigned kLeastDepth = 4;

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.depth",
     .type = heap::ParameterType::count,
     .default_text = "18",
     .summary = "depth of the long-lived tree; below 6 it is 6",
     .most = 32,
     .unit = "levels"},
});

class BinaryTrees final : public Workload {
 public:
  explicit BinaryTrees(const heap::ParameterValues& values)
      : depth_(std::max(kLeastDepth + 2, static_cast<unsigned>(values.count("workload.depth")))) {}

  void run(WorkloadContext& context) override {
    if (context.pins.enabled()) {
      context.pins.use_names(names_);
      build<Pinning::on>(context);
    } else {
      build<Pinning::off>(context);
    }
  }

 private:
  template <Pinning kPinning>
  void build(WorkloadContext& context) const {
    const auto make_and_drop = [&](unsigned depth) {
      const PinScope scope(context.pins);
      TreePins pins(context.pins);
      TreeBuilder<kPinning, 0> trees(context, pins);
      check_nodes("binary_trees", count_nodes(trees.make(depth)), tree_nodes(depth));
    };

    make_and_drop(depth_ + 1);
    TreePins pins(context.pins);
    TreeBuilder<kPinning, 0> trees(context, pins);
    const collector::Root long_lived(context.mutator, trees.make(depth_));
    context.leave(long_lived.get());
    for (unsigned depth = kLeastDepth; depth <= depth_; depth += 2) {
      const std::uint64_t iterations = std::uint64_t{1} << (depth_ - depth + kLeastDepth);
      for (std::uint64_t i = 0; i < iterations; ++i) {
        make_and_drop(depth);
      }
    }
    check_nodes("binary_trees", count_nodes(long_lived.get()), tree_nodes(depth_));
  }

  unsigned depth_;
  OneSite names_{"binary_trees node"};
};

}  // namespace

WorkloadEntry workload_binary_trees() {
  return {.name = "binary_trees",
          .summary = "short-lived binary trees of many depths beside a long-lived one",
          .source = "the Computer Language Benchmarks Game, binary-trees; after GCBench",
          .parameters = kParameters,
          .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
            return std::make_unique<BinaryTrees>(values);
          }};
}

}  // namespace pinlab::workloads
