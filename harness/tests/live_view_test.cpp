#include "harness/live_view.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace pinlab::harness {
namespace {

using collector::PauseKind;
using collector::PauseReport;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

PauseReport full_pause() {
  PauseReport report;
  report.kind = PauseKind::full;
  report.clock = 100 * kMiB;
  report.islands = 3;
  report.island_bytes = 96;
  report.blocks_held = 2;
  report.hostage_measured = true;
  report.hostage = 4 * kMiB;
  report.pause_ns = 2'000'000;
  report.after.used = 12 * kMiB;
  report.after.committed = 14 * kMiB;
  report.after.live = 8 * kMiB;
  return report;
}

std::size_t columns_of(const std::string& line) {
  return static_cast<std::size_t>(std::ranges::count_if(
      line, [](char letter) { return (static_cast<unsigned char>(letter) & 0xC0U) != 0x80U; }));
}

TEST_CASE("a live picture shows the heap in proportion, and what pins hold") {
  LivePicture picture(16 * kMiB);
  picture.add(full_pause());
  const std::vector<std::string> lines = picture.lines(80, LivePicture::Colours::none);
  REQUIRE(lines.size() == LivePicture::kLines);
  CHECK(lines[0] == "100 MiB allocated, 0 young collections, 1 full one");
  CHECK(std::ranges::count(lines[1], '#') == 34);  // half of 68 columns
  CHECK(std::ranges::count(lines[1], '!') == 17);
  CHECK(std::ranges::count(lines[1], '.') == 8);
  CHECK(lines[4].find("4 MiB, at most 4 MiB; 3 islands of 96 B, 2 held blocks") !=
        std::string::npos);
  CHECK(lines[5].find("; full 2 ms, at most 2 ms") != std::string::npos);
}

TEST_CASE("no line of a live picture is wider than the terminal, whatever was seen") {
  LivePicture picture(16 * kMiB);
  for (int i = 0; i < 10000; ++i) {
    PauseReport report = full_pause();
    report.hostage = i % 3 == 0 ? -5 : i;
    report.islands = ~std::uint64_t{0} / 3;
    report.after.committed = static_cast<std::uint64_t>(i) * kMiB;
    picture.add(report);
  }
  for (const std::size_t width : {24U, 33U, 40U, 79U, 160U}) {
    for (const std::string& line : picture.lines(width, LivePicture::Colours::none)) {
      CHECK(columns_of(line) <= width);
      CHECK(line.find('\033') == std::string::npos);
    }
  }
  const LivePicture empty(16 * kMiB);
  CHECK(empty.lines(24, LivePicture::Colours::ansi).size() == LivePicture::kLines);
}

TEST_CASE("the rows of a picture are known after the terminal has wrapped it") {
  LivePicture picture(16 * kMiB);
  picture.add(full_pause());
  for (const auto colours : {LivePicture::Colours::none, LivePicture::Colours::ansi}) {
    const std::vector<std::string> lines = picture.lines(79, colours);
    CHECK(wrapped_rows(lines, 80) == LivePicture::kLines);
    CHECK(columns_of(lines[0]) == 50);
    CHECK(wrapped_rows({lines[0]}, 50) == 1);
    CHECK(wrapped_rows({lines[0]}, 49) == 2);
    CHECK(wrapped_rows({lines[1], ""}, 40) == 3);  // the bar has 79 columns
  }
}

TEST_CASE("hostage bytes that a plan does not measure are not shown as none") {
  LivePicture picture(16 * kMiB);
  PauseReport report = full_pause();
  report.hostage_measured = false;
  report.hostage = 0;
  picture.add(report);
  CHECK(picture.lines(80, LivePicture::Colours::none)[4] ==
        "hostage   not measured; 3 islands of 96 B, 2 held blocks");
}

}  // namespace
}  // namespace pinlab::harness
