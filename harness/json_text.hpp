// JSON written as it comes, without a tree in between: for what a record has many of.
//
//   json.member("census", [&] { json.member("used", used); });
#pragma once

#include "harness/text_sink.hpp"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pinlab::harness {

/// `text` as a JSON string, quotes included; what is no UTF-8 is replaced.
[[nodiscard]] std::string quoted_json(std::string_view text);

/// Compact JSON; names and values come in the order in which they are written. What is written
/// gathers in a small buffer, so that a long text touches little memory.
class JsonText {
 public:
  explicit JsonText(TextSink& sink)
      : sink_(sink), buffer_(new char[kBytes]), at_(buffer_.get() + 1), limit_(at_ + kBytes - 1) {
    at_[-1] = '[';
  }
  JsonText(const JsonText&) = delete;
  JsonText& operator=(const JsonText&) = delete;
  ~JsonText() { flush(); }

  /// `name` is plain ASCII of at most kMostName characters; `value` a number, a flag, a word,
  /// something optional (null where it is nothing), or a callable that writes an object's members.
  template <class Value>
  [[gnu::always_inline]] void member(std::string_view name, Value&& value) {
    write_name(name);
    write(value);
  }

  /// A callable that writes elements.
  template <class Elements>
  void array(std::string_view name, Elements&& elements) {
    write_name(name);
    enclose('[', ']', elements);
  }

  template <class Value>
  void element(Value&& value) {
    need(1);
    if (!is_first()) {
      put(',');
    }
    write(value);
  }

  /// As it stands.
  void raw(std::string_view text) {
    for (; text.size() > kMostName; text.remove_prefix(kMostName)) {
      put(text.substr(0, kMostName));
    }
    put(text);
  }

  static constexpr std::size_t kMostName = 64;

 private:
  static constexpr std::size_t kBytes = std::size_t{1} << 15U;
  static constexpr std::size_t kRoom = kMostName + 32;  // a name and a number

  void flush() {
    sink_.take({buffer_.get() + 1, at_});
    buffer_[0] = at_[-1];
    at_ = buffer_.get() + 1;
  }

  [[gnu::always_inline]] void need(std::size_t bytes) {
    if (static_cast<std::size_t>(limit_ - at_) < bytes) [[unlikely]] {
      flush();
    }
  }

  /// REQUIRES need() of as much.
  [[gnu::always_inline]] void put(char c) { *at_++ = c; }
  [[gnu::always_inline]] void put_known(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void put(std::string_view text) {
    need(text.size());
    put_known(text);
  }

  /// What was written last is the start of an object or an array.
  [[nodiscard]] bool is_first() const { return at_[-1] == '{' || at_[-1] == '['; }

  [[gnu::always_inline]] void write_name(std::string_view name) {
    need(kRoom);
    at_[0] = ',';
    at_ += is_first() ? 0 : 1;
    put('"');
    put_known(name);
    put('"');
    put(':');
  }

  /// Printable ASCII that stands for itself.
  [[nodiscard]] static bool is_plain(std::string_view text) {
    return std::ranges::all_of(
        text, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
  }

  template <class Write>
  [[gnu::always_inline]] void enclose(char open, char close, Write&& write) {
    need(1);
    put(open);
    write();
    need(1);
    put(close);
  }

  void write_text(std::string_view text) {
    if (is_plain(text)) {
      raw("\"");
      raw(text);
      raw("\"");
    } else {
      raw(quoted_json(text));
    }
  }

  template <class Value>
  [[gnu::always_inline]] void write(Value&& value) {
    using Plain = std::remove_cvref_t<Value>;
    if constexpr (std::same_as<Plain, bool>) {
      put(value ? std::string_view("true") : std::string_view("false"));
    } else if constexpr (std::integral<Plain>) {
      need(24);
      if (static_cast<std::uint64_t>(value) < 10) {
        put(static_cast<char>('0' + value));
      } else {
        at_ = std::to_chars(at_, at_ + 24, value).ptr;
      }
    } else if constexpr (std::same_as<Plain, std::nullopt_t>) {
      put(std::string_view("null"));
    } else if constexpr (requires { value.has_value(); }) {
      if (value.has_value()) {
        write(*value);
      } else {
        put(std::string_view("null"));
      }
    } else if constexpr (std::invocable<Value>) {
      enclose('{', '}', value);
    } else {
      write_text(value);
    }
  }

  TextSink& sink_;
  std::unique_ptr<char[]> buffer_;  // NOLINT(*-avoid-c-arrays): not filled with zeros first
  char* at_;     ///< what comes next; at_[-1] is what came last, also after a flush
  char* limit_;
};

}  // namespace pinlab::harness
