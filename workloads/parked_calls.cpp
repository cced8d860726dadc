// W2: blocking reads, of which some never return: their buffers stay pinned as long as the program
// runs, however bounded the pins of a call are meant to be.
#include "workloads/draws.hpp"
#include "workloads/use_cases/use_case.hpp"

#include <array>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

constexpr std::uint64_t kMeanCall = 1'000'000;  // ns

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.never",
     .type = ParameterType::share,
     .default_text = "1%",
     .summary = "the chance that a call never returns"},
    {.name = "workload.size",
     .type = ParameterType::size,
     .default_text = "4KiB",
     .summary = "bytes of a read buffer",
     .least = 1,
     .most = std::uint64_t{1} << 20U},
});

class ParkedCalls final : public UseCase {
 public:
  ParkedCalls(const heap::ParameterValues& values, const UseCaseOptions& options)
      : options_(options),
        never_(values.share("workload.never")),
        bytes_(values.size("workload.size")) {}

  [[nodiscard]] std::string_view name() const override { return "parked_calls"; }
  [[nodiscard]] std::uint64_t most_bytes() const override { return options_.set * bytes_; }

  [[nodiscard]] OperationPlan plan(std::uint64_t /*index*/, heap::Random& random) const override {
    OperationPlan plan{.transfers = Transfers::yes,
                       .direction = IoDirection::read,
                       .buffers = std::vector<std::uint64_t>(options_.set, bytes_),
                       .at_once = false};
    plan.ending = random.chance(never_) ? TransferEnding::never : TransferEnding::data;
    plan.lasts = options_.bytes_in(draw_exponential(kMeanCall, random));
    return plan;
  }

 private:
  UseCaseOptions options_;
  std::uint64_t never_;
  std::uint64_t bytes_;
};

}  // namespace

WorkloadEntry workload_parked_calls() {
  static const auto table = use_case_parameters(Transfers::yes,
                                                {{"workload.lifetime", "call"},
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
