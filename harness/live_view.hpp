// The listener behind --live: the heap, its islands, hostage bytes and pauses, drawn in the
// terminal while the program runs.
//
// Invariants: (1) it writes to a terminal, on standard error, and to nothing else; (2) it draws at
// most every 50 ms, and once more at the end; (3) a picture has a fixed number of lines, none wider
// than the terminal, if that has 25 columns; (4) a picture takes the place of the one before, also
// where the terminal got narrower and wrapped it. Drawing takes the program's time, a millisecond
// or so a picture.
#pragma once

#include "collector/pause.hpp"
#include "harness/console.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace pinlab::harness {

/// What has been seen so far, and how it looks.
class LivePicture {
 public:
  enum class Colours : std::uint8_t { none, ansi };

  explicit LivePicture(std::uint64_t heap_max) : heap_max_(heap_max) {}

  void add(const collector::PauseReport& report);
  /// kLines lines of at most `width` columns. REQUIRES width >= 24.
  [[nodiscard]] std::vector<std::string> lines(std::size_t width, Colours colours) const;

  static constexpr std::size_t kLines = 6;

 private:
  [[nodiscard]] std::string bar(std::size_t width, Colours colours) const;

  std::uint64_t heap_max_;
  std::uint64_t clock_ = 0;
  std::uint64_t used_ = 0;
  std::uint64_t committed_ = 0;
  std::uint64_t live_ = 0;  ///< at the last full collection, as the next six
  std::uint64_t islands_ = 0;
  std::uint64_t island_bytes_ = 0;
  std::uint64_t blocks_held_ = 0;
  bool hostage_measured_ = true;
  std::int64_t hostage_ = 0;
  std::int64_t hostage_peak_ = 0;
  std::array<std::uint64_t, 2> count_{};
  std::array<std::uint64_t, 2> last_pause_{};
  std::array<std::uint64_t, 2> longest_pause_{};
  std::vector<std::uint64_t> used_history_;
  std::vector<std::uint64_t> hostage_history_;
};

/// Rows of a terminal with so many columns that wraps longer lines.
[[nodiscard]] std::size_t wrapped_rows(const std::vector<std::string>& lines, std::size_t columns);

class LiveView final : public collector::PauseObserver {
 public:
  /// Throws UsageError where standard error is no terminal.
  LiveView(const Console& console, std::uint64_t heap_max);
  LiveView(const LiveView&) = delete;
  LiveView& operator=(const LiveView&) = delete;
  /// Draws what is left to draw.
  ~LiveView() override;

  void paused(const collector::PauseReport& report) override;

 private:
  void draw();

  const Console& console_;
  LivePicture picture_;
  LivePicture::Colours colours_;
  std::vector<std::string> drawn_;  ///< the lines of the last picture
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace pinlab::harness
