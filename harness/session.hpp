// One run as the program does it: with a record that is written whatever happens, a time limit, and
// an ear for the user.
#pragma once

#include "heap/support/parameter.hpp"
#include "harness/console.hpp"
#include "harness/environment.hpp"
#include "harness/experiment.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pinlab::harness {

struct SessionOptions {
  std::string out;           ///< where the record goes; empty: nowhere, "-": standard output
  std::string figures;       ///< where the sums go, on one line; empty: nowhere
  std::string pprof;         ///< where the profile of pins goes; empty: nowhere
  std::string trace_events;  ///< where collections go as Chrome trace events; empty: nowhere
  std::string csv;           ///< where the run goes as a row of a table; empty: nowhere
  std::optional<std::uint64_t> timeout;  ///< nanoseconds
  bool gctrace = false;
  bool live = false;  ///< draw the heap in the terminal

  [[nodiscard]] std::array<std::string_view, 5> files() const;
  /// Whether one of the files is standard output, which then has nothing else.
  [[nodiscard]] bool uses_standard_output() const;
};

/// What a record is made of: record_text(result, environment).
struct Session {
  RunResult result;
  Environment environment;
};

/// The options --out and what follows it in pinlab run --help, as commands declare them.
[[nodiscard]] std::span<const heap::Parameter> session_parameters();
[[nodiscard]] SessionOptions session_options(const heap::ParameterValues& options);

/// Probes the output, runs, writes the record. Throws IoError before the run where the output
/// cannot be written, and what Experiment throws.
[[nodiscard]] Session run_session(const heap::ParameterValues& values,
                                  const SessionOptions& options,
                                  const Console& console);

/// Where several apply, the graver one.
[[nodiscard]] ExitCode exit_code_of(const RunResult& result);

}  // namespace pinlab::harness
