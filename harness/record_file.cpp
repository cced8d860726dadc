#include "harness/record_file.hpp"

#include "heap/support/words.hpp"
#include "harness/json_checker.hpp"
#include "harness/json_input.hpp"
#include "harness/json_places.hpp"
#include "harness/outcome.hpp"
#include "harness/record.hpp"

#include <limits>

namespace pinlab::harness {

namespace {

using Json = nlohmann::ordered_json;

/// A record's value at a dotted path, checked for its type.
class Field {
 public:
  /// `base` leads to `json` in the text of the file.
  Field(const std::string& path, std::string_view text, const Json& json, std::string base = {})
      : path_(path), text_(text), json_(json), base_(std::move(base)) {}

  [[nodiscard]] const Json& at(std::string_view name) const {
    const Json* here = &json_;
    for (std::string_view rest = name; !rest.empty();) {
      const std::string_view key = rest.substr(0, rest.find('.'));
      rest.remove_prefix(std::min(key.size() + 1, rest.size()));
      const auto found = here->is_object() ? here->find(std::string(key)) : here->end();
      if (!here->is_object() || found == here->end()) {
        throw InputError(path_ + ":1: at " + base_ + std::string(name) + " the key is missing");
      }
      here = &*found;
    }
    return *here;
  }

  [[nodiscard]] std::string text(std::string_view name) const {
    const Json& json = at(name);
    require(json.is_string(), name, "text");
    return json.get<std::string>();
  }

  [[nodiscard]] std::uint64_t count(std::string_view name) const {
    const Json& json = at(name);
    require(json.is_number_unsigned(), name, "a whole number");
    return json.get<std::uint64_t>();
  }

  [[nodiscard]] std::int64_t integer(std::string_view name) const {
    const Json& json = at(name);
    const bool fits =
        json.is_number_unsigned()
            ? json.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()}
            : json.is_number_integer();
    require(fits, name, "an integer");
    return json.get<std::int64_t>();
  }

  [[nodiscard]] bool is_null(std::string_view name) const { return at(name).is_null(); }

 private:
  void require(bool holds, std::string_view name, std::string_view what) const {
    if (!holds) {
      const std::string place = base_ + std::string(name);
      throw InputError(path_ + ":" + std::to_string(line_in_json(text_, place)) + ": at " + place +
                       " it is not " + std::string(what));
    }
  }

  const std::string& path_;
  std::string_view text_;
  const Json& json_;
  std::string base_;
};

Json parse_checked(const std::string& path, std::string_view text) {
  refuse_doubtful_json(path, text);
  JsonChecker checker(path);
  nlohmann::json::sax_parse(text, &checker);
  return Json::parse(text);
}

RecordedSite read_site(const Field& field) {
  RecordedSite site{
      .name = field.text("name"),
      .stack = field.is_null("stack") ? std::string() : field.text("stack"),
      .collections = field.count("collections"),
      .pins_last = field.count("pins.last"),
      .pins_peak = field.count("pins.peak"),
      .bytes_last = field.count("bytes.last"),
      .bytes_peak = field.count("bytes.peak"),
      .oldest = field.count("oldest.collections"),
      .oldest_since = field.count("oldest.since"),
  };
  if (!field.is_null("hostage")) {
    site.hostage_last = field.integer("hostage.last");
    site.hostage_peak = field.integer("hostage.peak");
    site.hostage_byte_time = field.integer("hostage_byte_time");
  }
  if (!field.is_null("made")) {
    site.made = field.count("made");
    site.made_bytes = field.count("made_bytes");
  }
  return site;
}

void read_figures(RecordFile& record, const Field& field) {
  if (field.is_null("summary")) {
    return;
  }
  const std::string exact = "summary.exact.";
  record.total_ns = field.count("summary.timed.total");
  record.allocated = field.count(exact + "allocated");
  record.full_collections = field.count(exact + "collections.full");
  if (!field.is_null(exact + "used_last")) {
    record.used_last = field.count(exact + "used_last");
  }
  if (!field.is_null(exact + "fragmentation.hostage")) {
    record.hostage_last = field.integer(exact + "fragmentation.hostage.last");
    record.hostage_byte_time = field.integer(exact + "fragmentation.hostage_byte_time");
  }
  if (!field.is_null(exact + "fragmentation.amplification")) {
    record.amplification = field.count(exact + "fragmentation.amplification");
  }
}

/// Takes out what a clock or a machine wrote.
void drop_timed(Json& json) {
  if (json.is_object()) {
    json.erase("timed");
    json.erase("environment");
  }
  for (Json& child : json) {
    if (child.is_structured()) {
      drop_timed(child);
    }
  }
}

/// Collects where two values differ. Keys that only the second has were added since the first was
/// written.
class Comparison {
 public:
  explicit Comparison(std::size_t most) : most_(most) {}
  [[nodiscard]] const std::vector<std::string>& differences() const { return differences_; }

  void compare(const std::string& path, const Json& a, const Json& b) {
    if (differences_.size() >= most_) {
      return;
    }
    if (a.is_object() && b.is_object()) {
      compare_objects(path, a, b);
    } else if (a.is_array() && b.is_array() && a.size() != b.size()) {
      note(path + " (elements)", a.size(), b.size());
    } else if (a.is_array() && b.is_array()) {
      compare_arrays(path, a, b);
    } else if (a != b) {
      note(path, a, b);
    }
  }

 private:
  void compare_objects(const std::string& path, const Json& a, const Json& b) {
    for (const auto& [key, value] : a.items()) {
      std::string place = path.empty() ? key : path;
      if (!path.empty()) {
        place.append(".").append(key);
      }
      compare(place, value, b.contains(key) ? b.at(key) : Json());
    }
  }

  void compare_arrays(const std::string& path, const Json& a, const Json& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      std::string place = path;
      place.append("[").append(std::to_string(i)).append("]");
      compare(place, a[i], b[i]);
    }
  }

  void note(const std::string& path, const Json& a, const Json& b) {
    const auto text = [](const Json& json) {
      return json.dump(-1, ' ', false, Json::error_handler_t::replace);
    };
    differences_.push_back(path + ": " + text(a) + ", " + text(b));
  }

  std::size_t most_;
  std::vector<std::string> differences_;
};

}  // namespace

RecordFile read_record(const std::string& path) {
  RecordFile record;
  record.text = read_file(path);
  const Json json = parse_checked(path, record.text);
  const Field field(path, record.text, json);
  if (const std::string schema = field.text("schema"); schema != kRecordSchema) {
    throw InputError(path + ":" + std::to_string(line_in_json(record.text, "schema")) +
                     ": at schema it is " + heap::quoted_text(schema) +
                     ", and this program reads " + std::string(kRecordSchema));
  }
  record.outcome = field.text("outcome");
  record.version = field.text("environment.version");
  for (const auto& [name, value] : field.at("parameters").items()) {
    if (!value.is_string()) {
      const std::string place = std::string("parameters.").append(name);
      throw InputError(path + ":" + std::to_string(line_in_json(record.text, place)) + ": at " +
                       place + " it is not text");
    }
    record.parameters.push_back({name, value.get<std::string>()});
  }
  read_figures(record, field);
  for (const Json& site : field.at("pins")) {
    const std::string base = "pins[" + std::to_string(record.sites.size()) + "].";
    record.sites.push_back(read_site(Field(path, record.text, site, base)));
  }
  return record;
}

std::vector<std::string> exact_differences(std::string_view a,
                                           std::string_view b,
                                           std::size_t most) {
  Json left = Json::parse(a);
  Json right = Json::parse(b);
  for (Json* const json : {&left, &right}) {
    drop_timed(*json);
    json->erase("parameters");  // the second was run with those of the first
    json->erase("reason");      // prose
  }
  Comparison comparison(most);
  comparison.compare("", left, right);
  return comparison.differences();
}

}  // namespace pinlab::harness
