#include "harness/pause_times.hpp"

#include "heap/support/wide.hpp"

#include <algorithm>
#include <numeric>

namespace pinlab::harness {

namespace {

constexpr std::uint64_t kMillion = 1'000'000;

std::uint64_t nearest_rank(const std::vector<std::uint64_t>& sorted, std::uint64_t per_thousand) {
  const std::uint64_t rank = (sorted.size() * per_thousand + 999) / 1000;
  return sorted[std::max<std::uint64_t>(rank, 1) - 1];
}

/// Paused time in [0, t], for one t after the other, none before the last.
class PausedTime {
 public:
  explicit PausedTime(std::span<const PauseSpan> pauses) : pauses_(pauses) {}

  [[nodiscard]] std::uint64_t until(std::uint64_t t) {
    for (; next_ < pauses_.size() && pauses_[next_].begin <= t; ++next_) {
      before_ += next_ > 0 ? pauses_[next_ - 1].length : 0;
    }
    if (next_ == 0) {
      return 0;
    }
    const PauseSpan& last = pauses_[next_ - 1];
    return before_ + std::min(last.length, t - last.begin);
  }

 private:
  std::span<const PauseSpan> pauses_;
  std::size_t next_ = 0;
  std::uint64_t before_ = 0;  ///< the lengths of all but the last before next_
};

/// The most paused time in a window whose begin is one of `begin_of` the pauses, which ascend.
template <class BeginOf>
std::uint64_t most_paused(std::span<const PauseSpan> pauses,
                          std::uint64_t width,
                          BeginOf&& begin_of) {
  PausedTime before(pauses);
  PausedTime after(pauses);
  std::uint64_t most = 0;
  for (const PauseSpan& pause : pauses) {
    const std::uint64_t begin = begin_of(pause);
    most = std::max(most, after.until(begin + width) - before.until(begin));
  }
  return most;
}

}  // namespace

Percentiles percentiles_of(std::vector<std::uint64_t> lengths) {
  if (lengths.empty()) {
    return {};
  }
  std::ranges::sort(lengths);
  return {
      .count = lengths.size(),
      .total = std::accumulate(lengths.begin(), lengths.end(), std::uint64_t{0}),
      .p50 = nearest_rank(lengths, 500),
      .p90 = nearest_rank(lengths, 900),
      .p99 = nearest_rank(lengths, 990),
      .p999 = nearest_rank(lengths, 999),
      .max = lengths.back(),
  };
}

std::uint64_t minimum_utilisation(std::span<const PauseSpan> pauses,
                                  std::uint64_t total,
                                  std::uint64_t window) {
  const std::uint64_t width = std::min(window, total);
  if (width == 0 || pauses.empty()) {
    return kMillion;
  }
  const std::uint64_t last = total - width;
  const std::uint64_t most = std::max(
      most_paused(pauses, width,
                  [&](const PauseSpan& pause) { return std::min(pause.begin, last); }),
      most_paused(pauses, width, [&](const PauseSpan& pause) {
        const std::uint64_t end = pause.begin + pause.length;
        return std::min(end > width ? end - width : 0, last);
      }));
  const std::uint64_t free = width - std::min(most, width);
  return static_cast<std::uint64_t>(heap::Wide{free} * kMillion / width);
}

std::optional<std::uint64_t> work_fit(std::span<const PauseSpan> pauses) {
  const auto all_equal = [&](auto member) {
    return std::ranges::all_of(
        pauses, [&](const PauseSpan& pause) { return pause.*member == pauses[0].*member; });
  };
  if (pauses.size() < 3 || all_equal(&PauseSpan::work) || all_equal(&PauseSpan::length)) {
    return std::nullopt;
  }
  const auto n = static_cast<double>(pauses.size());
  double mean_x = 0;
  double mean_y = 0;
  for (const PauseSpan& pause : pauses) {
    mean_x += static_cast<double>(pause.work) / n;
    mean_y += static_cast<double>(pause.length) / n;
  }
  double xx = 0;
  double yy = 0;
  double xy = 0;
  for (const PauseSpan& pause : pauses) {
    const double x = static_cast<double>(pause.work) - mean_x;
    const double y = static_cast<double>(pause.length) - mean_y;
    xx += x * x;
    yy += y * y;
    xy += x * y;
  }
  const double fit = std::clamp(xy * xy / (xx * yy), 0.0, 1.0);
  return static_cast<std::uint64_t>(fit * static_cast<double>(kMillion));
}

}  // namespace pinlab::harness
