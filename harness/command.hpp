// A command of the program: a name, what it teaches about itself, and what it does.
#pragma once

#include "heap/support/parameter.hpp"
#include "harness/console.hpp"
#include "harness/outcome.hpp"
#include "harness/settings.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::harness {

/// What one call of a command was given.
struct Invocation {
  heap::ParameterValues options;
  Settings repeated;  ///< options that may be given any number of times, in their order
  Settings parameters;
  std::vector<std::string> operands;
  Console& console;
};

struct Command {
  std::string_view name;
  std::string_view operands;  ///< as they are shown: RECORD, [NAME]
  std::string_view summary;   ///< one line, without a full stop
  std::string_view lesson;    ///< what --help says more, examples first
  std::span<const heap::Parameter> options;
  std::size_t least_operands = 0;
  std::size_t most_operands = 0;
  bool takes_parameters = false;
  std::span<const heap::Parameter> repeated = {};  ///< options that may be given several times
  ExitCode (*run)(const Invocation&) = nullptr;
};

// Each in a file of its own: harness/command_NAME.cpp.
[[nodiscard]] Command run_command();
[[nodiscard]] Command rerun_command();
[[nodiscard]] Command explain_command();
[[nodiscard]] Command sweep_command();
[[nodiscard]] Command merge_command();
[[nodiscard]] Command minheap_command();
[[nodiscard]] Command list_command();
[[nodiscard]] Command describe_command();
[[nodiscard]] Command schema_command();
[[nodiscard]] Command env_command();

/// All of them, in the order of --help.
[[nodiscard]] std::span<const Command> commands();

}  // namespace pinlab::harness
