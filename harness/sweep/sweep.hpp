// The sweep itself: runs the cells of a matrix as child processes and writes down each end at once,
// so that nothing is lost whatever happens; started again, it goes on where it stopped.
//
// Invariants: (1) one sweep works in a folder at a time; (2) a run that is written down as ended is
// never run again, unless it said nothing of its cell; (3) exact.json depends on the matrix and the
// program alone, not on how often the sweep was interrupted.
#pragma once

#include "harness/console.hpp"
#include "harness/outcome.hpp"
#include "harness/sweep/folder.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pinlab::harness {

struct SweepOptions {
  std::string folder;
  std::string program = "/proc/self/exe";  ///< pinlab: what `program run ...` starts
  std::string against = {};  ///< another pinlab, whose runs are interleaved; empty: none
  RunLimits limits = {};
  unsigned jobs = 1;
  std::optional<Shard> shard = {};
  bool extend = false;  ///< whether a folder of another matrix may take this one
  bool retry = false;   ///< whether runs that ended in timeout, crashed or killed are run again
};

/// How it went. `outcomes` of all runs of the folder, also those of before.
struct SweepSummary {
  std::map<std::string, std::size_t> outcomes;
  std::size_t done = 0;
  std::size_t total = 0;
  std::size_t ran = 0;                   ///< this time
  double wall = 0;                       ///< seconds
  double in_children = 0;                ///< seconds in which at least one run was going on
  std::vector<std::string> disagreeing;  ///< cells whose runs had to be equal and are not
  bool interrupted = false;
  ExitCode code = ExitCode::done;
};

/// One program of a sweep, and the folder that its runs go to.
struct SweepArm {
  std::string program;
  std::string folder;
};
/// One, or DIR/base and DIR/new.
[[nodiscard]] std::vector<SweepArm> arms_of(const SweepOptions& options);

/// Whether the cell is in the part that is asked for.
[[nodiscard]] bool is_mine(const SweepOptions& options, std::size_t cell);

/// Throws what run_sweep() would throw before its first run, because of the folder that is there or
/// of what is asked. Writes nothing; without a folder there is only what is asked.
void check_sweep(const Matrix& matrix, const std::vector<Cell>& cells, const SweepOptions& options);

/// Throws UsageError, InputError or IoError; what was done until then is kept.
[[nodiscard]] SweepSummary run_sweep(const Matrix& matrix,
                                     const std::vector<Cell>& cells,
                                     const SweepOptions& options,
                                     const Console& console);

/// Reads a folder and says how far it is: for another terminal.
[[nodiscard]] std::string status_text(const std::string& folder);
/// The exit code that the ends of a folder's runs stand for.
[[nodiscard]] ExitCode exit_code_of(const std::map<std::string, std::size_t>& outcomes,
                                    bool disagreeing,
                                    bool complete);

/// Joins the shards of one sweep in `out`. Throws UsageError where they do not belong together.
[[nodiscard]] SweepSummary merge_sweeps(const std::string& out,
                                        const std::vector<std::string>& folders);

/// Derives exact.json and results.csv anew from manifest and events.
[[nodiscard]] ExactResults derive_results(const std::string& folder);

/// Path, hash and version of a program. Throws IoError.
[[nodiscard]] ProgramInfo program_info(const std::string& path);

/// Folders that are missing are made. Throws IoError.
void make_folder(const std::string& path);
/// Writes a small file whole or not at all. Throws IoError.
void write_file(const std::string& path, std::string_view text);

}  // namespace pinlab::harness
