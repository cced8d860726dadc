// W8: thousands of guards, each of which stored the address of its object in foreign memory, that
// are set if they were not, or released, at random: go-ceph's stress test of PtrGuard. All are set
// in the beginning.
#include "workloads/use_cases/use_case.hpp"

#include <algorithm>
#include <array>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

constexpr std::uint64_t kToggleStream = 401;

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.guards",
     .type = ParameterType::count,
     .default_text = "20000",
     .summary = "guards, and slots of foreign memory",
     .least = 1,
     .most = 1U << 24U,
     .unit = "guards"},
    {.name = "workload.steps",
     .type = ParameterType::count,
     .default_text = "100000",
     .summary = "random guards that are set if they were not, or released; workload.interval apart",
     .most = std::uint64_t{1} << 30U,
     .unit = "steps"},
});

class Guards final : public UseCase {
 public:
  Guards(const heap::ParameterValues& values, const UseCaseOptions& options) : options_(options) {
    toggle_all(values.count("workload.guards"), values.count("workload.steps"));
  }

  [[nodiscard]] std::string_view name() const override { return "guards"; }
  [[nodiscard]] std::uint64_t most_bytes() const override { return 0; }
  [[nodiscard]] std::uint64_t operations(const UseCaseOptions& options) const override {
    return std::min<std::uint64_t>(options.operations, settings_.size());
  }

  [[nodiscard]] OperationPlan plan(std::uint64_t index, heap::Random& random) const override {
    const Setting& setting = settings_[index];
    const std::uint64_t next = index + 1 < settings_.size() ? settings_[index + 1].from : 0;
    OperationPlan plan;
    for (std::uint32_t i = 0; i < options_.set; ++i) {
      plan.buffers.push_back(options_.draw_size(random));
    }
    plan.pause = (std::max<std::uint64_t>(next, setting.from) - setting.from) * step();
    if (options_.lasts) {
      draw_end(plan, options_, random);
    } else {
      plan.lasts = (setting.until - setting.from) * step();
    }
    return plan;
  }

 private:
  /// A guard is set in one step, and released in another.
  struct Setting {
    std::uint32_t from;
    std::uint32_t until;
  };

  [[nodiscard]] std::uint64_t step() const {
    return std::max<std::uint64_t>(options_.bytes_in(options_.interval), 1);
  }

  // Drawn before anything runs, so that a setting knows how long it lasts.
  void toggle_all(std::uint64_t guards, std::uint64_t steps) {
    constexpr std::uint32_t kReleased = ~std::uint32_t{0};
    const auto end = static_cast<std::uint32_t>(steps + 1);
    std::vector<std::uint32_t> set_by(guards);
    for (std::uint32_t guard = 0; guard < guards; ++guard) {
      set_by[guard] = guard;
      settings_.push_back({0, end});
    }
    heap::Random random = heap::Random(options_.seed).fork(kToggleStream);
    for (std::uint32_t step = 1; step < end; ++step) {
      std::uint32_t& setting = set_by[random.below(guards)];
      if (setting != kReleased) {
        settings_[setting].until = step;
        setting = kReleased;
      } else {
        setting = static_cast<std::uint32_t>(settings_.size());
        settings_.push_back({step, end});
      }
    }
  }

  UseCaseOptions options_;
  std::vector<Setting> settings_;
};

}  // namespace

WorkloadEntry workload_guards() {
  static const auto table = use_case_parameters(Transfers::no,
                                                {{"workload.sizes", "uniform(8B,64B)"},
                                                 {"workload.lasts", kByTheUseCase},
                                                 {"workload.check_every", "50"},
                                                 {"workload.operations", "1000000"},
                                                 {"workload.in_flight", "1000000"},
                                                 {"workload.interval", "500ns"}},
                                                kParameters);
  return {.name = "guards",
          .summary = "W8: thousands of guards set and released at random",
          .source = "ansiwen's PtrGuard; the stress test of go-ceph",
          .parameters = table,
          .make = make_use_case_of<Guards>,
          .most_threads = kMostThreads};
}

}  // namespace pinlab::workloads
