// The check that foreign JSON passes before anything of it is used. For json_input.cpp and
// record_file.cpp alone: it includes a slow header.
#pragma once

#include "heap/support/words.hpp"
#include "harness/outcome.hpp"
#include "harness/settings.hpp"

#include <nlohmann/json.hpp>

#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace pinlab::harness {

inline constexpr std::size_t kMostLevels = 64;

/// The parser's message without its name, its place in front: "12:5: syntax error ...".
inline std::string placed_message(const std::string& path, const std::string& message) {
  std::size_t line = 0;
  std::size_t column = 0;
  const std::size_t at = message.find("at line ");
  if (at == std::string::npos) {
    return path + ": " + heap::printable_text(message);
  }
  std::istringstream place(message.substr(at + 8));
  place >> line;
  place.ignore(std::numeric_limits<std::streamsize>::max(), 'n');  // ", column"
  place >> column;
  const std::size_t text = message.find(": ", at);
  return path + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " +
         heap::printable_text(text == std::string::npos ? message : message.substr(text + 2));
}

/// Checks depth and keys; for configurations it also collects the settings of the one object.
class JsonChecker final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit JsonChecker(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] bool is_flat_object() const { return flat_ && objects_ == 1; }

  bool null() override { return value("null"); }
  bool boolean(bool v) override { return value(v ? "true" : "false"); }
  bool number_integer(number_integer_t v) override { return value(std::to_string(v)); }
  bool number_unsigned(number_unsigned_t v) override { return value(std::to_string(v)); }
  bool number_float(number_float_t /*v*/, const string_t& text) override { return value(text); }
  bool string(string_t& v) override { return value(v); }
  bool binary(binary_t& /*v*/) override { return false; }

  bool start_object(std::size_t /*elements*/) override {
    ++objects_;
    return enter();
  }
  bool start_array(std::size_t /*elements*/) override {
    flat_ = false;
    return enter();
  }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }

  bool key(string_t& key) override {
    if (!keys_.back().insert(key).second) {
      throw InputError(path_ + ": the key " + heap::quoted_text(key) + " is there twice");
    }
    key_ = key;
    return true;
  }

  bool parse_error(std::size_t /*position*/,
                   const std::string& /*last_token*/,
                   const nlohmann::detail::exception& error) override {
    throw InputError(placed_message(path_, error.what()));
  }

 private:
  bool enter() {
    keys_.emplace_back();
    if (keys_.size() > kMostLevels) {
      throw InputError(path_ + ": more than " + std::to_string(kMostLevels) + " levels of nesting");
    }
    return true;
  }

  bool leave() {
    keys_.pop_back();
    return true;
  }

  bool value(const std::string& text) {
    if (keys_.size() == 1 && flat_) {
      settings_.push_back({key_, text});
    }
    return true;
  }

  std::string path_;
  std::vector<std::set<std::string>> keys_;
  std::string key_;
  Settings settings_;
  std::size_t objects_ = 0;
  bool flat_ = true;
};

}  // namespace pinlab::harness
