// The best-fit killer: best fit needs n M - O(M + n^2), where first fit needs M log2(n) at most. It
// drives best fit into the pattern
//
//   R(n-2) [F(n-3) R(1)] [F(n-3) R(1)] ... k times           R reserved, F free
//
// in which every hole is too short for n - 2 by one granule and is kept open by one granule, and
// from there to the pattern with k + 1. Sizes are chosen so that the best fit is always the hole
// that is wanted, and no other. A unit is R(n-2) or F(n-3) R(1): n - 2 granules.
#include "workloads/contest.hpp"

#include <algorithm>
#include <array>

namespace pinlab::workloads {

namespace {

constexpr std::uint64_t kLeastN = 8;

constexpr std::array kParameters = {parameter_m("128"), parameter_n("16")};

/// The most that lives while the pattern grows from k to k + 1, or more.
constexpr std::uint64_t peak_of(std::uint64_t n, std::uint64_t k) {
  return k == 0 ? 3 * (n - 2) : 5 * n - 12 + k;
}

/// How often the pattern can grow.
std::uint64_t growths(std::uint64_t m, std::uint64_t n) {
  std::uint64_t k = 0;
  while (peak_of(n, k) <= m) {
    ++k;
  }
  return k;
}

/// The pattern, with what grows it: a wedge F(n) R(n-5) R(1) that moves down through all units.
class Pattern {
 public:
  Pattern(Contest& contest, std::uint64_t n) : contest_(contest), n_(n) {
    units_.push_back(contest_.allocate(n_ - 2));
  }

  /// R(n-2) (F(n-3) R(1))^k becomes R(n-2) (F(n-3) R(1))^(k+1).
  void grow() {
    const Contest::Piece above = contest_.allocate(n_ - 2);
    const Contest::Piece guard = contest_.allocate(n_ - 2);  // keeps the wedge off the free end
    contest_.free(above);
    contest_.free(units_.back());
    contest_.collect();  // F(2n-4) R(n-2)
    Wedge wedge = make_wedge();
    contest_.collect();
    std::vector<Contest::Piece> tips;  // of the units above the wedge, highest first
    for (std::size_t unit = units_.size() - 1; unit > 0; --unit) {
      const Contest::Piece filling = contest_.allocate(n_ - 2);
      const Contest::Piece two = contest_.allocate(2);
      contest_.free(units_[unit - 1]);
      contest_.free(filling);
      contest_.collect();  // F(2n-4) R(2) R(n-5) R(1)
      const Wedge lower = make_wedge();
      contest_.free(two);
      contest_.free(wedge.body);
      contest_.collect();  // F(n) R(n-5) R(1) F(n-3) R(1)
      tips.push_back(wedge.tip);
      wedge = lower;
    }
    contest_.free(wedge.body);
    contest_.collect();  // F(2n-5) R(1)
    const Contest::Piece foot = contest_.allocate(n_ - 2);
    contest_.free(guard);
    contest_.collect();
    units_.assign({foot, wedge.tip});
    units_.insert(units_.end(), tips.rbegin(), tips.rend());
  }

 private:
  struct Wedge {
    Contest::Piece body = 0;  ///< R(n-5)
    Contest::Piece tip = 0;   ///< R(1)
  };

  /// F(2n-4) becomes F(n) R(n-5) R(1), the free part once the next collection saw it.
  Wedge make_wedge() {
    const Contest::Piece front = contest_.allocate(n_);
    const Wedge wedge = {.body = contest_.allocate(n_ - 5), .tip = contest_.allocate(1)};
    contest_.free(front);
    return wedge;
  }

  Contest& contest_;
  std::uint64_t n_;
  std::vector<Contest::Piece> units_;  ///< what is reserved in each unit, lowest first
};

class BestFitKiller final : public Workload {
 public:
  explicit BestFitKiller(const heap::ParameterValues& values)
      : m_(values.count("workload.m")), n_(values.count("workload.n")), growths_(growths(m_, n_)) {
    check_adversary(m_, n_);
    if (n_ < kLeastN || growths_ == 0) {
      throw heap::ParameterError(
          "workload=best_fit_killer needs workload.n of at least 8 and "
          "workload.m of at least three times that");
    }
  }

  void run(WorkloadContext& context) override {
    Contest contest(context, {.m = m_, .n = n_, .bound = top()});
    Pattern pattern(contest, n_);
    for (std::uint64_t k = 0; k < growths_; ++k) {
      pattern.grow();
    }
    for (std::uint64_t left = rest(); left > 0; --left) {
      contest.allocate(n_ - 2);  // no hole has room for it
    }
  }

 private:
  /// Objects of n - 2 that may come when the pattern has grown.
  [[nodiscard]] std::uint64_t rest() const { return (m_ - (n_ - 2) - growths_) / (n_ - 2); }
  /// What best fit needs: in the last growth, or after it.
  [[nodiscard]] std::uint64_t top() const {
    return (n_ - 2) * (growths_ + std::max(std::uint64_t{2}, 1 + rest()));
  }

  std::uint64_t m_;
  std::uint64_t n_;
  std::uint64_t growths_;
};

}  // namespace

WorkloadEntry workload_best_fit_killer() {
  return {
      .name = "best_fit_killer",
      .summary = "what best fit must not meet: a heap of n times what lives, on gap.reuse=best_fit",
      .source = "J. M. Robson, Computer Journal 20 (1977); Knuth, TAOCP 2.5, exercise 42",
      .parameters = kParameters,
      .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
        return std::make_unique<BestFitKiller>(values);
      },
      .heap = HeapDefaults::one_block_best_fit};
}

}  // namespace pinlab::workloads
