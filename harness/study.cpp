#include "harness/study.hpp"

#include "heap/support/expects.hpp"
#include "harness/sweep/heap_file.hpp"
#include "harness/sweep/where.hpp"

#include <csignal>

namespace pinlab::harness {

Study& Study::set(std::string_view name, std::string_view text) {
  matrix_.fixed.push_back({std::string(any_parameter(name).name), std::string(text)});
  return *this;
}

Study& Study::axis(std::string_view text) {
  matrix_.axes.push_back(parse_axis(text));
  return *this;
}

Study& Study::where(std::string_view condition) {
  static_cast<void>(Where(condition));  // throws where it makes no sense
  matrix_.where = matrix_.where.empty()
                      ? std::string(condition)
                      : "(" + matrix_.where + ") && (" + std::string(condition) + ")";
  return *this;
}

Study& Study::order(CellOrder order) {
  matrix_.order = order;
  return *this;
}

Study& Study::reps(std::uint32_t reps) {
  if (reps == 0) {
    throw UsageError("a study without runs: reps is at least 1");
  }
  matrix_.reps = reps;
  return *this;
}

Study& Study::minimal_heaps(const std::string& path) {
  heaps_ = read_minimal_heaps(path);
  return *this;
}

Study& Study::most_cells(std::uint64_t cells) {
  most_cells_ = cells;
  return *this;
}

std::vector<Cell> Study::cells() const {
  return cells_of(matrix_, heaps_, most_cells_);
}

SweepSummary Study::run(const SweepOptions& options, const Console& console) {
  if (options.folder.empty()) {
    throw UsageError("a study needs the name of a folder");
  }
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of writing
  folder_ = options.against.empty() ? options.folder : options.folder + "/new";
  return run_sweep(matrix_, cells(), options, console);
}

Table Study::table() const {
  EXPECTS(!folder_.empty());
  return read_table(folder_);
}

}  // namespace pinlab::harness
