// W11: objects whose address is their identity: the keys of a hash table of addresses. Pinned, they
// keep it; where they may move, the table has to be made anew after each collection, which is the
// control (workload.arm=none, and a handle, which keeps alive but not in place).
#include "workloads/use_cases/use_case.hpp"

#include <array>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.lookups",
     .type = ParameterType::count,
     .default_text = "50000",
     .summary = "random keys that are looked up by their address, 4 KiB of allocation apart",
     .least = 1,
     .unit = "look-ups"},
});

class AddressKeys final : public UseCase {
 public:
  AddressKeys(const heap::ParameterValues& values, const UseCaseOptions& options)
      : options_(options), lookups_(values.count("workload.lookups")) {}

  [[nodiscard]] std::string_view name() const override { return "address_keys"; }
  [[nodiscard]] std::uint64_t most_bytes() const override { return 0; }
  [[nodiscard]] std::uint64_t lookups() const override { return lookups_; }

  [[nodiscard]] OperationPlan plan(std::uint64_t /*index*/, heap::Random& random) const override {
    OperationPlan plan;
    for (std::uint32_t i = 0; i < options_.set; ++i) {
      plan.buffers.push_back(options_.draw_size(random));
    }
    draw_end(plan, options_, random);
    return plan;
  }

 private:
  UseCaseOptions options_;
  std::uint64_t lookups_;
};

}  // namespace

WorkloadEntry workload_address_keys() {
  static const auto table = use_case_parameters(Transfers::no,
                                                {{"workload.lifetime", "process"},
                                                 {"workload.sizes", "dacapo"},
                                                 {"workload.lasts", "forever"},
                                                 {"workload.operations", "1000"},
                                                 {"workload.interval", "0s"}},
                                                kParameters);
  return {.name = "address_keys",
          .summary = "W11: a hash table keyed by the addresses of pinned objects",
          .source = "Go's fmtsort and hexdump tests (#49431, 9c2ab20d48)",
          .parameters = table,
          .make = make_use_case_of<AddressKeys>,
          .most_threads = kMostThreads};
}

}  // namespace pinlab::workloads
