// Lines out of a buffer that slides over the text, and the numbers in them.
// Invariant: [begin_, end_) of the buffer is text that is not used up; a line begins at begin_.
#include "workloads/heaptrack/line_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pinlab::workloads {
namespace {

constexpr std::size_t kFirstBufferBytes = std::size_t{1} << 18U;
constexpr std::size_t kLongestQuote = 40;

std::string located(std::string_view path,
                    std::uint64_t line,
                    std::uint64_t offset,
                    std::string_view message) {
  std::string text(path);
  if (line != 0) {
    text += ":" + std::to_string(line) + ": byte " + std::to_string(offset);
  }
  return text.append(": ").append(message);
}

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::uint64_t kNoDigit = 16;

constexpr std::uint64_t digit_value(char character) {
  if (character >= '0' && character <= '9') {
    return static_cast<std::uint64_t>(character - '0');
  }
  if (character >= 'a' && character <= 'f') {
    return static_cast<std::uint64_t>(character - 'a') + 10;
  }
  return kNoDigit;
}

}  // namespace

TraceError::TraceError(std::string_view path,
                       std::uint64_t line_number,
                       std::uint64_t byte_offset,
                       std::string_view text)
    : std::runtime_error(located(path, line_number, byte_offset, text)),
      file(path),
      line(line_number),
      offset(byte_offset),
      message(text) {}

std::string quoted(std::string_view text) {
  std::string shown;
  for (const char character : text) {
    std::string one(1, character);
    if (character < ' ' || character > '~') {
      const auto byte = static_cast<unsigned char>(character);
      one = {'\\', 'x', kDigits[byte >> 4U], kDigits[byte & 0xfU]};
    }
    if (shown.size() + one.size() > kLongestQuote) {
      return "'" + shown + "'...";
    }
    shown += one;
  }
  return "'" + shown + "'";
}

std::string hexadecimal(std::uint64_t value, std::size_t digits) {
  std::string text;
  for (; value != 0 || text.size() < digits; value >>= 4U) {
    text.insert(text.begin(), kDigits[value & 0xfU]);
  }
  return text;
}

LineReader::LineReader(std::string path) : path_(std::move(path)), buffer_(kFirstBufferBytes) {
  try {
    source_ = open_text(path_);
  } catch (const SourceError& error) {
    throw TraceError(path_, 0, 0, error.what());
  }
}

bool LineReader::next() {
  begin_ = after_;
  ++number_;
  std::size_t searched = begin_;
  while (true) {
    if (searched < end_) {
      const char* from = buffer_.data() + searched;
      if (const void* newline = std::memchr(from, '\n', end_ - searched)) {
        const auto length = static_cast<std::size_t>(static_cast<const char*>(newline) - from);
        line_ = std::string_view(buffer_.data() + begin_, searched - begin_ + length);
        after_ = begin_ + line_.size() + 1;
        return true;
      }
    }
    const std::size_t unfinished = end_ - begin_;
    if (!refill()) {
      if (unfinished == 0) {
        return false;
      }
      if (unended_allowed_) {
        line_ = std::string_view(buffer_.data() + begin_, unfinished);
        after_ = end_;
        return true;
      }
      fail(unfinished, "the last line is cut: expected a newline after " +
                           quoted({buffer_.data() + begin_, unfinished}));
    }
    searched = begin_ + unfinished;
  }
}

bool LineReader::refill() {
  if (begin_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    offset_of_buffer_ += begin_;
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) {
    if (end_ >= kLongestLine) {
      fail(0,
           "a line of more than " + std::to_string(kLongestLine) + " bytes is none of heaptrack's");
    }
    buffer_.resize(buffer_.size() * 2);
  }
  try {
    const std::size_t count = source_->read(buffer_.data() + end_, buffer_.size() - end_);
    end_ += count;
    return count != 0;
  } catch (const SourceError& error) {
    fail(end_, error.what());
  }
}

bool LineReader::starts_with(std::string_view prefix) {
  ++number_;  // an error in here is one of the first line
  while (end_ - after_ < prefix.size() && refill()) {
  }
  --number_;
  return rest().substr(0, prefix.size()) == prefix;
}

std::string_view LineReader::rest() const {
  return {buffer_.data() + after_, end_ - after_};
}

void LineReader::fail(std::size_t column, std::string_view message) const {
  throw TraceError(path_, number_, offset() + column, message);
}

LineFields::LineFields(const LineReader& lines) : lines_(&lines), text_(lines.line()) {}

void LineFields::begin_field(const char* what) {
  if (at_ >= text_.size() || text_[at_] != ' ') {
    fail_expected(what, at_);
  }
  field_ = at_ + 1;
  at_ = field_;
}

std::uint64_t LineFields::hex(const char* what, std::uint64_t limit) {
  begin_field(what);
  std::uint64_t value = 0;
  for (; at_ < text_.size() && text_[at_] != ' '; ++at_) {
    const std::uint64_t digit = digit_value(text_[at_]);
    if (digit == kNoDigit) {
      fail_expected(what, field_);
    }
    if (value >> 60U != 0) {
      fail(std::string(what) + " does not fit into 64 bits: " + quoted(text_.substr(field_)));
    }
    value = value << 4U | digit;
  }
  if (at_ == field_) {
    fail_expected(what, field_);
  }
  if (value > limit) {
    fail(std::string(what) + ", 0x" + hexadecimal(value) + ", is out of range: the largest is 0x" +
         hexadecimal(limit));
  }
  return value;
}

std::uint32_t LineFields::hex32(const char* what, std::uint32_t limit) {
  return static_cast<std::uint32_t>(hex(what, limit));
}

std::string_view LineFields::sized_string(const char* what) {
  const std::uint64_t length = hex("a length");
  begin_field(what);
  const std::string_view left = text_.substr(field_);
  if (length > left.size()) {
    fail("expected " + std::string(what) + " of " + std::to_string(length) + " bytes, found " +
         std::to_string(left.size()) + ": " + quoted(left));
  }
  at_ = field_ + static_cast<std::size_t>(length);
  return left.substr(0, static_cast<std::size_t>(length));
}

void LineFields::end() const {
  if (more()) {
    fail_expected("the end of the line", at_);
  }
}

void LineFields::fail(std::string_view message) const {
  lines_->fail(field_, message);
}

void LineFields::fail_expected(std::string_view what, std::size_t column) const {
  const std::string_view found = text_.substr(std::min(column, text_.size()));
  std::string message = "expected " + std::string(what) + ", found ";
  message += found.empty() ? "the end of the line" : quoted(found);
  message += ", in " + quoted(text_);
  lines_->fail(std::min(column, text_.size()), message);
}

}  // namespace pinlab::workloads
