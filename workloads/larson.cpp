// Larson's server: arrays of blocks in which random ones are replaced, each handed on to another
// thread after a round. Here the threads take turns on one mutator; a block's site is the thread
// that allocated it.
#include "workloads/slot_store.hpp"

#include <array>
#include <string>

namespace pinlab::workloads {

namespace {

constexpr std::array kParameters = {
    count_parameter(
        "workload.threads", "4", "arrays, and threads that take turns", "threads", 4096),
    count_parameter(
        "workload.chunks", "5000", "blocks in each array", "blocks", std::uint64_t{1} << 22U),
    count_parameter("workload.rounds", "100", "how often each array is handed on", "rounds"),
    heap::Parameter{.name = "workload.size_least",
                    .type = heap::ParameterType::size,
                    .default_text = "8B",
                    .summary = "bytes of the smallest block, its header apart",
                    .most = heap::kMaxObjectBytes / 2},
    heap::Parameter{.name = "workload.size_most",
                    .type = heap::ParameterType::size,
                    .default_text = "1000B",
                    .summary = "bytes of the largest block; sizes are uniform between the two",
                    .most = heap::kMaxObjectBytes / 2}};

class ThreadNames final : public SiteNames {
 public:
  [[nodiscard]] std::string name(std::uint32_t site) const override {
    return "larson thread " + std::to_string(site);
  }
};

class Larson final : public Workload {
 public:
  explicit Larson(const heap::ParameterValues& values)
      : threads_(values.count("workload.threads")),
        chunks_(values.count("workload.chunks")),
        rounds_(values.count("workload.rounds")),
        least_(values.size("workload.size_least")),
        most_(values.size("workload.size_most")) {
    if (most_ < least_) {
      throw heap::ParameterError("workload.size_least is above workload.size_most");
    }
  }

  void run(WorkloadContext& context) override {
    context.pins.use_names(names_);
    heap::Random& random = context.random;
    SlotStore store(context, threads_ * chunks_);
    const auto replace = [&](std::uint64_t array, std::uint64_t chunk, std::uint64_t thread) {
      const heap::Shape shape = {.references = 0,
                                 .bytes = least_ + random.below(most_ - least_ + 1)};
      store.allocate(array * chunks_ + chunk, shape, static_cast<std::uint32_t>(thread));
    };
    for (std::uint64_t slot = 0; slot < store.slots(); ++slot) {
      replace(slot / chunks_, slot % chunks_, slot / chunks_);
    }
    for (std::uint64_t round = 0; round < rounds_; ++round) {
      const PinScope scope(context.pins);
      for (std::uint64_t step = 0; step < chunks_; ++step) {
        for (std::uint64_t thread = 0; thread < threads_; ++thread) {
          replace((thread + round) % threads_, random.below(chunks_), thread);
        }
      }
    }
  }

 private:
  std::uint64_t threads_;
  std::uint64_t chunks_;
  std::uint64_t rounds_;
  std::uint64_t least_;
  std::uint64_t most_;
  ThreadNames names_;
};

}  // namespace

WorkloadEntry workload_larson() {
  return {
      .name = "larson",
      .summary = "a server: blocks replaced at random, arrays handed from thread to thread",
      .source = "P. Larson and M. Krishnan, ISMM 1998; mimalloc-bench's larson 5 8 1000 5000 100",
      .parameters = kParameters,
      .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
        return std::make_unique<Larson>(values);
      }};
}

}  // namespace pinlab::workloads
