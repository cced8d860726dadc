// A study: a matrix of runs, and the table of what came out. What `pinlab sweep` does, for C++
// programs:
//
//   int main(int argc, char** argv) {
//     const std::vector<std::string_view> words(argv + 1, argv + argc);
//     if (!words.empty()) {
//       return harness::run_command_line(words);  // a run of the study, which is a process
//     }
//     harness::Study study;
//     study.set("heap.max", "16MiB").axis("pin.share=0,0.1%,1%").axis("seed=1..3");
//     study.run({.folder = "out/study"}, harness::Console());
//     const harness::Table table = study.table();
//     for (const harness::TableRow& row : table.rows) {
//       std::cout << table.axis(row, "pin.share") << ' ' << *table.figure(row, "moved") << '\n';
//     }
//   }
//
// Every run is a child process with the command line of `pinlab run`: of this very program, so that
// workloads of its own are there too, or of SweepOptions::program. Nothing is lost whatever
// happens; run again, the study goes on where it stopped. harness/examples/study.cpp is a program.
#pragma once

#include "harness/sweep/sweep.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pinlab::harness {

class Study {
 public:
  Study() = default;
  explicit Study(Matrix matrix) : matrix_(std::move(matrix)) {}

  // What is asked. All throw UsageError with a sentence; what values and names mean together is
  // found by cells().

  /// One parameter that all runs share, as --name=text has it.
  Study& set(std::string_view name, std::string_view text);
  /// An axis, in the grammar of harness/sweep/axis.hpp.
  Study& axis(std::string_view text);
  /// Only cells for which this holds; of several conditions, all.
  Study& where(std::string_view condition);
  Study& order(CellOrder order);
  /// Runs of each cell.
  Study& reps(std::uint32_t reps);
  /// A file of pinlab minheap, for sizes such as 1.5*min. Throws IoError or InputError too.
  Study& minimal_heaps(const std::string& path);
  /// More cells than this are an error.
  Study& most_cells(std::uint64_t cells);

  [[nodiscard]] const Matrix& matrix() const { return matrix_; }

  /// The cells that it comes to: everything that can be wrong with it is found here. Throws
  /// UsageError, or IoError where an input file cannot be read.
  [[nodiscard]] std::vector<Cell> cells() const;

  /// Runs what is left to do in the folder of `options`. While it lasts, SIGINT and SIGTERM end it
  /// in good order. Throws UsageError, InputError or IoError; what was done until then is kept.
  SweepSummary run(const SweepOptions& options, const Console& console);

  /// Of the folder of the last run(), as it is now; of two programs (SweepOptions::against) the new
  /// one's. REQUIRES a run(). Throws IoError or InputError.
  [[nodiscard]] Table table() const;

 private:
  Matrix matrix_;
  std::vector<MinimalHeap> heaps_;
  std::uint64_t most_cells_ = kMostCells;
  std::string folder_;
};

}  // namespace pinlab::harness
