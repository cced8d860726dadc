// W7: a foreign main loop that calls back and never returns: the pins of its arguments last as long
// as the program, and the calls within it, nested, pin and unpin on top of them. A stack of pins
// must let its upper frames go while the bottom never does.
#include "workloads/use_cases/use_case.hpp"

#include <algorithm>
#include <array>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.arguments",
     .type = ParameterType::count,
     .default_text = "10",
     .summary = "objects that the call which never returns was given",
     .least = 1,
     .most = 1024,
     .unit = "objects"},
    {.name = "workload.argument_sizes",
     .type = ParameterType::text,
     .default_text = "log_uniform(64B,4KiB)",
     .summary = "bytes of an argument; workload.sizes: of what a call back is given"},
});

class EventLoop final : public UseCase {
 public:
  EventLoop(const heap::ParameterValues& values, const UseCaseOptions& options)
      : options_(options),
        arguments_(values.count("workload.arguments")),
        argument_sizes_(
            "workload.argument_sizes", values.text("workload.argument_sizes"), LengthUnit::size) {}

  [[nodiscard]] std::string_view name() const override { return "event_loop"; }
  [[nodiscard]] std::uint64_t most_bytes() const override { return 0; }
  [[nodiscard]] Nesting nesting() const override { return Nesting::stack; }

  [[nodiscard]] OperationPlan plan(std::uint64_t index, heap::Random& random) const override {
    OperationPlan plan;
    if (index == 0) {
      plan.ending = TransferEnding::never;
      for (std::uint64_t i = 0; i < arguments_; ++i) {
        plan.buffers.push_back(std::min(argument_sizes_.draw(random), options_.size_most));
      }
      return plan;
    }
    for (std::uint32_t i = 0; i < options_.set; ++i) {
      plan.buffers.push_back(options_.draw_size(random));
    }
    draw_end(plan, options_, random);
    return plan;
  }

 private:
  UseCaseOptions options_;
  std::uint64_t arguments_;
  LengthMixture argument_sizes_;
};

}  // namespace

WorkloadEntry workload_event_loop() {
  static const auto table = use_case_parameters(Transfers::no,
                                                {{"workload.lifetime", "call"},
                                                 {"workload.sizes", "uniform(64B,512B)"},
                                                 {"workload.lasts", "log_uniform(1us,5ms)"},
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
