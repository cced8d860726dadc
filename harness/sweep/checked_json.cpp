#include "harness/sweep/checked_json.hpp"

#include "heap/support/words.hpp"
#include "harness/json_checker.hpp"
#include "harness/json_places.hpp"
#include "harness/outcome.hpp"

namespace pinlab::harness {

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json json_of(const Settings& settings) {
  Json json = Json::object();
  for (const Setting& setting : settings) {
    json[setting.name] = setting.text;
  }
  return json;
}

Json parse_file(const std::string& path, const std::string& text) {
  refuse_doubtful_json(path, text);
  JsonChecker checker(path);
  nlohmann::json::sax_parse(text, &checker, nlohmann::json::input_format_t::json, true, true);
  return Json::parse(text, nullptr, true, true);
}

Place Place::in(std::string_view key) const {
  return {file, text, (path.empty() ? "" : path + ".").append(key), first_line};
}

Place Place::at(std::size_t index) const {
  return {file, text, path + "[" + std::to_string(index) + "]", first_line};
}

void Place::refuse(const std::string& what) const {
  const std::size_t line = first_line + line_in_json(text, path) - 1;
  throw InputError(file + ":" + std::to_string(line) + ": at " +
                   (path.empty() ? "the top" : heap::printable_text(path)) + " " + what);
}

const Json& member(const Place& place, const Json& json, const std::string& key) {
  if (!json.is_object()) {
    place.refuse("it is no object");
  }
  if (!json.contains(key)) {
    place.refuse("the key " + key + " is missing");
  }
  return json.at(key);
}

const Json& array_in(const Place& place, const Json& json, const std::string& key) {
  const Json& array = member(place, json, key);
  if (!array.is_array()) {
    place.in(key).refuse("it is no array");
  }
  return array;
}

std::string text_in(const Place& place, const Json& json, const std::string& key) {
  const Json& value = member(place, json, key);
  if (!value.is_string()) {
    place.in(key).refuse("it is not text");
  }
  return value.get<std::string>();
}

bool flag_in(const Place& place, const Json& json, const std::string& key) {
  const Json& value = member(place, json, key);
  if (!value.is_boolean()) {
    place.in(key).refuse("it is neither true nor false");
  }
  return value.get<bool>();
}

std::uint64_t count_in(const Place& place, const Json& json, const std::string& key) {
  const Json& value = member(place, json, key);
  if (!value.is_number_unsigned()) {
    place.in(key).refuse("it is not a whole number");
  }
  return value.get<std::uint64_t>();
}

std::uint32_t number_in(const Place& place, const Json& json, const std::string& key) {
  const std::uint64_t number = count_in(place, json, key);
  if (number == 0 || number > 1'000'000) {
    place.in(key).refuse("it is out of range");
  }
  return static_cast<std::uint32_t>(number);
}

Settings settings_in(const Place& place, const Json& json, const std::string& key) {
  Settings settings;
  const Json& object = member(place, json, key);
  if (!object.is_object()) {
    place.in(key).refuse("it is no object");
  }
  for (const auto& [name, value] : object.items()) {
    if (value.is_string()) {
      settings.push_back({name, value.get<std::string>()});
    } else if (value.is_number() || value.is_boolean()) {
      settings.push_back({name, dump(value)});
    } else {
      place.in(key).in(name).refuse("it is neither text nor a number");
    }
  }
  return settings;
}

void require_schema(const Place& place, const Json& json, std::string_view schema) {
  const std::string found = text_in(place, json, "schema");
  if (found != schema) {
    place.in("schema").refuse("it is " + heap::quoted_text(found) + ", and this program reads " +
                              std::string(schema));
  }
}

}  // namespace pinlab::harness
