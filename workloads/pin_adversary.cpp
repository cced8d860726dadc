// The q-ary pin adversary: P_R by a factor of q, its survivors pinned before each collection, so
// that compaction as free and as thorough as one likes does not help. On average 1/q of what lives
// is pinned, and M (1 + (1 - 1/q) log_q n) - n + 1 is forced.
#include "workloads/residues.hpp"

#include <array>

namespace pinlab::workloads {

namespace {

constexpr std::array kParameters = {
    parameter_m("65536"), parameter_n("1024"),
    heap::Parameter{
        .name = "workload.q",
        .type = heap::ParameterType::count,
        .default_text = "4",
        .summary = "the factor from one size to the next; about one in q bytes is pinned",
        .least = 2,
        .most = std::uint64_t{1} << 20U}};

class PinAdversary final : public Workload {
 public:
  explicit PinAdversary(const heap::ParameterValues& values)
      : m_(values.count("workload.m")),
        n_(values.count("workload.n")),
        q_(values.count("workload.q")) {
    check_adversary(m_, n_);
    static_cast<void>(exponent_of(n_, q_));
  }

  void run(WorkloadContext& context) override {
    Contest contest(context, {.m = m_, .n = n_, .q = q_, .bound = residue_bound(m_, q_, n_)});
    play_residues(contest, q_, n_, Survivors::pinned);
  }

 private:
  std::uint64_t m_;
  std::uint64_t n_;
  std::uint64_t q_;
};

}  // namespace

WorkloadEntry workload_pin_adversary() {
  return {.name = "pin_adversary",
          .summary = "Robson's adversary by a factor of q, its survivors pinned: moving is no help",
          .source = "the project's own; after J. M. Robson, J. ACM 21 (1974)",
          .parameters = kParameters,
          .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
            return std::make_unique<PinAdversary>(values);
          },
          .heap = HeapDefaults::one_block};
}

}  // namespace pinlab::workloads
