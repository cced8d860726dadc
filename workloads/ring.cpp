// W3: a submission and completion queue: requests complete in any order, and some are cancelled by
// a time limit that lies in the managed heap too. A pin begins before the submission entry is
// written, and ends when the completion was taken.
#include "workloads/draws.hpp"
#include "workloads/use_cases/use_case.hpp"

#include <array>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

constexpr std::uint64_t kMedian = 100'000;  // ns
constexpr std::uint64_t kP99 = 10'000'000;  // ns
constexpr std::uint64_t kMessageHeader = 56;

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.cancelled",
     .type = ParameterType::share,
     .default_text = "0.1%",
     .summary = "the chance that nothing comes for a request, until its linked time limit ends it"},
    {.name = "workload.size_least",
     .type = ParameterType::size,
     .default_text = "4KiB",
     .summary = "bytes of the smallest buffer",
     .least = 1,
     .most = std::uint64_t{1} << 20U},
    {.name = "workload.size_most",
     .type = ParameterType::size,
     .default_text = "64KiB",
     .summary = "bytes of the largest buffer; uniform on a scale of powers of two",
     .least = 1,
     .most = std::uint64_t{1} << 20U},
});

class Ring final : public UseCase {
 public:
  Ring(const heap::ParameterValues& values, const UseCaseOptions& options)
      : options_(options),
        cancelled_(values.share("workload.cancelled")),
        least_(values.size("workload.size_least")),
        most_(values.size("workload.size_most")) {
    if (most_ < least_) {
      throw heap::ParameterError("workload.size_least is above workload.size_most");
    }
  }

  [[nodiscard]] std::string_view name() const override { return "ring"; }
  [[nodiscard]] std::uint64_t most_bytes() const override { return options_.set * most_; }

  [[nodiscard]] OperationPlan plan(std::uint64_t /*index*/, heap::Random& random) const override {
    OperationPlan plan{.transfers = Transfers::yes, .controls = {kMessageHeader}};
    for (std::uint32_t i = 0; i < options_.set; ++i) {
      plan.buffers.push_back(draw_log_uniform(least_, most_, random));
    }
    plan.lasts = options_.bytes_in(draw_log_normal(kMedian, kP99, random));
    plan.at_once = random.below(2) == 0;
    plan.direction = random.below(2) == 0 ? IoDirection::read : IoDirection::write;
    if (random.chance(cancelled_)) {
      plan.direction = IoDirection::read;
      plan.ending = TransferEnding::limit;
    }
    return plan;
  }

 private:
  UseCaseOptions options_;
  std::uint64_t cancelled_;
  std::uint64_t least_;
  std::uint64_t most_;
};

}  // namespace

WorkloadEntry workload_ring() {
  static const auto table = use_case_parameters(Transfers::yes,
                                                {{"workload.operations", "10000"},
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
