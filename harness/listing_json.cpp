// The JSON of listings, apart because of its slow header.
#include "harness/listing.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace pinlab::harness {

namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string key_of(std::string_view key) {
  std::string text(key);
  std::ranges::replace(text, ' ', '_');
  return text;
}

}  // namespace

std::string listing_text(const std::vector<Listed>& rows) {
  Json json = Json::array();
  for (const Listed& row : rows) {
    Json& object = json.emplace_back(Json{{"name", row.name}, {"summary", row.summary}});
    for (const Fact& fact : row.facts) {
      object[key_of(fact.key)] = fact.value;
    }
  }
  return dump(json);
}

}  // namespace pinlab::harness
