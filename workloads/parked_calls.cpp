// W2: blocking reads, of which some never return: their buffers stay pinned as long as the program
// runs, however bounded the pins of a call are meant to be.
#include "workloads/use_cases/use_case.hpp"

#include <array>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.never",
     .type = ParameterType::share,
     .default_text = "1%",
     .summary = "the chance that a call never returns, whatever workload.lasts says"},
});

class ParkedCalls final : public UseCase {
 public:
  ParkedCalls(const heap::ParameterValues& values, const UseCaseOptions& options)
      : options_(options), never_(values.share("workload.never")) {}

  [[nodiscard]] std::string_view name() const override { return "parked_calls"; }
  [[nodiscard]] std::uint64_t most_bytes() const override {
    return options_.set * options_.size_most;
  }

  [[nodiscard]] OperationPlan plan(std::uint64_t /*index*/, heap::Random& random) const override {
    OperationPlan plan{
        .transfers = Transfers::yes, .direction = IoDirection::read, .at_once = false};
    for (std::uint32_t i = 0; i < options_.set; ++i) {
      plan.buffers.push_back(options_.draw_size(random));
    }
    const bool never = random.chance(never_);
    draw_end(plan, options_, random);
    if (never) {
      plan.ending = TransferEnding::never;
    }
    return plan;
  }

 private:
  UseCaseOptions options_;
  std::uint64_t never_;
};

}  // namespace

WorkloadEntry workload_parked_calls() {
  static const auto table = use_case_parameters(Transfers::yes,
                                                {{"workload.lifetime", "call"},
                                                 {"workload.lasts", "exp(1ms)"},
                                                 {"workload.channel", "socket"},
                                                 {"workload.operations", "20000"},
                                                 {"workload.in_flight", "256"},
                                                 {"workload.interval", "10us"}},
                                                kParameters);
  return {.name = "parked_calls",
          .summary = "W2: blocking reads, of which some never return",
          .source = "golang/go#46787: hnes, prattmic, bcmills; ansiwen's calls that never return",
          .parameters = table,
          .make = make_use_case_of<ParkedCalls>,
          .most_threads = kMostThreads};
}

}  // namespace pinlab::workloads
