// alloc-test: each step picks a slot and frees what it holds or allocates into it. Few slots are
// picked often, most hardly ever (80/20 six times over); small sizes are likelier, by half for each
// doubling.
#include "workloads/slot_store.hpp"

#include <array>
#include <bit>

namespace pinlab::workloads {

namespace {

/// Millionths: the chance of each segment of slots, from the busiest on. The segments' shares of
/// the slots are the same numbers from the last to the first.
constexpr std::array<std::uint64_t, 7> kMillionths = {262'144, 393'216, 245'760, 81'920,
                                                      15'360,  1'536,   64};
constexpr std::uint64_t kMillion = 1'000'000;

constexpr std::array kParameters = {
    count_parameter("workload.slots",
                    "262144",
                    "slots that hold an object or none",
                    "slots",
                    std::uint64_t{1} << 28U),
    count_parameter("workload.steps", "4000000", "allocations and frees", "steps"),
    count_parameter(
        "workload.exponent", "10", "objects are at most 2 to this power bytes", "doublings", 24),
    count_parameter("workload.request",
                    "1000",
                    "steps that are one scope, for pins that end with a "
                    "scope",
                    "steps")};

class AllocTest final : public Workload {
 public:
  explicit AllocTest(const heap::ParameterValues& values)
      : slots_(values.count("workload.slots")),
        steps_(values.count("workload.steps")),
        exponent_(values.count("workload.exponent")),
        request_(values.count("workload.request")) {
    if (exponent_ < 4) {
      throw heap::ParameterError("workload.exponent is at least 4");
    }
  }

  void run(WorkloadContext& context) override {
    SlotStore store(context, slots_);
    for (std::uint64_t done = 0; done < steps_;) {
      const PinScope scope(context.pins);
      for (std::uint64_t i = 0; i < request_ && done < steps_; ++i, ++done) {
        const std::uint64_t slot = draw_slot(context.random);
        if (store.holds(slot)) {
          store.free(slot);
        } else {
          store.allocate(slot, {.references = 0, .bytes = draw_bytes(context.random)});
        }
      }
    }
  }

 private:
  [[nodiscard]] std::uint64_t draw_slot(heap::Random& random) const {
    std::uint64_t dice = random.below(kMillion);
    std::uint64_t first = 0;
    for (std::size_t segment = 0; segment < kMillionths.size(); ++segment) {
      const std::uint64_t share = kMillionths[kMillionths.size() - 1 - segment];
      const std::uint64_t slots = slots_ * share / kMillion;
      if (dice < kMillionths[segment] || segment + 1 == kMillionths.size()) {
        // What rounding leaves over belongs to the last; a segment without a slot is the next
        // one's.
        const std::uint64_t wide = segment + 1 == kMillionths.size() ? slots_ - first : slots;
        return first + random.below(wide == 0 ? 1 : wide);
      }
      dice -= kMillionths[segment];
      first += slots;
    }
    return 0;
  }

  [[nodiscard]] std::uint64_t draw_bytes(heap::Random& random) const {
    const std::uint64_t k = 1 + random.below(std::uint64_t{1} << (exponent_ - 3));
    const std::uint64_t base = std::uint64_t{4} << static_cast<unsigned>(std::countr_zero(k));
    return base + 1 + random.below(base);
  }

  std::uint64_t slots_;
  std::uint64_t steps_;
  std::uint64_t exponent_;
  std::uint64_t request_;
};

}  // namespace

WorkloadEntry workload_alloc_test() {
  return {.name = "alloc_test",
          .summary = "slots that are filled and freed at random, few of them often",
          .source = "node-dot-cpp alloc-test; mimalloc-bench",
          .parameters = kParameters,
          .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
            return std::make_unique<AllocTest>(values);
          }};
}

}  // namespace pinlab::workloads
