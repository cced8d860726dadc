#include "harness/live_view.hpp"

#include "harness/human.hpp"
#include "harness/outcome.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace pinlab::harness {

namespace {

constexpr std::chrono::milliseconds kBetweenPictures{50};
constexpr std::size_t kLeastWidth = 24;
constexpr std::size_t kMostWidth = 160;
constexpr std::size_t kHistory = 4096;
constexpr std::size_t kLabel = 10;  // columns before what a line shows

/// A stretch of the bar: how many bytes, as which letter, in which colour.
struct Part {
  std::uint64_t bytes;
  char letter;
  std::string_view colour;
};

/// Of ASCII text at most so many columns, the last one a mark that more was said.
std::string cut(std::string text, std::size_t width) {
  if (text.size() > width) {
    text.resize(width - 1);
    text += "…";
  }
  return text;
}

/// Of a line that may hold colours and other letters than ASCII.
std::size_t columns_of(std::string_view line) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\033') {
      i = line.find('m', i);
    } else if ((static_cast<unsigned char>(line[i]) & 0xC0U) != 0x80U) {
      ++columns;
    }
  }
  return columns;
}

/// Eight heights; of several values that share a column the largest.
std::string sparkline(const std::vector<std::uint64_t>& values, std::size_t width) {
  constexpr std::array<std::string_view, 8> kHeights = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string line;
  if (values.empty() || width == 0) {
    return line;
  }
  const std::uint64_t most = std::max<std::uint64_t>(*std::ranges::max_element(values), 1);
  const std::size_t columns = std::min(width, values.size());
  for (std::size_t i = 0; i < columns; ++i) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(i * values.size() / columns);
    const auto last =
        values.begin() + static_cast<std::ptrdiff_t>((i + 1) * values.size() / columns);
    const std::uint64_t value = *std::max_element(first, last);
    line += kHeights[std::min<std::size_t>(value * kHeights.size() / (most + 1), 7)];
  }
  return line;
}

void remember(std::vector<std::uint64_t>& history, std::uint64_t value) {
  history.push_back(value);
  if (history.size() > kHistory) {  // of each two the larger one: the whole run stays in sight
    for (std::size_t i = 0; i < kHistory / 2; ++i) {
      history[i] = std::max(history[2 * i], history[2 * i + 1]);
    }
    history.resize(kHistory / 2);
  }
}

std::size_t terminal_columns() {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace

std::size_t wrapped_rows(const std::vector<std::string>& lines, std::size_t columns) {
  std::size_t rows = 0;
  for (const std::string& line : lines) {
    rows += std::max<std::size_t>((columns_of(line) + columns - 1) / columns, 1);
  }
  return rows;
}

void LivePicture::add(const collector::PauseReport& report) {
  const auto kind = static_cast<std::size_t>(report.kind);
  clock_ = report.clock;
  used_ = report.after.used;
  committed_ = report.after.committed;
  ++count_[kind];
  last_pause_[kind] = report.pause_ns;
  longest_pause_[kind] = std::max(longest_pause_[kind], report.pause_ns);
  if (report.kind == collector::PauseKind::full) {
    live_ = report.after.live;
    islands_ = report.islands;
    island_bytes_ = report.island_bytes;
    blocks_held_ = report.blocks_held;
    hostage_measured_ = report.hostage_measured;
    hostage_ = report.hostage;
    hostage_peak_ = std::max(hostage_peak_, hostage_);
    if (hostage_measured_) {
      remember(hostage_history_, static_cast<std::uint64_t>(std::max<std::int64_t>(hostage_, 0)));
    }
  }
  remember(used_history_, used_);
}

std::string LivePicture::bar(std::size_t width, Colours colours) const {
  const std::uint64_t live = std::min(live_, used_);
  const auto hostage =
      std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(hostage_, 0)), used_ - live);
  const std::uint64_t committed = std::clamp(committed_, used_, std::max(used_, heap_max_));
  const std::array<Part, 5> parts = {Part{live, '#', "\033[34m"}, Part{hostage, '!', "\033[31m"},
                                     Part{used_ - live - hostage, '+', "\033[36m"},
                                     Part{committed - used_, '.', "\033[37m"},
                                     Part{std::max(heap_max_, committed) - committed, ' ', ""}};
  const std::uint64_t whole = std::max<std::uint64_t>(std::max(heap_max_, committed), 1);
  std::string text = "[";
  std::uint64_t until = 0;
  std::size_t at = 0;
  for (const Part& part : parts) {
    until += part.bytes;
    const auto end = static_cast<std::size_t>(until * (width - 2) / whole);
    const bool coloured = colours == Colours::ansi && end > at && !part.colour.empty();
    text += coloured ? part.colour : "";
    text.append(end - at, part.letter);
    text += coloured ? "\033[0m" : "";
    at = end;
  }
  return text + "]";
}

std::vector<std::string> LivePicture::lines(std::size_t width, Colours colours) const {
  const std::size_t room = width - kLabel;
  const auto pauses = [&](std::size_t kind) {
    return human_time(last_pause_[kind]) + ", at most " + human_time(longest_pause_[kind]);
  };
  const auto with_history = [&](std::string text, const std::vector<std::uint64_t>& history) {
    const std::size_t left_over = room - std::min(room, text.size());
    return cut(std::move(text), room) +
           (left_over > 6 && !history.empty() ? "  " + sparkline(history, left_over - 2) : "");
  };
  return {
      cut(human_bytes(clock_) + " allocated, " + human_count(count_[0], "young collection") + ", " +
              human_count(count_[1], "full one"),
          width),
      left("heap", kLabel) + bar(room, colours),
      left("", kLabel) + cut("# live  ! hostage  + used  . free, committed", room),
      left("used", kLabel) +
          with_history(human_bytes(used_) + " of " + human_bytes(heap_max_), used_history_),
      left("hostage", kLabel) +
          with_history(
              (hostage_measured_ ? human_bytes(hostage_) + ", at most " + human_bytes(hostage_peak_)
                                 : std::string("not measured")) +
                  "; " + human_count(islands_, "island") + " of " + human_bytes(island_bytes_) +
                  ", " + human_count(blocks_held_, "held block"),
              hostage_history_),
      left("pauses", kLabel) + cut("young " + pauses(0) + "; full " + pauses(1), room),
  };
}

LiveView::LiveView(const Console& console, std::uint64_t heap_max)
    : console_(console), picture_(heap_max), colours_(LivePicture::Colours::none) {
  if (::isatty(STDERR_FILENO) != 1) {
    throw UsageError(
        "--live draws in a terminal, and standard error is none: leave it out, or take --gctrace");
  }
  const char* const no_color =
      std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): before any thread
  if (no_color == nullptr || *no_color == '\0') {
    colours_ = LivePicture::Colours::ansi;
  }
}

LiveView::~LiveView() {
  draw();
}

void LiveView::paused(const collector::PauseReport& report) {
  picture_.add(report);
  const auto now = std::chrono::steady_clock::now();
  if (now >= next_) {
    next_ = now + kBetweenPictures;
    draw();
  }
}

void LiveView::draw() {
  const std::size_t columns = terminal_columns();
  std::string text;
  if (!drawn_.empty()) {
    text += "\033[" + std::to_string(wrapped_rows(drawn_, columns)) + "A\r\033[J";
  }
  drawn_ = picture_.lines(std::clamp(columns - 1, kLeastWidth, kMostWidth), colours_);
  for (const std::string& line : drawn_) {
    text += line + "\n";
  }
  console_.err(text);
}

}  // namespace pinlab::harness
