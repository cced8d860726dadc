// GCBench with its original constants: trees built top-down and bottom-up, in equal bytes for each
// depth, beside a long-lived tree and a large array without references.
#include "workloads/tree.hpp"
#include "workloads/workload.hpp"

#include <array>
#include <bit>
#include <string>

namespace pinlab::workloads {

namespace {

constexpr std::uint64_t kArraySize = 500'000;
constexpr unsigned kLeastDepth = 4;
constexpr std::uint64_t kNodeBytes = 8;  ///< two integers, never used

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.depth",
     .type = heap::ParameterType::count,
     .default_text = "16",
     .summary = "depth of the long-lived tree and of the largest others; 16 is the original, and "
                "the first tree is two levels deeper",
     .least = kLeastDepth,
     .most = 30,
     .unit = "levels"},
});

class GcBench final : public Workload {
 public:
  explicit GcBench(const heap::ParameterValues& values)
      : depth_(static_cast<unsigned>(values.count("workload.depth"))) {}

  void run(WorkloadContext& context) override {
    if (context.pins.enabled()) {
      context.pins.use_names(names_);
      bench<Pinning::on>(context);
    } else {
      bench<Pinning::off>(context);
    }
  }

 private:
  [[nodiscard]] static heap::Address element(heap::ObjectRef array, std::uint64_t index) {
    return array.slot(0) + index * sizeof(double);
  }

  [[nodiscard]] static heap::ObjectRef make_array(WorkloadContext& context) {
    const heap::ObjectRef array =
        context.mutator.allocate({.references = 0, .bytes = kArraySize * sizeof(double)});
    for (std::uint64_t i = 1; i < kArraySize / 2; ++i) {
      element(array, i).word() = std::bit_cast<std::uint64_t>(1.0 / static_cast<double>(i));
    }
    return array;
  }

  static void check_array(heap::ObjectRef array) {
    if (element(array, 1000).word() != std::bit_cast<std::uint64_t>(1.0 / 1000.0)) {
      throw std::logic_error("gcbench: the array of numbers has changed");
    }
  }

  /// The original visits none of them; one of each kind costs next to nothing.
  static void check_first(std::uint64_t iteration, heap::ObjectRef tree, unsigned depth) {
    if (iteration == 0) {
      check_nodes("gcbench", count_nodes(tree), tree_nodes(depth));
    }
  }

  /// Trees as often as the first tree has room for them twice, top-down and then bottom-up.
  template <Pinning kPinning>
  void build_and_drop(WorkloadContext& context, unsigned depth) const {
    const std::uint64_t iterations = 2 * tree_nodes(depth_ + 2) / tree_nodes(depth);
    for (std::uint64_t i = 0; i < iterations; ++i) {
      const PinScope scope(context.pins);
      TreePins pins(context.pins);
      TreeBuilder<kPinning, kNodeBytes> trees(context, pins);
      const collector::Root tree(context.mutator, trees.make_node());
      trees.populate(tree.get(), depth);
      check_first(i, tree.get(), depth);
    }
    for (std::uint64_t i = 0; i < iterations; ++i) {
      const PinScope scope(context.pins);
      TreePins pins(context.pins);
      TreeBuilder<kPinning, kNodeBytes> trees(context, pins);
      check_first(i, trees.make(depth), depth);
    }
  }

  template <Pinning kPinning>
  void bench(WorkloadContext& context) const {
    {
      const PinScope scope(context.pins);
      TreePins pins(context.pins);
      TreeBuilder<kPinning, kNodeBytes> trees(context, pins);
      check_nodes("gcbench", count_nodes(trees.make(depth_ + 2)), tree_nodes(depth_ + 2));
    }
    TreePins pins(context.pins);
    TreeBuilder<kPinning, kNodeBytes> trees(context, pins);
    const collector::Root long_lived(context.mutator, trees.make_node());
    trees.populate(long_lived.get(), depth_);
    const collector::Root array(context.mutator, make_array(context));
    context.leave(long_lived.get());
    context.leave(array.get());
    for (unsigned depth = kLeastDepth; depth <= depth_; depth += 2) {
      build_and_drop<kPinning>(context, depth);
    }
    check_nodes("gcbench", count_nodes(long_lived.get()), tree_nodes(depth_));
    check_array(array.get());
  }

  unsigned depth_;
  OneSite names_{"gcbench node"};
};

}  // namespace

WorkloadEntry workload_gcbench() {
  return {.name = "gcbench",
          .summary = "trees built top-down and bottom-up beside a long-lived tree and an array",
          .source = "GCBench (Boehm, after Ellis and Kovac), with its constants",
          .parameters = kParameters,
          .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
            return std::make_unique<GcBench>(values);
          }};
}

}  // namespace pinlab::workloads
