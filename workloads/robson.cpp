// Robson's P_R: against a heap that never moves it forces M (log2(n) / 2 + 1) - n + 1, and no
// program can force more on Robson's own allocator.
#include "workloads/residues.hpp"

#include <array>

namespace pinlab::workloads {

namespace {

constexpr std::array kParameters = {parameter_m("65536"), parameter_n("1024")};

class Robson final : public Workload {
 public:
  explicit Robson(const heap::ParameterValues& values)
      : m_(values.count("workload.m")), n_(values.count("workload.n")) {
    check_adversary(m_, n_);
    static_cast<void>(exponent_of(n_, 2));
  }

  void run(WorkloadContext& context) override {
    Contest contest(context, {.m = m_, .n = n_, .q = 2, .bound = residue_bound(m_, 2, n_)});
    play_residues(contest, 2, n_, Survivors::free_to_move);
  }

 private:
  std::uint64_t m_;
  std::uint64_t n_;
};

}  // namespace

WorkloadEntry workload_robson() {
  return {.name = "robson",
          .summary = "Robson's adversary P_R: no heap that never moves needs less for its sizes",
          .source = "J. M. Robson, J. ACM 18 (1971) and 21 (1974)",
          .parameters = kParameters,
          .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
            return std::make_unique<Robson>(values);
          },
          .heap = HeapDefaults::one_block};
}

}  // namespace pinlab::workloads
