// W9: the strings and pointer arrays of a request, pinned one by one and all released at its end:
// many tiny islands. What Go's Pinner is mostly used for since it shipped.
#include "workloads/use_cases/use_case.hpp"

#include <algorithm>
#include <array>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.set_least",
     .type = ParameterType::count,
     .default_text = "20",
     .summary = "strings of the smallest request; workload.set: of the largest; uniform",
     .least = 1,
     .most = 1024,
     .unit = "strings"},
});

class Requests final : public UseCase {
 public:
  Requests(const heap::ParameterValues& values, const UseCaseOptions& options)
      : options_(options),
        least_(std::min(values.count("workload.set_least"), std::uint64_t{options.set})) {
    if (values.given("workload.set_least") && values.count("workload.set_least") > options.set) {
      throw heap::ParameterError("workload.set_least is above workload.set");
    }
  }

  [[nodiscard]] std::string_view name() const override { return "requests"; }
  [[nodiscard]] std::uint64_t most_bytes() const override { return 0; }

  [[nodiscard]] OperationPlan plan(std::uint64_t /*index*/, heap::Random& random) const override {
    OperationPlan plan;
    const std::uint64_t strings = least_ + random.below(options_.set - least_ + 1);
    for (std::uint64_t i = 0; i < strings; ++i) {
      plan.buffers.push_back(options_.draw_size(random));
    }
    plan.controls = {strings * sizeof(void*)};
    draw_end(plan, options_, random);
    return plan;
  }

 private:
  UseCaseOptions options_;
  std::uint64_t least_;
};

}  // namespace

WorkloadEntry workload_requests() {
  static const auto table = use_case_parameters(Transfers::no,
                                                {{"workload.lifetime", "call"},
                                                 {"workload.sizes", "uniform(8B,256B)"},
                                                 {"workload.lasts", "uniform(1ms,50ms)"},
                                                 {"workload.set", "1000"},
                                                 {"workload.operations", "1000"},
                                                 {"workload.in_flight", "100"},
                                                 {"workload.interval", "500us"}},
                                                kParameters);
  return {.name = "requests",
          .summary = "W9: small strings of a request, pinned each and released together",
          .source = "golang/go#46787: dot-asm; frankenphp, DataDog go-libddwaf",
          .parameters = table,
          .make = make_use_case_of<Requests>,
          .most_threads = kMostThreads};
}

}  // namespace pinlab::workloads
