// The folder of a sweep, as results/README.md describes it: what was asked (manifest.json,
// matrix.json), what happened (events.jsonl), and what is derived from the two.
//
// Invariant: nothing is read leniently: what is wrong is named with file, line and path.
#pragma once

#include "harness/environment.hpp"
#include "harness/sweep/child.hpp"
#include "harness/sweep/matrix.hpp"
#include "harness/sweep/table.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pinlab::harness {

struct Shard {
  std::uint32_t index = 1;  ///< from 1
  std::uint32_t of = 1;
};

struct ProgramInfo {
  std::string path;
  std::string hash;     ///< of its bytes
  std::string version;  ///< what --version says
};

/// What manifest.json says, for those who write it.
struct Manifest {
  const Matrix& matrix;
  const std::vector<Cell>& cells;
  RunLimits limits;
  unsigned jobs = 1;
  std::optional<Shard> shard;
  std::string session;  ///< empty: none
  ProgramInfo program;
  Environment environment;
};
[[nodiscard]] std::string manifest_text(const Manifest& manifest);

struct ManifestCell {
  std::string id;
  Settings axes;
  Settings parameters;  ///< those that are not common
};

/// And for those who read it.
struct ManifestFile {
  std::string text;
  std::string plan;
  std::string program_hash;
  std::string program_version;
  std::uint32_t reps = 1;
  std::optional<Shard> shard;
  std::vector<std::string> axis_names;
  Settings parameters;  ///< that all cells have in common
  std::vector<ManifestCell> cells;
};
/// Throws IoError or InputError.
[[nodiscard]] ManifestFile read_manifest(const std::string& path);

/// The matrix in the form of a matrix file, and back. Throws IoError, InputError or UsageError.
[[nodiscard]] std::string matrix_text(const Matrix& matrix);
[[nodiscard]] Matrix read_matrix(const std::string& path);

/// One end of a run.
struct RepEnd {
  std::string cell;
  std::uint32_t rep = 1;  ///< from 1
  std::string outcome;
  std::string reason;
  std::string limit;  ///< timeout or memory where that ended it; else empty
  std::uint64_t wall = 0;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  std::uint64_t peak_memory = 0;
  std::uint64_t exit = 0;
  std::string run = "null";  ///< JSON: what the run said of itself
};
/// The fields of its event.
[[nodiscard]] std::string fields_of(const RepEnd& end);

/// Whether it says something of the cell, so that it is not run again.
[[nodiscard]] bool is_settled(const RepEnd& end);

using RepKey = std::pair<std::string, std::uint32_t>;  ///< cell and rep

struct SweepEvents {
  std::uint64_t length = 0;  ///< bytes of whole lines
  std::uint64_t lines = 0;
  bool cut_short = false;  ///< there was a line behind them that is not whole
  std::map<RepKey, RepEnd> ends;
  std::vector<RepKey> running;  ///< begun since the last begin, and not ended
  std::string began;            ///< time of the last begin
};
/// A file that is not there has no events. Throws InputError where a line in the middle is damaged.
[[nodiscard]] SweepEvents read_events(const std::string& path);

/// What a run wrote to its pipe; none where that is no such line.
struct RunFigures {
  std::string outcome;
  std::string reason;
  std::string run;  ///< JSON
};
[[nodiscard]] std::optional<RunFigures> read_figures(const std::string& line);

/// The exact figures of each cell, and the cells whose runs disagree.
struct ExactResults {
  std::string text;  ///< exact.json
  std::vector<std::string> disagreeing;
};
[[nodiscard]] ExactResults exact_results(const ManifestFile& manifest, const SweepEvents& events);
[[nodiscard]] Table table_of(const ManifestFile& manifest, const SweepEvents& events);

}  // namespace pinlab::harness
