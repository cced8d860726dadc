// A study of its own: what pins for life cost two routes, as a table. It links the library and is
// no pinlab, yet each of its runs is one: called with words, it does what pinlab does with them.
//
//   c++ -std=c++20 study.cpp $(pkg-config --cflags --libs pinlab) -o study
//   ./study            runs what is left to do in out/study, and prints the table
//   ./study env        as pinlab env
#include "harness/command_line.hpp"
#include "harness/study.hpp"

#include <cstdio>
#include <exception>
#include <string_view>
#include <vector>

namespace {

using namespace pinlab;

int run() {
  harness::Study study;
  study.set("heap.max", "16MiB")
      .set("workload.slots", "3000")
      .set("workload.replacements", "15000")
      .set("pin.lifetime", "forever")
      .axis("old.route=slide_around,skip_block")
      .axis("pin.share=0,0.1%:10%:x10")
      .reps(2);
  const harness::SweepSummary summary =
      study.run({.folder = "out/study", .jobs = 2}, harness::Console());

  const harness::Table table = study.table();
  std::printf("%-14s %9s %12s %12s\n", "old.route", "pin.share", "moved", "hostage");
  for (const harness::TableRow& row : table.rows) {
    if (row.rep > 1) {
      continue;  // exact figures of equal runs are equal: run() would have said otherwise
    }
    const auto moved = table.figure(row, "moved");
    const auto hostage = table.figure(row, "hostage");
    std::printf("%-14s %9s %12lld %12lld\n", table.axis(row, "old.route").c_str(),
                table.axis(row, "pin.share").c_str(), static_cast<long long>(moved.value_or(-1)),
                static_cast<long long>(hostage.value_or(-1)));
  }
  return static_cast<int>(summary.code);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  if (!words.empty()) {
    return harness::run_command_line(words);
  }
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "study: %s\n", error.what());
    return 2;
  }
}
