// The pin ratchet: each cycle fills a stretch of the young heap, of which a few objects survive,
// and pins one of those; the pin that is k cycles old ends. Few pins at a time, each of them new:
// every nursery has an island, and none is ever the same.
#include "workloads/contest.hpp"

#include <array>
#include <deque>

namespace pinlab::workloads {

namespace {

constexpr std::array kParameters = {
    parameter_m("1048576"),
    parameter_n("64"),
    heap::Parameter{.name = "workload.pins",
                    .type = heap::ParameterType::count,
                    .default_text = "16",
                    .summary = "pins held: the oldest ends when there is one more",
                    .unit = "pins"},
    heap::Parameter{.name = "workload.cycles",
                    .type = heap::ParameterType::count,
                    .default_text = "200",
                    .summary = "young collections that the program asks for",
                    .unit = "collections"},
    heap::Parameter{.name = "workload.cycle",
                    .type = heap::ParameterType::count,
                    .default_text = "65536",
                    .summary = "what is allocated between two of them",
                    .least = 1,
                    .most = std::uint64_t{1} << 30U,
                    .unit = "granules"},
    heap::Parameter{.name = "workload.survivors",
                    .type = heap::ParameterType::share,
                    .default_text = "5%",
                    .summary = "the chance of an object to be kept, until workload.m is full and "
                               "the oldest make room",
                    .most = heap::kBillion}};

class PinRatchet final : public Workload {
 public:
  explicit PinRatchet(const heap::ParameterValues& values)
      : m_(values.count("workload.m")),
        n_(values.count("workload.n")),
        pins_(values.count("workload.pins")),
        cycles_(values.count("workload.cycles")),
        cycle_(values.count("workload.cycle")),
        survivors_(values.share("workload.survivors")) {
    check_adversary(m_, n_);
    // Pinned objects are never made room of.
    if (pins_ + 2 > m_ / n_) {
      throw heap::ParameterError("workload.pins=" + std::to_string(pins_) +
                                 " leaves nothing of workload.m: take at most m / n - 2 pins");
    }
  }

  void run(WorkloadContext& context) override {
    Contest contest(context, {.m = m_, .n = n_});
    std::deque<Contest::Piece> pinned;
    for (std::uint64_t done = 0; done < cycles_; ++done) {
      const std::vector<Contest::Piece> fresh = fill(context, contest);
      contest.collect_young();
      if (fresh.empty() || pins_ == 0) {
        continue;
      }
      const Contest::Piece chosen = choose(context, contest, fresh);
      std::erase(kept_, chosen);
      contest.pin(chosen);
      pinned.push_back(chosen);
      if (pinned.size() > pins_) {
        contest.unpin(pinned.front());
        kept_.push_back(pinned.front());
        pinned.pop_front();
      }
    }
  }

 private:
  /// One cycle's objects; those that are kept.
  std::vector<Contest::Piece> fill(WorkloadContext& context, Contest& contest) {
    std::vector<Contest::Piece> fresh;
    for (std::uint64_t filled = 0; filled < cycle_;) {
      const std::uint64_t size = 1 + context.random.below(n_);
      while (contest.room() < size) {
        std::erase(fresh, kept_.front());
        contest.free(kept_.front());
        kept_.pop_front();
      }
      const Contest::Piece piece = contest.allocate(size);
      filled += size;
      if (context.random.chance(survivors_)) {
        kept_.push_back(piece);
        fresh.push_back(piece);
      } else {
        contest.free(piece);
      }
    }
    return fresh;
  }

  /// One that is in the nursery still, or any of the cycle's.
  static Contest::Piece choose(WorkloadContext& context,
                               const Contest& contest,
                               const std::vector<Contest::Piece>& fresh) {
    std::vector<Contest::Piece> young;
    for (const Contest::Piece piece : fresh) {
      if (contest.is_young(piece)) {
        young.push_back(piece);
      }
    }
    const std::vector<Contest::Piece>& choices = young.empty() ? fresh : young;
    return choices[context.random.below(choices.size())];
  }

  std::uint64_t m_;
  std::uint64_t n_;
  std::uint64_t pins_;
  std::uint64_t cycles_;
  std::uint64_t cycle_;
  std::uint64_t survivors_;
  std::deque<Contest::Piece> kept_;  ///< not pinned, oldest first
};

}  // namespace

WorkloadEntry workload_pin_ratchet() {
  return {
      .name = "pin_ratchet",
      .summary = "each young collection is followed by a pin of a survivor; the oldest pin ends",
      .source = "the project's own",
      .parameters = kParameters,
      .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
        return std::make_unique<PinRatchet>(values);
      }};
}

}  // namespace pinlab::workloads
