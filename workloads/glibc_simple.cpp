// glibc's bench-malloc-simple: so many blocks of one size are allocated, half of them freed first
// in, first out, the other half last in, first out; again and again.
#include "workloads/slot_store.hpp"

#include <array>

namespace pinlab::workloads {

namespace {

constexpr std::array kParameters = {
    count_parameter("workload.blocks",
                    "400",
                    "blocks; published with 25, 100, 400 and 1600",
                    "blocks",
                    std::uint64_t{1} << 24U),
    count_parameter("workload.allocations", "2000000", "allocations in all", "blocks"),
    heap::Parameter{.name = "workload.size",
                    .type = heap::ParameterType::size,
                    .default_text = "128B",
                    .summary = "bytes of a block, its header apart",
                    .most = heap::kMaxObjectBytes / 2}};

class GlibcSimple final : public Workload {
 public:
  explicit GlibcSimple(const heap::ParameterValues& values)
      : blocks_(values.count("workload.blocks")),
        allocations_(values.count("workload.allocations")),
        size_(values.size("workload.size")) {}

  void run(WorkloadContext& context) override {
    SlotStore store(context, blocks_);
    for (std::uint64_t left = allocations_ / blocks_; left > 0; --left) {
      const PinScope scope(context.pins);
      for (std::uint64_t slot = 0; slot < blocks_; ++slot) {
        store.allocate(slot, {.references = 0, .bytes = size_});
      }
      for (std::uint64_t slot = 0; slot < blocks_ / 2; ++slot) {
        store.free(slot);
      }
      for (std::uint64_t slot = blocks_; slot > blocks_ / 2; --slot) {
        store.free(slot - 1);
      }
    }
  }

 private:
  std::uint64_t blocks_;
  std::uint64_t allocations_;
  std::uint64_t size_;
};

}  // namespace

WorkloadEntry workload_glibc_simple() {
  return {.name = "glibc_simple",
          .summary = "blocks of one size, half freed in their order and half against it",
          .source = "glibc, benchtests/bench-malloc-simple.c",
          .parameters = kParameters,
          .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
            return std::make_unique<GlibcSimple>(values);
          }};
}

}  // namespace pinlab::workloads
