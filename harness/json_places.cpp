#include "harness/json_places.hpp"

#include "heap/support/words.hpp"
#include "harness/outcome.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <set>

namespace pinlab::harness {

namespace {

constexpr std::size_t kMostLevels = 64;  // deeper is refused by the checker, without this scanner

/// Walks through a text as long as it is JSON.
class Scanner {
 public:
  /// With a file, what is doubtful is thrown.
  Scanner(std::string_view text,
          const std::string* file,
          std::string_view wanted,
          Numbers numbers = Numbers::as_written)
      : text_(text), file_(file), wanted_(wanted), numbers_(numbers) {}

  void run() { value({}, 0); }
  [[nodiscard]] std::size_t found() const { return found_; }

 private:
  [[nodiscard]] std::size_t line() const {
    return 1 + static_cast<std::size_t>(std::count(text_.begin(), text_.begin() + at(), '\n'));
  }
  [[nodiscard]] std::ptrdiff_t at() const { return static_cast<std::ptrdiff_t>(at_); }

  void refuse(const std::string& path, const std::string& what) const {
    if (file_ != nullptr) {
      throw InputError(*file_ + ":" + std::to_string(line()) + ": at " +
                       heap::printable_text(path) + " " + what);
    }
  }

  /// The next character that is neither space nor comment; 0: the end.
  char peek() {
    while (at_ < text_.size()) {
      const std::string_view rest = text_.substr(at_);
      if (rest.starts_with("//")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (rest.starts_with("/*")) {
        const std::size_t end = text_.find("*/", at_ + 2);
        at_ = end == std::string_view::npos ? text_.size() : end + 2;
      } else if (rest.front() == ' ' || rest.front() == '\n' || rest.front() == '\t' ||
                 rest.front() == '\r') {
        ++at_;
      } else {
        return rest.front();
      }
    }
    return '\0';
  }

  bool take(char c) {
    const bool is_there = peek() == c;
    at_ += is_there ? 1U : 0U;
    return is_there;
  }

  /// As it is written, without the quotes.
  std::string text() {
    const std::size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      at_ += text_[at_] == '\\' ? 2U : 1U;
    }
    const std::size_t end = std::min(at_, text_.size());
    at_ = std::min(end + 1, text_.size());
    return std::string(text_.substr(begin, end - begin));
  }

  bool value(const std::string& path, std::size_t level) {
    const char first = peek();
    if (found_ == 0 && path == wanted_) {
      found_ = line();
    }
    if (level > kMostLevels) {
      return false;
    }
    if (first == '{') {
      return members(path, level);
    }
    if (first == '[') {
      return elements(path, level);
    }
    if (first == '"') {
      static_cast<void>(text());
      return true;
    }
    return scalar(path);
  }

  bool members(const std::string& path, std::size_t level) {
    ++at_;
    std::set<std::string> keys;
    if (take('}')) {
      return true;
    }
    do {
      if (peek() != '"') {
        return false;
      }
      const std::size_t begin = at_;
      const std::string key = text();
      const std::string inside = path.empty() ? key : path + "." + key;
      if (!keys.insert(key).second) {
        at_ = begin;
        refuse(inside, "the key is there twice");
        static_cast<void>(text());
      }
      if (!take(':') || !value(inside, level + 1)) {
        return false;
      }
    } while (take(','));
    return take('}');
  }

  bool elements(const std::string& path, std::size_t level) {
    ++at_;
    if (take(']')) {
      return true;
    }
    std::size_t index = 0;
    do {
      if (!value(path + "[" + std::to_string(index++) + "]", level + 1)) {
        return false;
      }
    } while (take(','));
    return take(']');
  }

  bool scalar(const std::string& path) {
    const std::size_t end =
        std::min(text_.find_first_not_of("+-.0123456789abcdefghijklmnopqrstuvwxyz"
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                                         at_),
                 text_.size());
    const std::string_view word = text_.substr(at_, end - at_);
    if (word.empty()) {
      return false;
    }
    const bool is_number = word.front() == '-' || (word.front() >= '0' && word.front() <= '9');
    if (numbers_ == Numbers::bounded && is_number && is_out_of_range(word)) {
      refuse(path, "the number " + std::string(word.substr(0, 40)) + " is out of range");
    }
    at_ = end;
    return true;
  }

  static bool is_out_of_range(std::string_view word) {
    const char* const begin = word.data();
    const char* const end = begin + word.size();
    if (word.find_first_of(".eE") != std::string_view::npos) {
      double number = 0;
      const bool is_tiny = word.find("e-") != std::string_view::npos ||
                           word.find("E-") != std::string_view::npos;  // it rounds to 0
      return !is_tiny && std::from_chars(begin, end, number).ec == std::errc::result_out_of_range;
    }
    if (word.front() == '-') {
      std::int64_t number = 0;
      return std::from_chars(begin, end, number).ec == std::errc::result_out_of_range;
    }
    std::uint64_t number = 0;
    return std::from_chars(begin, end, number).ec == std::errc::result_out_of_range;
  }

  std::string_view text_;
  const std::string* file_;
  std::string_view wanted_;
  Numbers numbers_;
  std::size_t at_ = 0;
  std::size_t found_ = 0;
};

}  // namespace

void refuse_doubtful_json(const std::string& file, std::string_view text, Numbers numbers) {
  Scanner(text, &file, "\n", numbers).run();  // no path is a line feed
}

std::size_t line_in_json(std::string_view text, std::string_view path) {
  Scanner scanner(text, nullptr, path);
  scanner.run();
  return std::max<std::size_t>(scanner.found(), 1);
}

}  // namespace pinlab::harness
