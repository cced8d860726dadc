// The words of a line, separated by spaces, and the numbers among them.
#pragma once

#include "workloads/heaptrack/line_reader.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace pinlab::workloads {

class TextWords {
 public:
  /// Of the current line of `lines`.
  explicit TextWords(const LineReader& lines) : lines_(&lines), text_(lines.line()) { skip(); }

  [[nodiscard]] bool more() const { return at_ < text_.size(); }

  /// The next word; `what` names it in errors.
  std::string_view next(const char* what) {
    word_ = at_;
    if (!more()) {
      fail(std::string("expected ") + what + ", found the end of the line");
    }
    const std::size_t end = std::min(text_.find_first_of(kSpaces, at_), text_.size());
    const std::string_view word = text_.substr(at_, end - at_);
    at_ = end;
    skip();
    return word;
  }

  /// The next word as a decimal number, at most `most`.
  std::uint64_t number(const char* what, std::uint64_t most = ~std::uint64_t{0}) {
    const std::string_view word = next(what);
    std::uint64_t value = 0;
    const char* const end = word.data() + word.size();
    const auto [parsed, error] = std::from_chars(word.data(), end, value);
    if (error == std::errc::result_out_of_range || (parsed == end && value > most)) {
      fail(std::string(what) + " of " + quoted(word) + " is too large: at most " +
           std::to_string(most));
    }
    if (error != std::errc() || parsed != end) {
      fail(std::string("expected ") + what + ", a number, found " + quoted(word));
    }
    return value;
  }

  /// All that is left.
  std::string_view rest() {
    word_ = at_;
    std::string_view left = text_.substr(at_);
    at_ = text_.size();
    return left.substr(0, left.find_last_not_of(kSpaces) + 1);
  }

  void end() {
    if (more()) {
      word_ = at_;
      fail("expected the end of the line, found " + quoted(text_.substr(at_)));
    }
  }

  /// Throws TraceError at the word that was read last.
  [[noreturn]] void fail(std::string_view message) const { lines_->fail(word_, message); }

 private:
  static constexpr std::string_view kSpaces = " \t\r";

  void skip() { at_ = std::min(text_.find_first_not_of(kSpaces, at_), text_.size()); }

  const LineReader* lines_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t word_ = 0;
};

}  // namespace pinlab::workloads
