// Redis' second test of active defragmentation: scripts and keys of one size, set in turn, then all
// of the keys deleted: every second object is a hole. Then it is defragmented, here by a full
// collection that moves all it can. One such collection before the deletion shows a store without
// holes.
#include "workloads/redis.hpp"

#include <array>

namespace pinlab::workloads {

namespace {

constexpr std::array kParameters = {count_parameter("workload.pairs",
                                                    "50000",
                                                    "scripts, and keys, that are set in turn",
                                                    "pairs",
                                                    std::uint64_t{1} << 27U)};

/// "--" and 400 characters, "return " and six digits, and the string's own header.
constexpr std::uint64_t kValueBytes = 420;
constexpr std::uint64_t kRequest = 1000;

class Names final : public SiteNames {
 public:
  [[nodiscard]] std::string name(std::uint32_t site) const override {
    return site == 0 ? "script" : "key";
  }
};

class RedisScripts final : public Workload {
 public:
  explicit RedisScripts(const heap::ParameterValues& values)
      : pairs_(values.count("workload.pairs")) {}

  void run(WorkloadContext& context) override {
    context.pins.use_names(names_);
    RedisStore store(context, 2 * pairs_);
    for (std::uint64_t pair = 0; pair < pairs_;) {
      const PinScope request(context.pins);
      for (std::uint64_t i = 0; i < kRequest && pair < pairs_; ++i, ++pair) {
        store.set(2 * pair, kValueBytes, 0);
        store.set(2 * pair + 1, kValueBytes, 1);
      }
    }
    context.mutator.collect_full(collector::CompactEffort::exhaustive);
    for (std::uint64_t pair = 0; pair < pairs_; ++pair) {
      store.remove(2 * pair + 1);
    }
    context.mutator.collect_full(collector::CompactEffort::exhaustive);
    store.check();
  }

 private:
  std::uint64_t pairs_;
  Names names_;
};

}  // namespace

WorkloadEntry workload_redis_scripts() {
  return {.name = "redis_scripts",
          .summary =
              "Redis' defragmentation test of every second object: above 1.4 before, at most "
              "1.05 after",
          .source = "Redis, tests/unit/memefficiency.tcl, Active defrag eval scripts",
          .parameters = kParameters,
          .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
            return std::make_unique<RedisScripts>(values);
          }};
}

}  // namespace pinlab::workloads
