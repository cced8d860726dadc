// W6: asynchronous reads and writes of an operating system or library that calls back from a thread
// of its own, which also ends the pins.
#include "workloads/use_cases/use_case.hpp"

namespace pinlab::workloads {

namespace {

class AsyncIo final : public UseCase {
 public:
  AsyncIo(const heap::ParameterValues& /*values*/, const UseCaseOptions& options)
      : options_(options) {}

  [[nodiscard]] std::string_view name() const override { return "async_io"; }
  [[nodiscard]] std::uint64_t most_bytes() const override {
    return options_.set * options_.size_most;
  }

  [[nodiscard]] OperationPlan plan(std::uint64_t /*index*/, heap::Random& random) const override {
    OperationPlan plan{.transfers = Transfers::yes};
    for (std::uint32_t i = 0; i < options_.set; ++i) {
      plan.buffers.push_back(options_.draw_size(random));
    }
    plan.direction = random.below(2) == 0 ? IoDirection::read : IoDirection::write;
    plan.at_once = random.below(2) == 0;
    draw_end(plan, options_, random);
    return plan;
  }

 private:
  UseCaseOptions options_;
};

}  // namespace

WorkloadEntry workload_async_io() {
  static const auto table = use_case_parameters(Transfers::yes,
                                                {{"workload.unpin_thread", "other"},
                                                 {"workload.sizes", "log_uniform(1KiB,1MiB)"},
                                                 {"workload.lasts", "gamma(2,1ms)"},
                                                 {"workload.operations", "3000"},
                                                 {"workload.in_flight", "100"},
                                                 {"workload.interval", "50us"}},
                                                {});
  return {.name = "async_io",
          .summary = "W6: asynchronous I/O whose completion ends the pin on another thread",
          .source = "golang/go#46787: ansiwen",
          .parameters = table,
          .make = make_use_case_of<AsyncIo>,
          .most_threads = kMostThreads};
}

}  // namespace pinlab::workloads
