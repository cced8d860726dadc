// Redis' first test of active defragmentation: a store with a limit is filled with small values,
// then with values twice as large, which evict the least recently used; then it is defragmented,
// here by one full collection that moves all it can.
#include "workloads/redis.hpp"

#include <array>

namespace pinlab::workloads {

namespace {

/// Redis' maxmemory-samples: of so many random keys the one used least recently goes.
constexpr unsigned kSamples = 5;

constexpr std::array kParameters = {
    heap::Parameter{.name = "workload.maxmemory",
                    .type = heap::ParameterType::size,
                    .default_text = "100MiB",
                    .summary = "what the store may hold: beyond it keys are evicted",
                    .least = 1024},
    count_parameter("workload.small",
                    "700000",
                    "values of 150 bytes that are set first",
                    "keys",
                    std::uint64_t{1} << 27U),
    count_parameter("workload.large",
                    "170000",
                    "values of 300 bytes that are set then",
                    "keys",
                    std::uint64_t{1} << 27U)};

constexpr std::uint64_t kSmallBytes = 150;
constexpr std::uint64_t kLargeBytes = 300;
constexpr std::uint64_t kRequest = 1000;

class Names final : public SiteNames {
 public:
  [[nodiscard]] std::string name(std::uint32_t site) const override {
    return site == 0 ? "asdf1, 150 bytes" : "asdf2, 300 bytes";
  }
};

class RedisLru final : public Workload {
 public:
  explicit RedisLru(const heap::ParameterValues& values)
      : maxmemory_(values.size("workload.maxmemory")),
        small_(values.count("workload.small")),
        large_(values.count("workload.large")) {}

  void run(WorkloadContext& context) override {
    context.pins.use_names(names_);
    RedisStore store(context, small_ + large_);
    // Keys that are there, for sampling; nobody reads, so that the lowest was used longest ago.
    std::vector<std::uint64_t> present;
    for (std::uint64_t key = 0; key < small_ + large_;) {
      const PinScope request(context.pins);
      for (std::uint64_t i = 0; i < kRequest && key < small_ + large_; ++i, ++key) {
        while (store.used() >= maxmemory_) {
          evict(context, store, present);
        }
        store.set(key, key < small_ ? kSmallBytes : kLargeBytes, key < small_ ? 0 : 1);
        present.push_back(key);
      }
    }
    context.mutator.collect_full(collector::CompactEffort::exhaustive);
    store.check();
  }

 private:
  static void evict(WorkloadContext& context,
                    RedisStore& store,
                    std::vector<std::uint64_t>& present) {
    std::uint64_t victim = context.random.below(present.size());
    for (unsigned i = 1; i < kSamples; ++i) {
      const std::uint64_t other = context.random.below(present.size());
      victim = present[other] < present[victim] ? other : victim;
    }
    store.remove(present[victim]);
    present[victim] = present.back();
    present.pop_back();
  }

  std::uint64_t maxmemory_;
  std::uint64_t small_;
  std::uint64_t large_;
  Names names_;
};

}  // namespace

WorkloadEntry workload_redis_lru() {
  return {.name = "redis_lru",
          .summary =
              "Redis' defragmentation test of evicted keys: at least 1.4 before, at most 1.1 "
              "after",
          .source = "Redis, tests/unit/memefficiency.tcl, Active defrag main dictionary",
          .parameters = kParameters,
          .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
            return std::make_unique<RedisLru>(values);
          }};
}

}  // namespace pinlab::workloads
