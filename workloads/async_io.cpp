// W6: asynchronous reads and writes of an operating system or library that calls back from a thread
// of its own, which also ends the pins.
#include "workloads/draws.hpp"
#include "workloads/use_cases/use_case.hpp"

#include <array>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

constexpr std::uint64_t kLeastBytes = 1024;
constexpr std::uint64_t kHalfMean = 1'000'000;  // ns; gamma(2, 1 ms) is the sum of two of these

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.size_most",
     .type = ParameterType::size,
     .default_text = "1MiB",
     .summary = "bytes of the largest buffer, from 1KiB uniform on a scale of powers of two",
     .least = kLeastBytes,
     .most = std::uint64_t{16} << 20U},
});

class AsyncIo final : public UseCase {
 public:
  AsyncIo(const heap::ParameterValues& values, const UseCaseOptions& options)
      : options_(options), most_(values.size("workload.size_most")) {}

  [[nodiscard]] std::string_view name() const override { return "async_io"; }
  [[nodiscard]] std::uint64_t most_bytes() const override { return options_.set * most_; }

  [[nodiscard]] OperationPlan plan(std::uint64_t /*index*/, heap::Random& random) const override {
    OperationPlan plan{.transfers = Transfers::yes};
    for (std::uint32_t i = 0; i < options_.set; ++i) {
      plan.buffers.push_back(draw_log_uniform(kLeastBytes, most_, random));
    }
    plan.direction = random.below(2) == 0 ? IoDirection::read : IoDirection::write;
    plan.at_once = random.below(2) == 0;
    plan.lasts = options_.bytes_in(draw_exponential(kHalfMean, random) +
                                   draw_exponential(kHalfMean, random));
    return plan;
  }

 private:
  UseCaseOptions options_;
  std::uint64_t most_;
};

}  // namespace

WorkloadEntry workload_async_io() {
  static const auto table = use_case_parameters(Transfers::yes,
                                                {{"workload.unpin_thread", "other"},
                                                 {"workload.operations", "3000"},
                                                 {"workload.in_flight", "100"},
                                                 {"workload.interval", "50us"}},
                                                kParameters);
  return {.name = "async_io",
          .summary = "W6: asynchronous I/O whose completion ends the pin on another thread",
          .source = "golang/go#46787: ansiwen",
          .parameters = table,
          .make = make_use_case_of<AsyncIo>,
          .most_threads = kMostThreads};
}

}  // namespace pinlab::workloads
