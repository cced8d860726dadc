// xmalloc: producers fill batches with objects of 17 sizes, consumers free them; a queue lies
// between the two. Here producer and consumer take turns by a coin.
#include "workloads/slot_store.hpp"

#include <array>

namespace pinlab::workloads {

namespace {

constexpr std::array<std::uint64_t, 17> kSizes = {8,   12,  16,  24,  32,  48,   64,   96,  128,
                                                  192, 256, 384, 512, 768, 1024, 1536, 2048};

constexpr std::array kParameters = {
    count_parameter("workload.batches", "500", "batches that are produced", "batches"),
    count_parameter(
        "workload.batch", "4096", "objects of one batch", "objects", std::uint64_t{1} << 20U),
    count_parameter("workload.queued", "100", "batches that the queue holds", "batches", 4096)};

class Xmalloc final : public Workload {
 public:
  explicit Xmalloc(const heap::ParameterValues& values)
      : batches_(values.count("workload.batches")),
        batch_(values.count("workload.batch")),
        queued_(values.count("workload.queued")) {}

  void run(WorkloadContext& context) override {
    SlotStore store(context, batch_ * queued_);
    std::uint64_t produced = 0;
    std::uint64_t consumed = 0;
    while (consumed < batches_) {
      const std::uint64_t waiting = produced - consumed;
      const bool can_produce = produced < batches_ && waiting < queued_;
      const bool can_consume = waiting > 0;
      if (can_produce && (!can_consume || context.random.below(2) == 0)) {
        const PinScope scope(context.pins);
        for (std::uint64_t i = 0; i < batch_; ++i) {
          const std::uint64_t bytes = kSizes[context.random.below(kSizes.size())];
          store.allocate(produced % queued_ * batch_ + i, {.references = 0, .bytes = bytes});
        }
        ++produced;
      } else {
        for (std::uint64_t i = 0; i < batch_; ++i) {
          store.free(consumed % queued_ * batch_ + i);
        }
        ++consumed;
      }
    }
  }

 private:
  std::uint64_t batches_;
  std::uint64_t batch_;
  std::uint64_t queued_;
};

}  // namespace

WorkloadEntry workload_xmalloc() {
  return {.name = "xmalloc",
          .summary = "batches of 17 sizes, allocated by a producer and freed by a consumer",
          .source = "C. Lever and D. Boreham 2000; mimalloc-bench's xmalloc-test",
          .parameters = kParameters,
          .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
            return std::make_unique<Xmalloc>(values);
          }};
}

}  // namespace pinlab::workloads
