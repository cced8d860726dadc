// W1: readv and writev of several buffers at once, pinned for the length of the call. Real users:
// go-ceph (one Pinner for each buffer), PKCS#11 bindings (one for each attribute).
#include "workloads/use_cases/use_case.hpp"

namespace pinlab::workloads {

namespace {

class Iovec final : public UseCase {
 public:
  Iovec(const heap::ParameterValues& /*values*/, const UseCaseOptions& options)
      : options_(options) {}

  [[nodiscard]] std::string_view name() const override { return "iovec"; }
  [[nodiscard]] std::uint64_t most_bytes() const override {
    return options_.set * options_.size_most;
  }

  [[nodiscard]] OperationPlan plan(std::uint64_t /*index*/, heap::Random& random) const override {
    OperationPlan plan{.transfers = Transfers::yes};
    plan.direction = random.below(2) == 0 ? IoDirection::read : IoDirection::write;
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

WorkloadEntry workload_iovec() {
  static const auto table = use_case_parameters(Transfers::yes,
                                                {{"workload.lifetime", "call"},
                                                 {"workload.set", "16"},
                                                 {"workload.sizes", "log_normal(16KiB,256KiB)"},
                                                 {"workload.size_least", "512B"},
                                                 {"workload.lasts", "0.01:5ms,0.99:exp(50us)"},
                                                 {"workload.together", "false"},
                                                 {"workload.operations", "1000"},
                                                 {"workload.in_flight", "16"}},
                                                {});
  return {.name = "iovec",
          .summary = "W1: readv and writev of several buffers, pinned for the call",
          .source = "golang/go#46787, problem statement; go-ceph",
          .parameters = table,
          .make = make_use_case_of<Iovec>,
          .most_threads = kMostThreads};
}

}  // namespace pinlab::workloads
