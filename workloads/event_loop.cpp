// W7: a foreign main loop that calls back and never returns: the pins of its arguments last as long
// as the program, and the calls within it, nested, pin and unpin on top of them. A stack of pins
// must let its upper frames go while the bottom never does.
#include "workloads/draws.hpp"
#include "workloads/use_cases/use_case.hpp"

#include <array>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

constexpr std::uint64_t kLeastArgument = 64;
constexpr std::uint64_t kMostArgument = 4096;
constexpr std::uint64_t kLeastEvent = 64;
constexpr std::uint64_t kMostEvent = 512;
constexpr std::uint64_t kLeastTime = 1'000;     // ns
constexpr std::uint64_t kMostTime = 5'000'000;  // ns

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.arguments",
     .type = ParameterType::count,
     .default_text = "10",
     .summary = "objects that the call which never returns was given",
     .least = 1,
     .most = 1024,
     .unit = "objects"},
});

class EventLoop final : public UseCase {
 public:
  EventLoop(const heap::ParameterValues& values, const UseCaseOptions& options)
      : options_(options), arguments_(values.count("workload.arguments")) {}

  [[nodiscard]] std::string_view name() const override { return "event_loop"; }
  [[nodiscard]] std::uint64_t most_bytes() const override { return arguments_ * kMostArgument; }
  [[nodiscard]] Nesting nesting() const override { return Nesting::stack; }

  [[nodiscard]] OperationPlan plan(std::uint64_t index, heap::Random& random) const override {
    OperationPlan plan;
    if (index == 0) {
      plan.ending = TransferEnding::never;
      for (std::uint64_t i = 0; i < arguments_; ++i) {
        plan.buffers.push_back(draw_log_uniform(kLeastArgument, kMostArgument, random));
      }
      return plan;
    }
    for (std::uint32_t i = 0; i < options_.set; ++i) {
      plan.buffers.push_back(kLeastEvent + random.below(kMostEvent - kLeastEvent + 1));
    }
    plan.lasts = options_.bytes_in(draw_log_uniform(kLeastTime, kMostTime, random));
    return plan;
  }

 private:
  UseCaseOptions options_;
  std::uint64_t arguments_;
};

}  // namespace

WorkloadEntry workload_event_loop() {
  static const auto table = use_case_parameters(Transfers::no,
                                                {{"workload.lifetime", "call"},
                                                 {"workload.operations", "1000"},
                                                 {"workload.in_flight", "10"},
                                                 {"workload.interval", "1ms"}},
                                                kParameters);
  return {.name = "event_loop",
          .summary = "W7: a foreign loop that never returns, and nested calls back from it",
          .source = "golang/go#46787: bcmills; tailscale PR 19277",
          .parameters = table,
          .make = make_use_case_of<EventLoop>,
          .most_threads = kMostThreads};
}

}  // namespace pinlab::workloads
