// Pair doubling: objects of c n0 in pairs, of which one is freed, with c = 2, 4, 8, ...: no later
// object fits between two that stay. Against first fit every phase but the first goes to the top.
#include "workloads/contest.hpp"

#include <array>

namespace pinlab::workloads {

namespace {

constexpr std::array kParameters = {
    parameter_m("1048576"),
    heap::Parameter{.name = "workload.first",
                    .type = heap::ParameterType::count,
                    .default_text = "64",
                    .summary = "n0: half of the smallest objects; published with 64, of 512 bytes",
                    .least = 1,
                    .most = std::uint64_t{1} << 20U,
                    .unit = "granules"}};

/// A phase: twice `pairs` objects of `size` granules.
struct Phase {
  std::uint64_t size = 0;
  std::uint64_t pairs = 0;
};

std::vector<Phase> phases_of(std::uint64_t m, std::uint64_t first) {
  std::vector<Phase> phases;
  std::uint64_t available = m;
  for (std::uint64_t size = 2 * first; available / (2 * size) > 0; size *= 2) {
    const std::uint64_t pairs = available / (2 * size);
    phases.push_back({size, pairs});
    available -= size * pairs;
  }
  return phases;
}

class PairDoubling final : public Workload {
 public:
  explicit PairDoubling(const heap::ParameterValues& values)
      : m_(values.count("workload.m")), phases_(phases_of(m_, values.count("workload.first"))) {
    if (phases_.empty()) {
      throw heap::ParameterError("workload.m=" + std::to_string(m_) +
                                 " has no room for two objects of twice workload.first=" +
                                 std::to_string(values.count("workload.first")));
    }
  }

  void run(WorkloadContext& context) override {
    // The lower one of each pair is freed: the last hole does not meet the free end.
    std::uint64_t top = 0;
    for (const Phase& phase : phases_) {
      top += 2 * phase.size * phase.pairs;
    }
    Contest contest(context, {.m = m_, .n = phases_.back().size, .bound = top});
    for (const Phase& phase : phases_) {
      std::vector<Contest::Piece> lower;
      for (std::uint64_t pair = 0; pair < phase.pairs; ++pair) {
        lower.push_back(contest.allocate(phase.size));
        contest.allocate(phase.size);
      }
      for (const Contest::Piece piece : lower) {
        contest.free(piece);
      }
      contest.collect();
    }
  }

 private:
  std::uint64_t m_;
  std::vector<Phase> phases_;
};

}  // namespace

WorkloadEntry workload_pair_doubling() {
  return {
      .name = "pair_doubling",
      .summary = "pairs of ever doubled objects of which one stays: half of what comes is holes",
      .source =
          "Hasan et al., Upper bounds for dynamic memory allocation, figure 4; Mesh's "
          "fragmenter.cc",
      .parameters = kParameters,
      .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
        return std::make_unique<PairDoubling>(values);
      },
      .heap = HeapDefaults::one_block};
}

}  // namespace pinlab::workloads
