// Where things stand in JSON: for messages that name file, line and path. A second, slow reading of
// what is wrong or suspicious; values are read by nlohmann's parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pinlab::harness {

/// as_written: whoever reads takes the text of a number, and judges it.
enum class Numbers : std::uint8_t { bounded, as_written };

/// Throws InputError, "run.json:107: at summary.exact.moved the key is there twice", for what the
/// parser takes without a word or without a place: a key that is there twice, a number that is out
/// of range. Text that is no JSON is left to the parser.
void refuse_doubtful_json(const std::string& file,
                          std::string_view text,
                          Numbers numbers = Numbers::bounded);

/// The line on which the value at `path` (summary.exact.moved, cells[3].cell) begins; 1 where there
/// is none.
[[nodiscard]] std::size_t line_in_json(std::string_view text, std::string_view path);

}  // namespace pinlab::harness
