// W1: readv and writev of several buffers at once, pinned for the length of the call. Real users:
// go-ceph (one Pinner for each buffer), PKCS#11 bindings (one for each attribute).
#include "workloads/draws.hpp"
#include "workloads/use_cases/use_case.hpp"

#include <algorithm>
#include <array>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

constexpr std::uint64_t kLeastBytes = 512;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 20U;
constexpr std::uint64_t kMeanCall = 50'000;     // ns
constexpr std::uint64_t kDiskCall = 5'000'000;  // ns
constexpr std::uint64_t kDiskShare = 10'000'000;

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.size",
     .type = ParameterType::size,
     .default_text = "16KiB",
     .summary = "median of a buffer's bytes: log-normal, at least 512B, at most 1MiB",
     .least = kLeastBytes,
     .most = kMostBytes},
    {.name = "workload.size_p99",
     .type = ParameterType::size,
     .default_text = "256KiB",
     .summary = "99th percentile of a buffer's bytes; equal to workload.size: all are equal",
     .least = kLeastBytes,
     .most = kMostBytes},
});

class Iovec final : public UseCase {
 public:
  Iovec(const heap::ParameterValues& values, const UseCaseOptions& options)
      : options_(options),
        median_(values.size("workload.size")),
        p99_(values.size("workload.size_p99")) {
    if (p99_ < median_) {
      throw heap::ParameterError("workload.size_p99 is below workload.size");
    }
  }

  [[nodiscard]] std::string_view name() const override { return "iovec"; }
  [[nodiscard]] std::uint64_t most_bytes() const override { return options_.set * kMostBytes; }

  [[nodiscard]] OperationPlan plan(std::uint64_t /*index*/, heap::Random& random) const override {
    OperationPlan plan{.transfers = Transfers::yes};
    plan.direction = random.below(2) == 0 ? IoDirection::read : IoDirection::write;
    for (std::uint32_t i = 0; i < options_.set; ++i) {
      plan.buffers.push_back(
          std::clamp(draw_log_normal(median_, p99_, random), kLeastBytes, kMostBytes));
    }
    plan.lasts = options_.bytes_in(random.chance(kDiskShare) ? kDiskCall
                                                             : draw_exponential(kMeanCall, random));
    return plan;
  }

 private:
  UseCaseOptions options_;
  std::uint64_t median_;
  std::uint64_t p99_;
};

}  // namespace

WorkloadEntry workload_iovec() {
  static const auto table = use_case_parameters(Transfers::yes,
                                                {{"workload.lifetime", "call"},
                                                 {"workload.set", "16"},
                                                 {"workload.together", "false"},
                                                 {"workload.operations", "1000"},
                                                 {"workload.in_flight", "16"}},
                                                kParameters);
  return {.name = "iovec",
          .summary = "W1: readv and writev of several buffers, pinned for the call",
          .source = "golang/go#46787, problem statement; go-ceph",
          .parameters = table,
          .make = make_use_case_of<Iovec>,
          .most_threads = kMostThreads};
}

}  // namespace pinlab::workloads
