// Batched against scattered pins: of equal objects in a row as many are pinned, one after another
// or as far apart as they can be; then all others are dropped. The same bytes keep ceil(m s / R)
// blocks of R bytes, or min(m, B) of all B.
#include "workloads/contest.hpp"

#include <array>

namespace pinlab::workloads {

namespace {

constexpr std::array<std::string_view, 3> kLayouts = {"scattered", "batched", "random"};

constexpr std::array kParameters = {
    parameter_m("1048576"), parameter_n("8"),
    heap::Parameter{.name = "workload.pins",
                    .type = heap::ParameterType::count,
                    .default_text = "64",
                    .summary = "objects that are pinned; at most workload.m / workload.n",
                    .unit = "pins"},
    heap::Parameter{.name = "workload.layout",
                    .type = heap::ParameterType::word,
                    .default_text = "scattered",
                    .summary = "pinned evenly over all, the first in a row, or at random",
                    .choices = kLayouts}};

class PinLayout final : public Workload {
 public:
  explicit PinLayout(const heap::ParameterValues& values)
      : m_(values.count("workload.m")),
        n_(values.count("workload.n")),
        pins_(values.count("workload.pins")),
        layout_(values.word("workload.layout")) {
    check_adversary(m_, n_);
    if (pins_ > m_ / n_) {
      throw heap::ParameterError("workload.pins=" + std::to_string(pins_) +
                                 " is above workload.m / workload.n=" + std::to_string(m_ / n_));
    }
  }

  void run(WorkloadContext& context) override {
    Contest contest(context, {.m = m_, .n = n_});
    std::vector<Contest::Piece> row;
    while (contest.room() >= n_) {
      row.push_back(contest.allocate(n_));
    }
    std::vector<bool> chosen(row.size());
    for (std::uint64_t pin = 0; pin < pins_; ++pin) {
      chosen[choose(context, chosen, pin)] = true;
    }
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (chosen[i]) {
        contest.pin(row[i]);
      } else {
        contest.free(row[i]);
      }
    }
    contest.collect();
  }

 private:
  [[nodiscard]] std::size_t choose(WorkloadContext& context,
                                   const std::vector<bool>& chosen,
                                   std::uint64_t pin) const {
    if (layout_ == "batched") {
      return pin;
    }
    if (layout_ == "scattered") {
      return pin * chosen.size() / pins_;
    }
    std::size_t any = context.random.below(chosen.size());
    while (chosen[any]) {
      any = (any + 1) % chosen.size();
    }
    return any;
  }

  std::uint64_t m_;
  std::uint64_t n_;
  std::uint64_t pins_;
  std::string_view layout_;
};

}  // namespace

WorkloadEntry workload_pin_layout() {
  return {.name = "pin_layout",
          .summary = "as many pins in one batch or scattered over the heap: which blocks they keep",
          .source = "the project's own; .NET: pin early, pin in batches",
          .parameters = kParameters,
          .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
            return std::make_unique<PinLayout>(values);
          }};
}

}  // namespace pinlab::workloads
