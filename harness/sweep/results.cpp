// What is derived from the events of a sweep: exact.json and the table, apart from folder.cpp for
// their own sake; both include a slow header.
#include "harness/metrics.hpp"
#include "harness/sweep/folder.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace pinlab::harness {

namespace {

using Json = nlohmann::ordered_json;

bool is_repeatable_outcome(const std::string& name) {
  const auto found = std::ranges::find(kOutcomeNames, name);
  return found != kOutcomeNames.end() &&
         is_repeatable(static_cast<Outcome>(found - kOutcomeNames.begin()));
}

Json text_map(const Settings& settings) {
  Json json = Json::object();
  for (const Setting& setting : settings) {
    json[setting.name] = setting.text;
  }
  return json;
}

/// The runs of a cell that ended, by rep.
std::vector<const RepEnd*> ends_of(const SweepEvents& events, const std::string& cell) {
  std::vector<const RepEnd*> ends;
  for (auto at = events.ends.lower_bound({cell, 0});
       at != events.ends.end() && at->first.first == cell; ++at) {
    ends.push_back(&at->second);
  }
  return ends;
}

/// What the runs of a cell agree on. False where they do not, though they had to.
class Agreement {
 public:
  explicit Agreement(const std::vector<const RepEnd*>& ends) {
    for (const RepEnd* const end : ends) {
      if (!is_settled(*end)) {
        continue;
      }
      Json run = Json::parse(end->run);
      add(end->outcome, std::move(run));
    }
  }

  [[nodiscard]] bool is_broken() const { return broken_; }

  void write(Json& json) const {
    json["outcome"] = outcome_.empty() ? Json(nullptr) : Json(outcome_);
    const bool known = !outcome_.empty() && repeatable_ && !arbitrary_ && !broken_;
    for (const char* const key : {"exact", "digest", "graph_digest"}) {
      json[key] = known && first_.is_object() && first_.contains(key) ? first_.at(key) : Json();
    }
  }

 private:
  void add(const std::string& outcome, Json run) {
    if (run.is_object()) {
      run.erase("timed");
    }
    if (outcome_.empty()) {
      outcome_ = outcome;
      first_ = std::move(run);
      repeatable_ = is_repeatable_outcome(outcome);
      return;
    }
    const bool both = repeatable_ && is_repeatable_outcome(outcome);
    if (!both) {
      // The one that was ended from outside says less than the one that ended by itself.
      if (!repeatable_ && is_repeatable_outcome(outcome)) {
        outcome_ = outcome;
        first_ = std::move(run);
        repeatable_ = true;
      }
      return;
    }
    if (outcome == outcome_ && run == first_) {
      return;
    }
    const auto has_digest = [](const Json& json) {
      return json.is_object() && json.contains("digest") && !json.at("digest").is_null();
    };
    // Without a digest a run promises nothing: its figures are then those of one moment.
    if (has_digest(run) || has_digest(first_) || outcome != outcome_) {
      broken_ = true;
    } else {
      arbitrary_ = true;
    }
  }

  std::string outcome_;
  Json first_;
  bool repeatable_ = false;
  bool arbitrary_ = false;
  bool broken_ = false;
};

std::string label_of(const ManifestCell& cell) {
  std::string text;
  for (const Setting& setting : cell.axes) {
    text += (text.empty() ? "" : " ") + setting.name + "=" + setting.text;
  }
  return text.empty() ? "the only one" : text;
}

/// The figure at a metric's path, "summary." left out; none where there is none.
std::optional<std::int64_t> figure_at(const Json& run, std::string_view path) {
  const Json* here = &run;
  path.remove_prefix(std::string_view("summary.").size());
  while (!path.empty()) {
    const std::string key(path.substr(0, path.find('.')));
    path.remove_prefix(std::min(key.size() + 1, path.size()));
    if (!here->is_object() || !here->contains(key)) {
      return std::nullopt;
    }
    here = &here->at(key);
  }
  return here->is_number_integer() ? std::optional(here->get<std::int64_t>()) : std::nullopt;
}

TableRow row_of(const ManifestFile& manifest, const ManifestCell& cell, const RepEnd& end) {
  TableRow row{.cell = cell.id,
               .rep = end.rep,
               .axes = {},
               .outcome = end.outcome,
               .wall = end.wall,
               .user = end.user,
               .system = end.system,
               .peak_memory = end.peak_memory,
               .figures = {}};
  for (const std::string& name : manifest.axis_names) {
    const auto found = std::ranges::find(cell.axes, name, &Setting::name);
    row.axes.push_back(found == cell.axes.end() ? std::string() : found->text);
  }
  const Json run = Json::parse(end.run);
  for (const Metric& metric : metrics()) {
    row.figures.push_back(figure_at(run, metric.path));
  }
  return row;
}

}  // namespace

ExactResults exact_results(const ManifestFile& manifest, const SweepEvents& events) {
  ExactResults results;
  Json cells = Json::array();
  for (const ManifestCell& cell : manifest.cells) {
    Json& json = cells.emplace_back(Json{{"axes", text_map(cell.axes)}});
    Settings rest;
    for (const Setting& setting : cell.parameters) {
      if (std::ranges::find(cell.axes, setting.name, &Setting::name) == cell.axes.end()) {
        rest.push_back(setting);
      }
    }
    json["parameters"] = text_map(rest);
    const Agreement agreement(ends_of(events, cell.id));
    agreement.write(json);
    if (agreement.is_broken()) {
      results.disagreeing.push_back(label_of(cell));
    }
  }
  const Json json = {{"schema", "pinlab/exact/1"},
                     {"parameters", text_map(manifest.parameters)},
                     {"cells", std::move(cells)}};
  results.text = json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  return results;
}

Table table_of(const ManifestFile& manifest, const SweepEvents& events) {
  Table table{.axis_names = manifest.axis_names, .rows = {}};
  for (const ManifestCell& cell : manifest.cells) {
    for (const RepEnd* const end : ends_of(events, cell.id)) {
      table.rows.push_back(row_of(manifest, cell, *end));
    }
  }
  return table;
}

}  // namespace pinlab::harness
