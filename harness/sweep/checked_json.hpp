// JSON of files that were written before: checked as a whole, then read by name. What is wrong is
// named with file, line and path. It includes a slow header.
#pragma once

#include "harness/settings.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace pinlab::harness {

using Json = nlohmann::ordered_json;

/// On one line.
[[nodiscard]] std::string dump(const Json& json);
[[nodiscard]] Json json_of(const Settings& settings);

/// The JSON of a file, comments allowed. Throws InputError.
[[nodiscard]] Json parse_file(const std::string& path, const std::string& text);

/// A value of a file, for messages that name file, line and path.
struct Place {
  const std::string& file;
  std::string_view text;       ///< the JSON
  std::string path = {};       ///< cells[3].axes
  std::size_t first_line = 1;  ///< of the text in the file

  [[nodiscard]] Place in(std::string_view key) const;
  [[nodiscard]] Place at(std::size_t index) const;
  [[noreturn]] void refuse(const std::string& what) const;
};

// Members of an object. All throw InputError where they are missing or of another kind.
[[nodiscard]] const Json& member(const Place& place, const Json& json, const std::string& key);
[[nodiscard]] const Json& array_in(const Place& place, const Json& json, const std::string& key);
[[nodiscard]] std::string text_in(const Place& place, const Json& json, const std::string& key);
[[nodiscard]] bool flag_in(const Place& place, const Json& json, const std::string& key);
[[nodiscard]] std::uint64_t count_in(const Place& place, const Json& json, const std::string& key);
/// A whole number from 1 to a million, as numbers of runs and shards are.
[[nodiscard]] std::uint32_t number_in(const Place& place, const Json& json, const std::string& key);
[[nodiscard]] Settings settings_in(const Place& place, const Json& json, const std::string& key);
void require_schema(const Place& place, const Json& json, std::string_view schema);

/// Calls visit(its place, element) for each element of an array.
template <class Visit>
void for_each_in(const Place& place, const Json& json, const std::string& key, Visit&& visit) {
  const Json& array = array_in(place, json, key);
  for (std::size_t i = 0; i < array.size(); ++i) {
    visit(place.in(key).at(i), array[i]);
  }
}

}  // namespace pinlab::harness
