// The single-stage pin comb: small objects everywhere, a few pinned n apart, all others freed, then
// objects of n, which fit between no two pins. With m pins no program can force more than
// M + m (n - 1) on a heap that slides around islands; this forces n (m + floor((M - m) / n)) -
// n + 1: each pin costs one largest object.
#include "workloads/contest.hpp"

#include <algorithm>
#include <array>

namespace pinlab::workloads {

namespace {

constexpr std::array kParameters = {
    parameter_m("65536"), parameter_n("1024"),
    heap::Parameter{.name = "workload.pins",
                    .type = heap::ParameterType::count,
                    .default_text = "32",
                    .summary = "pinned objects of one granule; at most workload.m / workload.n",
                    .unit = "pins"}};

class PinComb final : public Workload {
 public:
  explicit PinComb(const heap::ParameterValues& values)
      : m_(values.count("workload.m")),
        n_(values.count("workload.n")),
        pins_(values.count("workload.pins")) {
    check_adversary(m_, n_);
    if (pins_ > m_ / n_) {
      throw heap::ParameterError("workload.pins=" + std::to_string(pins_) +
                                 " is above workload.m / workload.n, " + std::to_string(m_ / n_) +
                                 ": no more objects need lie n apart");
    }
  }

  void run(WorkloadContext& context) override {
    Contest contest(context, {.m = m_, .n = n_, .bound = bound()});
    while (contest.room() > 0) {
      contest.allocate(1);
    }
    const std::vector<Contest::Piece> teeth = choose_teeth(contest);
    for (const Contest::Piece piece : teeth) {
      contest.pin(piece);
    }
    for (const Contest::Piece piece : contest.pieces()) {
      if (!std::ranges::binary_search(teeth, piece)) {
        contest.free(piece);
      }
    }
    contest.collect();
    for (std::uint64_t left = contest.room() / n_; left > 0; --left) {
      contest.allocate(n_);
    }
  }

 private:
  [[nodiscard]] std::uint64_t bound() const {
    const std::uint64_t held = pins_ + (m_ - pins_) / n_;  // words that lie n apart
    return held == 0 ? 0 : n_ * held - n_ + 1;
  }

  /// The lowest of the residue class mod n that has most; ascending by piece.
  [[nodiscard]] std::vector<Contest::Piece> choose_teeth(const Contest& contest) const {
    std::vector<std::vector<Contest::Piece>> classes(n_);
    for (const Contest::Piece piece : contest.pieces()) {
      classes[contest.place(piece).start % n_].push_back(piece);
    }
    std::vector<Contest::Piece>& teeth =
        *std::ranges::max_element(classes, {}, [](const auto& pieces) { return pieces.size(); });
    std::ranges::sort(teeth, {}, [&](Contest::Piece piece) { return contest.place(piece).start; });
    teeth.resize(pins_);
    std::ranges::sort(teeth);
    return teeth;
  }

  std::uint64_t m_;
  std::uint64_t n_;
  std::uint64_t pins_;
};

}  // namespace

WorkloadEntry workload_pin_comb() {
  return {.name = "pin_comb",
          .summary = "small objects pinned n apart, then objects of n: each pin costs one of them",
          .source = "the project's own; the bounds are in results/README.md",
          .parameters = kParameters,
          .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
            return std::make_unique<PinComb>(values);
          },
          .heap = HeapDefaults::one_block};
}

}  // namespace pinlab::workloads
