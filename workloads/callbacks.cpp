// W10: small objects that are pinned for the length of a call into foreign code, so that it can
// hand them to a callback: hundreds of thousands of pins a second, of objects that lie side by
// side.
#include "workloads/use_cases/use_case.hpp"

namespace pinlab::workloads {

namespace {

class Callbacks final : public UseCase {
 public:
  Callbacks(const heap::ParameterValues& /*values*/, const UseCaseOptions& options)
      : options_(options) {}

  [[nodiscard]] std::string_view name() const override { return "callbacks"; }
  [[nodiscard]] std::uint64_t most_bytes() const override { return 0; }

  [[nodiscard]] OperationPlan plan(std::uint64_t /*index*/, heap::Random& random) const override {
    OperationPlan plan;
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

WorkloadEntry workload_callbacks() {
  static const auto table = use_case_parameters(Transfers::no,
                                                {{"workload.lifetime", "call"},
                                                 {"workload.sizes", "uniform(16B,64B)"},
                                                 {"workload.lasts", "log_uniform(1us,100us)"},
                                                 {"workload.operations", "200000"},
                                                 {"workload.interval", "1us"}},
                                                {});
  return {.name = "callbacks",
          .summary = "W10: contexts of callbacks, pinned for microseconds, very often",
          .source = "Go's cgo.Handle; flier/gohs issues 61, 62 and 64",
          .parameters = table,
          .make = make_use_case_of<Callbacks>,
          .most_threads = kMostThreads};
}

}  // namespace pinlab::workloads
