#include "harness/record.hpp"

#include "heap/support/expects.hpp"
#include "heap/support/wide.hpp"
#include "harness/json_text.hpp"
#include "harness/record_parts.hpp"

#include <array>
#include <limits>
#include <utility>

namespace pinlab::harness {

namespace {

using Json = nlohmann::ordered_json;

constexpr SignedWide kBytesInKibSquared = SignedWide{1024} * 1024;

Json parameters_json(const heap::ParameterValues& values) {
  Json json = Json::object();
  for (const heap::Parameter& parameter : values.parameters()) {
    json[std::string(parameter.name)] = values.canonical(parameter.name);
  }
  return json;
}

Json environment_json(const Environment& environment) {
  return {
      {"version", environment.version},
      {"commit", environment.commit},
      {"compiler", environment.compiler},
      {"build", environment.build},
      {"kernel", environment.kernel},
      {"processor", environment.processor},
      {"cores", environment.cores},
      {"memory", environment.memory},
      {"page_size", environment.page_size},
      {"huge_page_size", environment.huge_page_size},
      {"huge_pages", environment.huge_pages},
      {"timer_cost", environment.timer_cost},
      {"date", environment.date},
  };
}

Json head_json(const heap::ParameterValues& parameters,
               const Environment& environment,
               Outcome outcome,
               std::string_view reason) {
  return {
      {"schema", kRecordSchema},
      {"outcome", name_of(outcome)},
      {"reason", reason},
      {"parameters", parameters_json(parameters)},
      {"environment", environment_json(environment)},
  };
}

std::string dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

/// Objects over several lines; of an array, each element on a line of its own. Collections, of
/// which there may be many, are not in `record`: they are those of `result`, if any.
void write_text(TextSink& sink, const Json& record, const RunResult* result) {
  std::string text = "{";
  for (const auto& [key, value] : record.items()) {
    text += (text.ends_with('{') ? "\n" : ",\n") + dump(Json(key), -1) + ": ";
    if (key == "collections" && result != nullptr) {
      sink.take(text);
      write_collections(sink, *result);
      text.clear();
      continue;
    }
    if (!value.is_array() || value.empty()) {
      text += dump(value, 1);
      continue;
    }
    text += "[";
    for (const Json& element : value) {
      text += (text.ends_with('[') ? "\n " : ",\n ") + dump(element, -1);
    }
    text += "\n]";
  }
  sink.take(text + "\n}\n");
}

Json digest_json(const std::optional<std::uint64_t>& digest) {
  return digest ? Json(digest_text(*digest)) : Json(nullptr);
}

}  // namespace

void write_record(TextSink& sink, const RunResult& result, const Environment& environment) {
  Json record = head_json(result.parameters, environment, result.outcome, result.reason);
  record["summary"] = {{"exact", exact_json(result)}, {"timed", timed_json(result)}};
  record["collections"] = nullptr;
  Json& sites = record["pins"] = Json::array();
  for (const SiteFigures& site : result.sites) {
    sites.push_back(site_json(site));
  }
  record["survival"] = survival_json(result);
  record["heap_maps"] = heap_maps_json(result);
  record["digest"] = digest_json(result.digest);
  record["graph_digest"] = digest_json(result.graph_digest);
  write_text(sink, record, &result);
}

std::string record_text(const RunResult& result, const Environment& environment) {
  StringSink sink;
  write_record(sink, result, environment);
  return std::move(sink.text());
}

std::string figures_text(const RunResult& result) {
  return dump({{"outcome", name_of(result.outcome)},
               {"reason", result.reason},
               {"exact", exact_json(result)},
               {"timed", timed_json(result)},
               {"digest", digest_json(result.digest)},
               {"graph_digest", digest_json(result.graph_digest)}},
              -1) +
         "\n";
}

std::string record_without_figures(const heap::ParameterValues& parameters,
                                   const Environment& environment,
                                   Outcome outcome,
                                   std::string_view reason) {
  Json record = head_json(parameters, environment, outcome, reason);
  record["summary"] = nullptr;
  record["collections"] = Json::array();
  record["pins"] = Json::array();
  record["survival"] = nullptr;
  record["heap_maps"] = nullptr;
  record["digest"] = nullptr;
  record["graph_digest"] = nullptr;
  StringSink sink;
  write_text(sink, record, nullptr);
  return std::move(sink.text());
}

std::string environment_text(const Environment& environment,
                             const std::vector<std::string>& problems) {
  Json json = environment_json(environment);
  json["problems"] = problems;
  return dump(json, 1) + "\n";
}

std::string quoted_json(std::string_view text) {
  return dump(Json(text), -1);
}

std::string digest_text(std::uint64_t digest) {
  std::string text;
  for (unsigned shift = 64; shift > 0; shift -= 4) {
    text += "0123456789abcdef"[(digest >> (shift - 4)) & 15U];
  }
  return text;
}

std::uint64_t parts_per_million(std::uint64_t a, std::uint64_t b) {
  EXPECTS(b > 0);
  return static_cast<std::uint64_t>(heap::Wide{a} * 1'000'000 / b);
}

std::int64_t kib_squared(SignedWide byte_time) {
  const SignedWide value = byte_time / kBytesInKibSquared;
  EXPECTS(value <= std::numeric_limits<std::int64_t>::max());
  EXPECTS(value >= std::numeric_limits<std::int64_t>::min());
  return static_cast<std::int64_t>(value);
}

}  // namespace pinlab::harness
