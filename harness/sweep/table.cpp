#include "harness/sweep/table.hpp"

#include "heap/support/words.hpp"
#include "harness/metrics.hpp"
#include "harness/outcome.hpp"
#include "harness/sweep/folder.hpp"

#include <algorithm>

namespace pinlab::harness {

namespace {

/// A field of CSV.
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    quoted.append(c == '"' ? 2 : 1, c);
  }
  return quoted + "\"";
}

/// The place of a name among `names`. Throws UsageError with the nearest one.
std::size_t place_of(const char* kind,
                     std::string_view name,
                     const std::vector<std::string_view>& names) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) {
    throw UsageError("there is no " + std::string(kind) + " " + heap::quoted_text(name) +
                     heap::did_you_mean(name, names));
  }
  return static_cast<std::size_t>(found - names.begin());
}

}  // namespace

const std::string& Table::axis(const TableRow& row, std::string_view name) const {
  return row.axes[place_of("axis", name, {axis_names.begin(), axis_names.end()})];
}

std::optional<std::int64_t> Table::figure(const TableRow& row, std::string_view metric) const {
  std::vector<std::string_view> names;
  for (const Metric& known : metrics()) {
    names.push_back(known.name);
  }
  return row.figures[place_of("metric", metric, names)];
}

std::string Table::csv() const {
  std::string text = "cell,rep";
  for (const std::string& name : axis_names) {
    text += "," + field(name);
  }
  text += ",outcome,wall_ns,user_ns,system_ns,maxrss";
  for (const Metric& metric : metrics()) {
    text += "," + std::string(metric.name);
  }
  text += "\n";
  for (const TableRow& row : rows) {
    text += row.cell + "," + std::to_string(row.rep);
    for (const std::string& value : row.axes) {
      text += "," + field(value);
    }
    text += "," + row.outcome;
    for (const std::uint64_t figure : {row.wall, row.user, row.system, row.peak_memory}) {
      text += "," + std::to_string(figure);
    }
    for (const std::optional<std::int64_t>& figure : row.figures) {
      text += "," + (figure ? std::to_string(*figure) : std::string());
    }
    text += "\n";
  }
  return text;
}

Table read_table(const std::string& folder) {
  return table_of(read_manifest(folder + "/manifest.json"),
                  read_events(folder + "/events.jsonl"));
}

}  // namespace pinlab::harness
