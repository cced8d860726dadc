// The machine and the program that a run's times belong to, and what is wrong with them for
// measuring.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::harness {

struct Environment {
  std::string version;
  std::string commit;
  std::string compiler;
  std::string build;  ///< build type, assertions, sanitizers
  std::string kernel;
  std::string processor;
  std::uint64_t cores = 0;   ///< that this process may use
  std::uint64_t memory = 0;  ///< bytes
  std::uint64_t page_size = 0;
  std::uint64_t huge_page_size = 0;  ///< 0: the system has none
  std::string huge_pages;            ///< always, madvise or never
  std::uint64_t timer_cost = 0;      ///< nanoseconds that reading the clock takes
  std::string date;                  ///< UTC, ISO 8601
};

/// Asks the system. Takes about a millisecond.
[[nodiscard]] Environment this_environment();

/// What makes times of this machine and build less worth, a sentence each. Exact figures do not
/// care.
[[nodiscard]] std::vector<std::string> measuring_problems(const Environment& environment);

/// "pinlab 0.1.0 (commit, compiler, build)".
[[nodiscard]] std::string version_line();

}  // namespace pinlab::harness
