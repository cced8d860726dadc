#include "harness/sweep/folder.hpp"

#include "heap/support/words.hpp"
#include "harness/json_input.hpp"
#include "harness/json_places.hpp"
#include "harness/outcome.hpp"
#include "harness/record.hpp"
#include "harness/sweep/checked_json.hpp"
#include "harness/sweep/event_log.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace pinlab::harness {

namespace {

constexpr std::string_view kSweepSchema = "pinlab/sweep/1";
constexpr std::string_view kMatrixSchema = "pinlab/matrix/1";

/// Parameters that have one value in all cells.
Settings common_parameters(const std::vector<Cell>& cells) {
  Settings common;
  for (const Setting& setting : cells.front().parameters) {
    const bool shared = std::ranges::all_of(cells, [&](const Cell& cell) {
      const auto found = std::ranges::find(cell.parameters, setting.name, &Setting::name);
      return found != cell.parameters.end() && found->text == setting.text;
    });
    if (shared) {
      common.push_back(setting);
    }
  }
  return common;
}

Settings without(const Settings& settings, const Settings& others) {
  Settings rest;
  for (const Setting& setting : settings) {
    if (std::ranges::find(others, setting.name, &Setting::name) == others.end()) {
      rest.push_back(setting);
    }
  }
  return rest;
}

/// The first level over several lines; of an array, each element on a line of its own.
std::string lined(const Json& json) {
  std::string text = "{";
  for (const auto& [key, value] : json.items()) {
    text += (text.size() > 1 ? ",\n" : "\n") + dump(Json(key)) + ": ";
    if (!value.is_array() || value.empty()) {
      text += value.is_object() ? value.dump(1, ' ', false, Json::error_handler_t::replace)
                                : dump(value);
      continue;
    }
    text += "[";
    for (const Json& element : value) {
      text += (text.ends_with('[') ? "\n " : ",\n ") + dump(element);
    }
    text += "\n]";
  }
  return text + "\n}\n";
}

Json axes_json(const Matrix& matrix) {
  Json axes = Json::array();
  for (const SweepAxis& axis : matrix.axes) {
    axes.push_back({{"names", axis.names}, {"spec", axis.spec}});
  }
  return axes;
}

Json environment_json(const Environment& environment) {
  return Json::parse(environment_text(environment, {}));
}

/// One value of an axis in a matrix file, as the grammar has it.
std::string item_text(const Place& place, const Json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  if (!value.is_number() && !value.is_boolean()) {
    place.refuse("it is neither text nor a number");
  }
  return dump(value);
}

std::string spec_text(const Place& place, const Json& value) {
  if (!value.is_array()) {
    return item_text(place, value);
  }
  std::string spec;
  for (std::size_t i = 0; i < value.size(); ++i) {
    spec += (spec.empty() ? "" : ",") + item_text(place.at(i), value[i]);
  }
  return spec;
}

/// { "a": [1, 2], "b": ["x", null] } is (a,b)=(1,x),(2,).
std::string zip_text(const Place& place, const Json& zip) {
  if (!zip.is_object() || zip.empty()) {
    place.refuse("it is no object, or an empty one");
  }
  std::string names;
  std::vector<std::string> tuples;
  for (const auto& [name, values] : zip.items()) {
    names += (names.empty() ? "(" : ",") + name;
    if (!values.is_array() || (!tuples.empty() && values.size() != tuples.size())) {
      place.in(name).refuse("it is no array as long as the others");
    }
    tuples.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      tuples[i] +=
          (tuples[i].empty() ? "(" : ",") +
          (values[i].is_null() ? std::string() : item_text(place.in(name).at(i), values[i]));
    }
  }
  std::string text = names + ")=";
  for (const std::string& tuple : tuples) {
    text += (text.ends_with('=') ? "" : ",") + tuple + ")";
  }
  return text;
}

void refuse_unknown(const Place& place, const Json& json) {
  constexpr std::array<std::string_view, 10> known = {"schema", "name",      "workloads", "axes",
                                                      "zip",    "where",     "reps",      "seeds",
                                                      "order",  "parameters"};
  for (const auto& [key, value] : json.items()) {
    if (std::ranges::find(known, key) == known.end()) {
      place.in(key).refuse("there is no such key" + heap::did_you_mean(key, known));
    }
  }
}

CellOrder order_in(const Place& place, const Json& json) {
  const std::string name = text_in(place, json, "order");
  const auto found = std::ranges::find(kCellOrders, name);
  if (found == kCellOrders.end()) {
    place.in("order").refuse(heap::quoted_text(name) + " is none of " + heap::joined(kCellOrders));
  }
  return static_cast<CellOrder>(found - kCellOrders.begin());
}

/// An axis, as the grammar has it: what is wrong with it is said with its place.
SweepAxis axis_at(const Place& place, const std::string& text) {
  try {
    return parse_axis(text);
  } catch (const std::invalid_argument& error) {
    place.refuse(error.what());
  }
}

Matrix matrix_of(const Place& place, const Json& json) {
  Matrix matrix;
  const auto text = [&](const char* key) {
    return json.contains(key) ? text_in(place, json, key) : std::string();
  };
  const auto add_axis = [&](const Place& here, const std::string& name, const Json& value) {
    matrix.axes.push_back(axis_at(here, name + "=" + spec_text(here, value)));
  };
  matrix.name = text("name");
  matrix.where = text("where");
  if (json.contains("workloads")) {
    add_axis(place.in("workloads"), "workload", json["workloads"]);
  }
  if (json.contains("axes")) {
    if (!json["axes"].is_object()) {
      place.in("axes").refuse("it is no object");
    }
    for (const auto& [name, value] : json["axes"].items()) {
      add_axis(place.in("axes").in(name), name, value);
    }
  }
  if (json.contains("zip")) {
    for_each_in(place, json, "zip", [&](const Place& here, const Json& zip) {
      matrix.axes.push_back(axis_at(here, zip_text(here, zip)));
    });
  }
  if (json.contains("seeds")) {
    add_axis(place.in("seeds"), "seed", json["seeds"]);
  }
  if (json.contains("parameters")) {
    matrix.fixed = settings_in(place, json, "parameters");
  }
  if (json.contains("reps")) {
    matrix.reps = static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(count_in(place, json, "reps"), 0, 1'000'000));
  }
  if (matrix.reps == 0 || matrix.reps == 1'000'000) {
    place.in("reps").refuse("it is not 1 to 999999");
  }
  if (json.contains("order")) {
    matrix.order = order_in(place, json);
  }
  return matrix;
}

}  // namespace

std::string manifest_text(const Manifest& manifest) {
  const Matrix& matrix = manifest.matrix;
  const Settings common = common_parameters(manifest.cells);
  Json json = {{"schema", kSweepSchema},
               {"name", matrix.name},
               {"plan", plan_hash(manifest.cells, matrix.reps)},
               {"axes", axes_json(matrix)},
               {"where", matrix.where},
               {"order", kCellOrders[static_cast<std::size_t>(matrix.order)]},
               {"reps", matrix.reps},
               {"shard", nullptr},
               {"limits",
                {{"timeout", manifest.limits.timeout},
                 {"memory", manifest.limits.memory},
                 {"jobs", manifest.jobs}}},
               {"session", manifest.session.empty() ? Json(nullptr) : Json(manifest.session)},
               {"program",
                {{"path", manifest.program.path},
                 {"hash", manifest.program.hash},
                 {"version", manifest.program.version}}},
               {"environment", environment_json(manifest.environment)},
               {"parameters", json_of(common)}};
  if (manifest.shard) {
    json["shard"] = {{"index", manifest.shard->index}, {"of", manifest.shard->of}};
  }
  Json& cells = json["cells"] = Json::array();
  for (const Cell& cell : manifest.cells) {
    cells.push_back({{"cell", cell.id},
                     {"axes", json_of(cell.axes)},
                     {"parameters", json_of(without(cell.parameters, common))}});
  }
  return lined(json);
}

ManifestFile read_manifest(const std::string& path) {
  ManifestFile file;
  file.text = read_file(path);
  const Json json = parse_file(path, file.text);
  const Place top{path, file.text};
  require_schema(top, json, kSweepSchema);
  file.plan = text_in(top, json, "plan");
  file.reps = number_in(top, json, "reps");
  file.program_hash = text_in(top.in("program"), member(top, json, "program"), "hash");
  file.program_version = text_in(top.in("program"), member(top, json, "program"), "version");
  file.parameters = settings_in(top, json, "parameters");
  if (const Json& shard = member(top, json, "shard"); !shard.is_null()) {
    const Place here = top.in("shard");
    file.shard = Shard{number_in(here, shard, "index"), number_in(here, shard, "of")};
  }
  for_each_in(top, json, "axes", [&](const Place& axis_place, const Json& axis) {
    for_each_in(axis_place, axis, "names", [&](const Place& place, const Json& name) {
      if (!name.is_string()) {
        place.refuse("it is not text");
      }
      file.axis_names.push_back(name.get<std::string>());
    });
  });
  for_each_in(top, json, "cells", [&](const Place& place, const Json& cell) {
    file.cells.push_back({.id = text_in(place, cell, "cell"),
                          .axes = settings_in(place, cell, "axes"),
                          .parameters = settings_in(place, cell, "parameters")});
  });
  return file;
}

std::string matrix_text(const Matrix& matrix) {
  Json axes = Json::object();
  Json zips = Json::array();
  for (const SweepAxis& axis : matrix.axes) {
    if (axis.names.size() == 1) {
      axes[axis.names.front()] = axis.spec;
      continue;
    }
    Json& zip = zips.emplace_back(Json::object());
    for (std::size_t i = 0; i < axis.names.size(); ++i) {
      for (const std::vector<std::string>& point : axis.points) {
        zip[axis.names[i]].push_back(point[i].empty() ? Json() : Json("\"" + point[i] + "\""));
      }
    }
  }
  const Json json = {{"schema", kMatrixSchema},
                     {"name", matrix.name},
                     {"parameters", json_of(matrix.fixed)},
                     {"axes", axes},
                     {"zip", zips},
                     {"where", matrix.where},
                     {"order", kCellOrders[static_cast<std::size_t>(matrix.order)]},
                     {"reps", matrix.reps}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Matrix read_matrix(const std::string& path) {
  const std::string text = read_file(path);
  const Json json = parse_file(path, text);
  const Place top{path, text};
  require_schema(top, json, kMatrixSchema);
  refuse_unknown(top, json);
  return matrix_of(top, json);
}

std::string fields_of(const RepEnd& end) {
  return "\"cell\":" + json_text(end.cell) + ",\"rep\":" + std::to_string(end.rep) +
         ",\"outcome\":" + json_text(end.outcome) + ",\"reason\":" + json_text(end.reason) +
         ",\"limit\":" + (end.limit.empty() ? "null" : json_text(end.limit)) +
         ",\"wall_ns\":" + std::to_string(end.wall) + ",\"user_ns\":" + std::to_string(end.user) +
         ",\"system_ns\":" + std::to_string(end.system) +
         ",\"maxrss\":" + std::to_string(end.peak_memory) +
         ",\"exit\":" + std::to_string(end.exit) + ",\"run\":" + end.run;
}

bool is_settled(const RepEnd& end) {
  if (end.outcome == "killed") {
    return !end.limit.empty();
  }
  return end.outcome != "interrupted" && end.outcome != "io_error";
}

namespace {

class EventReader {
 public:
  explicit EventReader(std::string path) : path_(std::move(path)) {}

  SweepEvents read() {
    if (!std::filesystem::exists(path_)) {
      return {};
    }
    const std::string text = read_file(path_);
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      const bool is_last = end == std::string_view::npos || end + 1 == rest.size();
      if (end == std::string_view::npos || !is_sealed(line)) {
        if (!is_last) {
          fail("is damaged: its CRC is not that of its content");
        }
        events_.cut_short = true;
        break;
      }
      take(line);
      rest.remove_prefix(end + 1);
      events_.length += end + 1;
      ++events_.lines;
    }
    for (const auto& [key, is_running] : started_) {
      if (is_running) {
        events_.running.push_back(key);
      }
    }
    return std::move(events_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(path_ + ":" + std::to_string(events_.lines + 1) + ": the line " + what);
  }

  void take(std::string_view line) {
    const Json json = Json::parse(line, nullptr, false);
    if (json.is_discarded() || !json.is_object()) {
      fail("is no JSON object");
    }
    refuse_doubtful_json(path_ + ":" + std::to_string(events_.lines + 1), line);
    const Place place{path_, line, {}, events_.lines + 1};
    if (count_in(place, json, "n") != events_.lines) {
      fail("has the number " + dump(json["n"]) + ": lines are missing before it");
    }
    const std::string kind = text_in(place, json, "t");
    if (kind == "begin") {
      started_.clear();
      events_.began = text_in(place, json, "ts");
    } else if (kind == "rep_start") {
      started_[key_of(place, json)] = true;
    } else if (kind == "rep_end") {
      started_[key_of(place, json)] = false;
      RepEnd end = end_of(place, json);
      events_.ends[{end.cell, end.rep}] = std::move(end);
    }
  }

  static RepKey key_of(const Place& place, const Json& json) {
    return {text_in(place, json, "cell"), number_in(place, json, "rep")};
  }

  static RepEnd end_of(const Place& place, const Json& json) {
    const Json& limit = member(place, json, "limit");
    const RepKey key = key_of(place, json);
    return {.cell = key.first,
            .rep = key.second,
            .outcome = text_in(place, json, "outcome"),
            .reason = text_in(place, json, "reason"),
            .limit = limit.is_string() ? limit.get<std::string>() : std::string(),
            .wall = count_in(place, json, "wall_ns"),
            .user = count_in(place, json, "user_ns"),
            .system = count_in(place, json, "system_ns"),
            .peak_memory = count_in(place, json, "maxrss"),
            .exit = count_in(place, json, "exit"),
            .run = dump(member(place, json, "run"))};
  }

  std::string path_;
  SweepEvents events_;
  std::map<RepKey, bool> started_;
};

}  // namespace

SweepEvents read_events(const std::string& path) {
  return EventReader(path).read();
}

std::optional<RunFigures> read_figures(const std::string& line) {
  const Json json = Json::parse(line, nullptr, false);
  if (json.is_discarded() || !json.is_object() || !json.contains("outcome")) {
    return std::nullopt;
  }
  Json run = json;
  run.erase("outcome");
  run.erase("reason");
  return RunFigures{.outcome = json.value("outcome", std::string()),
                    .reason = json.value("reason", std::string()),
                    .run = dump(run)};
}

}  // namespace pinlab::harness
