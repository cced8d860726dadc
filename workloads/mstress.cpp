// mimalloc's stress test: short-lived and retained objects, a few of them huge, and a table through
// which threads exchange what they have. Here the threads of an iteration run one after another;
// what each leaves in the table the others free.
#include "workloads/slot_store.hpp"

#include <array>

namespace pinlab::workloads {

namespace {

constexpr std::uint64_t kTransfers = 1000;
constexpr std::uint64_t kWord = 8;
constexpr std::uint64_t kShiftOfLocal = 5;
constexpr std::uint64_t kShiftOfRetained = 7;

constexpr std::array kParameters = {
    count_parameter("workload.threads", "8", "threads of an iteration", "threads", 4096),
    count_parameter("workload.scale",
                    "50",
                    "allocations of the least busy thread, in hundreds",
                    "hundreds",
                    10'000),
    count_parameter("workload.iterations",
                    "25",
                    "iterations; between two of them half of what is "
                    "in the table is freed",
                    "iterations")};

class Mstress final : public Workload {
 public:
  explicit Mstress(const heap::ParameterValues& values)
      : threads_(values.count("workload.threads")),
        scale_(values.count("workload.scale")),
        iterations_(values.count("workload.iterations")) {}

  void run(WorkloadContext& context) override {
    // The table, then a thread's locals, then what it retains: at most half as many.
    const std::uint64_t most = most_allocations(7);
    SlotStore store(context, kTransfers + most + most / 2);
    for (std::uint64_t iteration = 0; iteration < iterations_; ++iteration) {
      for (std::uint64_t thread = 0; thread < threads_; ++thread) {
        const PinScope scope(context.pins);
        stress(context, store, most_allocations(thread % 8), kTransfers + most);
      }
      for (std::uint64_t slot = 0; slot < kTransfers; ++slot) {
        if (chance(context, 50) || iteration + 1 == iterations_) {
          store.free(slot);
        }
      }
    }
  }

 private:
  /// Some threads do more.
  [[nodiscard]] std::uint64_t most_allocations(std::uint64_t eighth) const {
    return 100 * scale_ * (eighth + 1);
  }

  static bool chance(WorkloadContext& context, std::uint64_t percent) {
    return context.random.below(100) < percent;
  }

  static heap::Shape draw_shape(WorkloadContext& context, std::uint64_t shifts) {
    std::uint64_t words = std::uint64_t{1} << context.random.below(shifts);
    if (chance(context, 1)) {
      words *= chance(context, 1) ? 10'000U : chance(context, 10) ? 1000U : 100U;
    }
    return {.references = 0, .bytes = words * kWord};
  }

  static void stress(WorkloadContext& context,
                     SlotStore& store,
                     std::uint64_t allocations,
                     std::uint64_t retained) {
    heap::Random& random = context.random;
    std::uint64_t retain = allocations / 2;
    std::uint64_t locals = 0;
    std::uint64_t kept = 0;
    while (allocations > 0 || retain > 0) {
      if (retain == 0 || (chance(context, 50) && allocations > 0)) {
        --allocations;
        store.allocate(kTransfers + locals++, draw_shape(context, kShiftOfLocal));
      } else {
        --retain;
        store.allocate(retained + kept++, draw_shape(context, kShiftOfRetained));
      }
      if (chance(context, 66) && locals > 0) {
        store.free(kTransfers + random.below(locals));
      }
      if (chance(context, 25) && locals > 0) {
        const std::uint64_t local = kTransfers + random.below(locals);
        store.swap(local, random.below(kTransfers));
      }
    }
    for (; kept > 0; --kept) {
      store.free(retained + kept - 1);
    }
    for (; locals > 0; --locals) {
      store.free(kTransfers + locals - 1);
    }
  }

  std::uint64_t threads_;
  std::uint64_t scale_;
  std::uint64_t iterations_;
};

}  // namespace

WorkloadEntry workload_mstress() {
  return {.name = "mstress",
          .summary = "short-lived, retained and huge objects, exchanged between threads",
          .source = "mimalloc's stress test; mimalloc-bench's mstress THREADS 50 25",
          .parameters = kParameters,
          .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
            return std::make_unique<Mstress>(values);
          }};
}

}  // namespace pinlab::workloads
