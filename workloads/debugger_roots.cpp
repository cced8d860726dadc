// W12: objects that a debugger keeps: pinned by hand, for as long as the program runs, with the
// object that pins them pinned too. Go's runtime.debugPinnerV1.
#include "workloads/use_cases/use_case.hpp"

namespace pinlab::workloads {

namespace {

constexpr std::uint64_t kPinnerBytes = 64;

class DebuggerRoots final : public UseCase {
 public:
  DebuggerRoots(const heap::ParameterValues& /*values*/, const UseCaseOptions& options)
      : options_(options) {}

  [[nodiscard]] std::string_view name() const override { return "debugger_roots"; }
  [[nodiscard]] std::uint64_t most_bytes() const override { return 0; }

  [[nodiscard]] OperationPlan plan(std::uint64_t /*index*/, heap::Random& random) const override {
    OperationPlan plan{.controls = {kPinnerBytes}};
    for (std::uint32_t i = 0; i < options_.set; ++i) {
      plan.buffers.push_back(options_.draw_size(random));
    }
    draw_end(plan, options_, random);
    return plan;
  }

 private:
  UseCaseOptions options_;
};

}  // namespace

WorkloadEntry workload_debugger_roots() {
  static const auto table = use_case_parameters(Transfers::no,
                                                {{"workload.lifetime", "process"},
                                                 {"workload.sizes", "dacapo"},
                                                 {"workload.lasts", "forever"},
                                                 {"workload.operations", "100"},
                                                 {"workload.interval", "1ms"}},
                                                {});
  return {.name = "debugger_roots",
          .summary = "W12: objects that a debugger pinned by hand and keeps",
          .source = "Go 1.23, runtime.debugPinnerV1",
          .parameters = table,
          .make = make_use_case_of<DebuggerRoots>,
          .most_threads = kMostThreads};
}

}  // namespace pinlab::workloads
