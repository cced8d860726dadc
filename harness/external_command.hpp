// Commands that are programs of their own: `pinlab plot` runs pinlab-plot, found as git finds its
// own. Looked for beside this program, in $PINLAB_EXEC_PATH, in the checkout it was built from, in
// $PATH.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::harness {

/// Becomes the program for words[0], with the other words as its arguments and this program's path
/// in $PINLAB. Returns where there is none. Throws IoError where it cannot be run.
void become_external_command(std::span<const std::string_view> words);

/// What the command `words[0]` prints when it reads `input` from a file: the last of its words.
/// Throws IoError where it is not there, cannot be run or fails.
[[nodiscard]] std::string output_of_external_command(std::span<const std::string_view> words,
                                                     std::string_view input);

/// The names of all that are found, sorted.
[[nodiscard]] std::vector<std::string> external_commands();

}  // namespace pinlab::harness
