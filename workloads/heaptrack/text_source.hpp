// The text inside a stored file, be it plain, gzip or zstd, as a stream of bytes.
// Invariants: read() returns 0 only at the sound end of the file; a stream that is cut or damaged
// ends in a SourceError, never in a shorter text; memory is one buffer and the
// decompressor's window.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

namespace pinlab::workloads {

/// Why the text of a file does not go on. what() names the byte of the stored file where that
/// shows.
struct SourceError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A stream of text bytes.
class TextSource {
 public:
  virtual ~TextSource() = default;

  /// Writes up to `capacity` bytes to `to` and returns how many; 0 at the end of the text.
  /// Throws SourceError where the file is cut, damaged or unreadable. REQUIRES capacity > 0.
  virtual std::size_t read(char* to, std::size_t capacity) = 0;
};

/// Opens the file at `path` and tells by its first bytes how it is compressed: zstd (RFC 8878),
/// gzip (RFC 1952), else plain. Throws SourceError if it cannot be opened or read.
[[nodiscard]] std::unique_ptr<TextSource> open_text(const std::string& path);

}  // namespace pinlab::workloads
