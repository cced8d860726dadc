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

namespace pinlab::harness {

struct SessionOptions {
  std::string out;      ///< where the record goes; empty: nowhere, "-": standard output
  std::string figures;  ///< where the sums go, on one line; empty: nowhere
  std::string pprof;    ///< where the profile of pins goes; empty: nowhere
  std::optional<std::uint64_t> timeout;  ///< nanoseconds
  bool gctrace = false;
  bool live = false;  ///< draw the heap in the terminal
};

/// What a record is made of: record_text(result, environment).
struct Session {
  RunResult result;
  Environment environment;
};

/// The options --out, --figures, --pprof, --timeout, --gctrace and --live, as commands declare them.
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
