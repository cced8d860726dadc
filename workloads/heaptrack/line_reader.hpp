// The lines of a recorded heap and the fields of a line, parsed in place.
// Invariants: a line handed out is whole (its newline was there, if it needs one) and is valid
// until the next one; no string is built except for an error; every error carries line and byte of
// the text.
#pragma once

#include "workloads/heaptrack/text_source.hpp"
#include "workloads/heaptrack/trace_error.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::workloads {

/// Bytes. C++ symbols of hundreds of kilobytes exist; a line beyond this is no line of heaptrack's.
inline constexpr std::size_t kLongestLine = std::size_t{4} << 20U;

/// Reads a text line by line, decompressing as it goes.
class LineReader {
 public:
  /// Throws TraceError if the file cannot be opened.
  explicit LineReader(std::string path);

  /// Steps to the next line; false at the end. Throws TraceError if the text is cut or damaged.
  bool next();

  /// From now on the last line needs no newline: for forms that say themselves where they end.
  void allow_unended() { unended_allowed_ = true; }

  /// The line without its newline.
  [[nodiscard]] std::string_view line() const { return line_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// The line's number, from 1.
  [[nodiscard]] std::uint64_t number() const { return number_; }
  /// Bytes of text before the line.
  [[nodiscard]] std::uint64_t offset() const { return offset_of_buffer_ + begin_; }

  /// Whether the text, of which no line is read yet, begins so. Throws as next() does.
  bool starts_with(std::string_view prefix);
  /// What of the text is at hand and not yet read: for error messages.
  [[nodiscard]] std::string_view rest() const;

  /// Throws TraceError at byte `column`, from 0, of the current line.
  [[noreturn]] void fail(std::size_t column, std::string_view message) const;

 private:
  /// Makes more of the text follow [begin_, end_); false at the end of the text.
  bool refill();

  std::string path_;
  std::unique_ptr<TextSource> source_;
  std::vector<char> buffer_;
  std::string_view line_;
  std::size_t begin_ = 0;  ///< the current line, in buffer_
  std::size_t after_ = 0;  ///< where the next line begins
  std::size_t end_ = 0;    ///< end of the text in buffer_
  std::uint64_t offset_of_buffer_ = 0;
  std::uint64_t number_ = 0;
  bool unended_allowed_ = false;
};

/// The fields of the current line after its tag, one space between each two, read from left to
/// right. Numbers are hexadecimal, in lower case, as heaptrack writes them (KDE heaptrack,
/// linewriter.h).
class LineFields {
 public:
  /// At the first field of the current line, whose tag is its first character.
  explicit LineFields(const LineReader& lines);

  /// The next field as a number. `what` names it in errors. Throws TraceError if it is no number or
  /// above `limit`.
  std::uint64_t hex(const char* what,
                    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max());
  std::uint32_t hex32(const char* what,
                      std::uint32_t limit = std::numeric_limits<std::uint32_t>::max());
  /// The next field: its length in bytes, a space, and so many characters, spaces among them.
  std::string_view sized_string(const char* what);

  /// Whether a field is left.
  [[nodiscard]] bool more() const { return at_ < text_.size(); }
  /// Throws TraceError if a field is left.
  void end() const;

  /// Throws TraceError at the field that was read last.
  [[noreturn]] void fail(std::string_view message) const;

 private:
  /// Goes over the space before a field; throws if none or nothing follows.
  void begin_field(const char* what);
  [[noreturn]] void fail_expected(std::string_view what, std::size_t column) const;

  const LineReader* lines_;
  std::string_view text_;
  std::size_t at_ = 1;     ///< before the space of the next field
  std::size_t field_ = 0;  ///< where the field read last begins
};

}  // namespace pinlab::workloads
