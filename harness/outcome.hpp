// How a run ends, how the program ends, and the errors that lie between the two. The words and
// codes are those of results/README.md, for scripts to hold on to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace pinlab::harness {

enum class Outcome : std::uint8_t {
  completed,
  heap_exhausted,
  pin_leak,
  pin_limit,
  pin_collected,
  pin_violation,
  gc_blocked,
  verification_failed,
  timeout,
  crashed,
  killed,
  io_error,
  interrupted
};
inline constexpr std::array<std::string_view, 13> kOutcomeNames = {
    "completed",  "heap_exhausted",      "pin_leak", "pin_limit", "pin_collected", "pin_violation",
    "gc_blocked", "verification_failed", "timeout",  "crashed",   "killed",        "io_error",
    "interrupted"};
[[nodiscard]] constexpr std::string_view name_of(Outcome outcome) {
  return kOutcomeNames[static_cast<std::size_t>(outcome)];
}

enum class ExitCode : std::uint8_t {
  done = 0,
  finding = 1,
  usage = 2,
  bad_input = 3,
  our_bug = 4,
  other_outcome = 5,
  incomparable = 6,
  io_failed = 7,
  interrupted = 130,
};

/// The code of a run that ended so.
[[nodiscard]] constexpr ExitCode exit_code_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::completed:
      return ExitCode::done;
    case Outcome::verification_failed:
    case Outcome::crashed:
      return ExitCode::our_bug;
    case Outcome::io_error:
      return ExitCode::io_failed;
    case Outcome::interrupted:
      return ExitCode::interrupted;
    default:
      return ExitCode::other_outcome;
  }
}

/// Whether a run of the same parameters ends the same way: what a clock or a user ends does not.
[[nodiscard]] constexpr bool is_repeatable(Outcome outcome) {
  return outcome <= Outcome::verification_failed;
}

/// The command line asks for what cannot be: exit code 2.
struct UsageError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// A file says what cannot be: exit code 3.
struct InputError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A file cannot be read or written: exit code 7.
struct IoError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace pinlab::harness
