// W3: a submission and completion queue: requests complete in any order, and some are cancelled by
// a time limit that lies in the managed heap too. A pin begins before the submission entry is
// written, and ends when the completion was taken.
#include "workloads/use_cases/use_case.hpp"

#include <array>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

constexpr std::uint64_t kMessageHeader = 56;

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.cancelled",
     .type = ParameterType::share,
     .default_text = "0.1%",
     .summary = "the chance that nothing comes for a request, until its linked time limit ends it"},
    {.name = "workload.registered",
     .type = ParameterType::count,
     .default_text = "0",
     .summary = "buffers of workload.size_most that are pinned, and known to the ring, as long as "
                "the program runs; a request takes one that is idle instead of a new buffer",
     .most = 1024,
     .unit = "buffers"},
});

class Ring final : public UseCase {
 public:
  Ring(const heap::ParameterValues& values, const UseCaseOptions& options)
      : options_(options), cancelled_(values.share("workload.cancelled")) {}

  [[nodiscard]] std::string_view name() const override { return "ring"; }
  [[nodiscard]] std::uint64_t most_bytes() const override {
    return options_.set * options_.size_most;
  }

  [[nodiscard]] OperationPlan plan(std::uint64_t /*index*/, heap::Random& random) const override {
    OperationPlan plan{.transfers = Transfers::yes, .controls = {kMessageHeader}};
    for (std::uint32_t i = 0; i < options_.set; ++i) {
      plan.buffers.push_back(options_.draw_size(random));
    }
    plan.at_once = random.below(2) == 0;
    plan.direction = random.below(2) == 0 ? IoDirection::read : IoDirection::write;
    draw_end(plan, options_, random);
    if (random.chance(cancelled_)) {
      plan.direction = IoDirection::read;
      plan.ending = TransferEnding::limit;
    }
    return plan;
  }

 private:
  UseCaseOptions options_;
  std::uint64_t cancelled_;
};

}  // namespace

WorkloadEntry workload_ring() {
  static const auto table = use_case_parameters(Transfers::yes,
                                                {{"workload.sizes", "log_uniform(4KiB,64KiB)"},
                                                 {"workload.size_most", "64KiB"},
                                                 {"workload.lasts", "log_normal(100us,10ms)"},
                                                 {"workload.operations", "10000"},
                                                 {"workload.in_flight", "256"},
                                                 {"workload.interval", "5us"}},
                                                kParameters);
  return {.name = "ring",
          .summary = "W3: requests to io_uring, completed in any order, some cancelled",
          .source = "golang/go#46787: balasanjay; Axboe 2019",
          .parameters = table,
          .make = make_use_case_of<Ring>,
          .most_threads = kMostThreads};
}

}  // namespace pinlab::workloads
