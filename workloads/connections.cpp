// W4: a server's connections, each with one read outstanding that waits for a long time, and now
// and then a write: what Windows' completion ports make of Go's internal/poll. Many pins and next
// to no churn: the worst realistic fragmenter.
#include "workloads/use_cases/use_case.hpp"

#include <algorithm>
#include <array>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

constexpr std::uint64_t kMostWait = 600 * heap::kBillion;  // ns

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.writes",
     .type = ParameterType::share,
     .default_text = "25%",
     .summary = "the share of operations that are writes, which are short"},
    {.name = "workload.write_lasts",
     .type = ParameterType::text,
     .default_text = "exp(100us)",
     .summary = "how long a write lasts; workload.lasts: a read, ten minutes at the most"},
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
        write_lasts_("workload.write_lasts", values.text("workload.write_lasts"), LengthUnit::time),
        cancelled_(values.share("workload.cancelled")) {}

  [[nodiscard]] std::string_view name() const override { return "connections"; }
  [[nodiscard]] std::uint64_t most_bytes() const override {
    return options_.set * options_.size_most;
  }

  // The object of the operation (OVERLAPPED and what internal/poll adds), the peer's address.
  [[nodiscard]] OperationPlan plan(std::uint64_t /*index*/, heap::Random& random) const override {
    OperationPlan plan{.transfers = Transfers::yes,
                       .controls = {64 + random.below(33), 28 + random.below(101)}};
    for (std::uint32_t i = 0; i < options_.set; ++i) {
      plan.buffers.push_back(options_.draw_size(random));
    }
    if (random.chance(writes_)) {
      plan.direction = IoDirection::write;
      plan.lasts = options_.bytes_in(write_lasts_.draw(random));
      return plan;
    }
    plan.direction = IoDirection::read;
    plan.at_once = false;
    draw_end(plan, options_, random);
    plan.lasts = std::min(plan.lasts, options_.bytes_in(kMostWait));
    if (random.chance(cancelled_)) {
      plan.ending = TransferEnding::cancel;
    }
    return plan;
  }

 private:
  UseCaseOptions options_;
  std::uint64_t writes_;
  LengthMixture write_lasts_;
  std::uint64_t cancelled_;
};

}  // namespace

WorkloadEntry workload_connections() {
  static const auto table = use_case_parameters(Transfers::yes,
                                                {{"workload.channel", "socket"},
                                                 {"workload.sizes", "0.1:64KiB,0.9:4KiB"},
                                                 {"workload.size_most", "64KiB"},
                                                 {"workload.lasts", "pareto(1.2,1ms)"},
                                                 {"workload.in_flight", "1000"},
                                                 {"workload.interval", "0s"}},
                                                kParameters);
  return {.name = "connections",
          .summary = "W4: connections with a read outstanding each, most of them idle",
          .source = "golang/go#46787: aclements; Go's internal/poll on Windows (6ab37c1ca5)",
          .parameters = table,
          .make = make_use_case_of<Connections>,
          .most_threads = kMostThreads};
}

}  // namespace pinlab::workloads
