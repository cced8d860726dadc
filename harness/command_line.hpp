// From the words of a command line to what the program does and the code that it ends with.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pinlab::harness {

/// Runs the program. `words` are those behind its name. Returns the exit code; throws nothing.
[[nodiscard]] int run_command_line(std::span<const std::string_view> words);

}  // namespace pinlab::harness
