// What is wrong with a recorded heap, and where, and how numbers and texts of it are shown.
// Invariant: what() is one line that names the file, and, unless the file as a whole is meant, the
// line and the byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace pinlab::workloads {

/// A recorded heap that cannot be read. what() is "FILE:LINE: byte OFFSET: MESSAGE", or
/// "FILE: MESSAGE" where line is 0.
struct TraceError : std::runtime_error {
  TraceError(std::string_view path,
             std::uint64_t line_number,
             std::uint64_t byte_offset,
             std::string_view text);

  std::string file;
  std::uint64_t line;    ///< of the decompressed text, from 1; 0 means the file as a whole
  std::uint64_t offset;  ///< in bytes of the decompressed text, from 0
  std::string message;
};

/// `text` in single quotes, at most 40 characters of it; what does not print stands as \xHH.
[[nodiscard]] std::string quoted(std::string_view text);

/// `value` in lower case, padded with zeros to `digits`.
[[nodiscard]] std::string hexadecimal(std::uint64_t value, std::size_t digits = 1);

}  // namespace pinlab::workloads
