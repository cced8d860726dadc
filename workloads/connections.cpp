// W4: a server's connections, each with one read outstanding that waits for a long time, and now
// and then a write: what Windows' completion ports make of Go's internal/poll. Many pins and next
// to no churn: the worst realistic fragmenter.
#include "workloads/draws.hpp"
#include "workloads/use_cases/use_case.hpp"

#include <algorithm>
#include <array>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

constexpr std::uint64_t kAlpha = 1200;                     // thousandths
constexpr std::uint64_t kLeastWait = 1'000'000;            // ns
constexpr std::uint64_t kMostWait = 600 * heap::kBillion;  // ns
constexpr std::uint64_t kMeanWrite = 100'000;              // ns
constexpr std::uint64_t kStreamBytes = 4096;
constexpr std::uint64_t kDatagramBytes = 65'536;

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.writes",
     .type = ParameterType::share,
     .default_text = "25%",
     .summary = "the share of operations that are writes, which are short"},
    {.name = "workload.datagrams",
     .type = ParameterType::share,
     .default_text = "10%",
     .summary = "the share of operations with 64KiB buffers, as of UDP; the others have 4KiB"},
    {.name = "workload.cancelled",
     .type = ParameterType::share,
     .default_text = "0.1%",
     .summary = "the chance that the program cancels a read; its pin lasts until it is cancelled"},
});

class Connections final : public UseCase {
 public:
  Connections(const heap::ParameterValues& values, const UseCaseOptions& options)
      : options_(options),
        writes_(values.share("workload.writes")),
        datagrams_(values.share("workload.datagrams")),
        cancelled_(values.share("workload.cancelled")) {}

  [[nodiscard]] std::string_view name() const override { return "connections"; }
  [[nodiscard]] std::uint64_t most_bytes() const override { return options_.set * kDatagramBytes; }

  // The object of the operation (OVERLAPPED and what internal/poll adds), the peer's address.
  [[nodiscard]] OperationPlan plan(std::uint64_t /*index*/, heap::Random& random) const override {
    const std::uint64_t bytes = random.chance(datagrams_) ? kDatagramBytes : kStreamBytes;
    OperationPlan plan{.transfers = Transfers::yes,
                       .buffers = std::vector<std::uint64_t>(options_.set, bytes),
                       .controls = {64 + random.below(33), 28 + random.below(101)}};
    if (random.chance(writes_)) {
      plan.direction = IoDirection::write;
      plan.lasts = options_.bytes_in(draw_exponential(kMeanWrite, random));
      return plan;
    }
    plan.direction = IoDirection::read;
    plan.at_once = false;
    plan.ending = random.chance(cancelled_) ? TransferEnding::cancel : TransferEnding::data;
    plan.lasts = options_.bytes_in(std::min(draw_pareto(kAlpha, kLeastWait, random), kMostWait));
    return plan;
  }

 private:
  UseCaseOptions options_;
  std::uint64_t writes_;
  std::uint64_t datagrams_;
  std::uint64_t cancelled_;
};

}  // namespace

WorkloadEntry workload_connections() {
  static const auto table = use_case_parameters(
      Transfers::yes,
      {{"workload.channel", "socket"}, {"workload.in_flight", "1000"}, {"workload.interval", "0s"}},
      kParameters);
  return {.name = "connections",
          .summary = "W4: connections with a read outstanding each, most of them idle",
          .source = "golang/go#46787: aclements; Go's internal/poll on Windows (6ab37c1ca5)",
          .parameters = table,
          .make = make_use_case_of<Connections>,
          .most_threads = kMostThreads};
}

}  // namespace pinlab::workloads
