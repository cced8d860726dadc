// How a sweep is getting on: one line that changes on a terminal, one plain line a run elsewhere.
#pragma once

#include "harness/console.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pinlab::harness {

class Progress {
 public:
  /// `done` of `total` runs were there before.
  Progress(const Console& console, std::size_t done, std::size_t total);

  /// A run ended. `wall` in nanoseconds.
  void ended(const std::string& outcome, std::uint64_t wall, const std::string& label);
  /// Draws the line anew where it is old. Call it as often as you like.
  void tick();
  /// Ends the line.
  void finish();

  [[nodiscard]] const std::map<std::string, std::size_t>& outcomes() const { return outcomes_; }
  [[nodiscard]] std::size_t done() const { return before_ + lengths_.size(); }

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] std::string state() const;
  void draw(const std::string& text);

  const Console& console_;
  std::size_t before_;
  std::size_t total_;
  bool live_ = false;
  bool drawn_ = false;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point last_ = {};
  std::vector<std::uint64_t> lengths_;  ///< sorted
  std::map<std::string, std::size_t> outcomes_;
};

/// "412 of 525 runs, 78 %, 3.1 a second, 37 s left, median 310 ms". `lengths` sorted.
[[nodiscard]] std::string progress_text(std::size_t done,
                                        std::size_t total,
                                        const std::vector<std::uint64_t>& lengths,
                                        double seconds);

}  // namespace pinlab::harness
