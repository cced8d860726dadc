// What the program teaches about itself.
#pragma once

#include "harness/command.hpp"
#include "harness/console.hpp"

#include <string>

namespace pinlab::harness {

/// `pinlab` alone.
[[nodiscard]] std::string overview(const Console& console);
/// `pinlab COMMAND --help`.
[[nodiscard]] std::string help_of(const Command& command, const Console& console);
/// Text in lines of at most `width`, all but the first indented.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace pinlab::harness
