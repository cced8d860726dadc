// JSON written as it comes, without a tree in between: for what a record has many of.
//
//   json.member("census", [&] { json.member("used", used); });
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>

namespace pinlab::harness {

/// `text` as a JSON string, quotes included; what is no UTF-8 is replaced.
[[nodiscard]] std::string quoted_json(std::string_view text);

/// Appends compact JSON; names and values come in the order in which they are written.
class JsonText {
 public:
  explicit JsonText(std::string& out) : out_(out) {}

  /// `name` is plain ASCII; `value` a number, a flag, a word, something optional (null where it is
  /// nothing), or a callable that writes an object's members.
  template <class Value>
  void member(std::string_view name, Value&& value) {
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
    separate();
    write(value);
  }

 private:
  [[nodiscard]] bool is_first() const {
    return out_.empty() || out_.back() == '{' || out_.back() == '[';
  }
  void separate() {
    if (!is_first()) {
      out_ += ',';
    }
  }

  void write_name(std::string_view name) {
    out_ += is_first() ? "\"" : ",\"";
    out_ += name;
    out_ += "\":";
  }

  /// Printable ASCII that stands for itself.
  [[nodiscard]] static bool is_plain(std::string_view text) {
    return std::ranges::all_of(
        text, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
  }

  template <class Write>
  void enclose(char open, char close, Write&& write) {
    out_ += open;
    write();
    out_ += close;
  }

  template <class Value>
  void write(Value&& value) {
    using Plain = std::remove_cvref_t<Value>;
    if constexpr (std::same_as<Plain, bool>) {
      out_ += value ? "true" : "false";
    } else if constexpr (std::integral<Plain>) {
      std::array<char, 24> digits{};
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
      out_.append(digits.data(), end);
    } else if constexpr (std::same_as<Plain, std::nullopt_t>) {
      out_ += "null";
    } else if constexpr (requires { value.has_value(); }) {
      if (value.has_value()) {
        write(*value);
      } else {
        out_ += "null";
      }
    } else if constexpr (std::invocable<Value>) {
      enclose('{', '}', value);
    } else if (const std::string_view text = value; is_plain(text)) {
      out_ += '"';
      out_ += text;
      out_ += '"';
    } else {
      out_ += quoted_json(text);
    }
  }

  std::string& out_;
};

}  // namespace pinlab::harness
