#include "harness/listing.hpp"

#include "heap/support/expects.hpp"
#include "harness/axes.hpp"
#include "harness/metrics.hpp"
#include "harness/parameter_table.hpp"
#include "harness/presets.hpp"

#include <algorithm>
#include <array>

namespace pinlab::harness {

namespace {

constexpr auto kKinds = std::to_array<std::string_view>(
    {"plans", "nursery-routes", "old-routes", "compact-rules", "gap-reuse", "spreads", "presets",
     "shapes", "workloads", "parameters", "metrics", "plots", "experiments", "mutants"});

Listed listed(const heap::Parameter& parameter, std::string_view owner) {
  Listed row{.name = std::string(parameter.name), .summary = std::string(parameter.summary)};
  row.facts = {{"type", std::string(heap::type_name(parameter.type))},
               {"default", std::string(parameter.default_rule.empty() ? parameter.default_text
                                                                      : parameter.default_rule)},
               {"domain", heap::domain_of(parameter)}};
  if (!parameter.unit.empty()) {
    row.facts.push_back({"unit", std::string(parameter.unit)});
  }
  if (!owner.empty()) {
    row.facts.push_back({"workload", std::string(owner)});
  }
  return row;
}

std::vector<Listed> list_parameters() {
  std::vector<Listed> rows;
  for (const heap::Parameter& parameter : base_parameters()) {
    rows.push_back(listed(parameter, {}));
  }
  for (const workloads::WorkloadEntry& workload : workloads::workloads()) {
    for (const heap::Parameter& parameter : workload.parameters) {
      rows.push_back(listed(parameter, workload.name));
    }
  }
  return rows;
}

std::vector<Listed> list_metrics() {
  std::vector<Listed> rows;
  for (const Metric& metric : metrics()) {
    rows.push_back({.name = std::string(metric.name),
                    .summary = std::string(metric.summary),
                    .facts = {{"unit", std::string(metric.unit)},
                              {"better", std::string(name_of(metric.better))},
                              {"kind", is_exact(metric) ? "exact" : "timed"},
                              {"path", std::string(metric.path)}}});
  }
  return rows;
}

std::vector<Listed> list_plots() {
  std::vector<Listed> rows;
#define PINLAB_PLOT(NAME, SUMMARY) \
  rows.push_back(                  \
      {.name = NAME, .summary = SUMMARY, .facts = {{"drawn by", "pinlab plot --kind=" NAME}}});
#include "harness/plots.inc"
#undef PINLAB_PLOT
  return rows;
}

std::vector<Listed> list_axis(const Axis& axis) {
  std::vector<Listed> rows;
  for (const AxisEntry& entry : axis.entries) {
    Listed row{.name = std::string(entry.name), .summary = std::string(entry.summary)};
    for (const AxisFact& fact : entry.facts) {
      row.facts.push_back({fact.key, fact.value});
      if (fact.key == "expresses") {
        row.note = fact.value;
      } else if (fact.key == "use cases") {
        row.note += "; use cases: " + fact.value;
      }
    }
    row.facts.push_back({"source", std::string(entry.source)});
    row.facts.push_back({"chosen by", std::string(axis.parameter) + "=" + std::string(entry.name)});
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Listed> list_presets() {
  std::vector<Listed> rows;
  for (const Preset& preset : presets()) {
    std::string sets;
    for (const PresetSetting& setting : preset.settings) {
      sets +=
          (sets.empty() ? "" : " ") + std::string(setting.name) + "=" + std::string(setting.text);
    }
    rows.push_back({.name = std::string(preset.name),
                    .summary = std::string(preset.summary),
                    .facts = {{"source", std::string(preset.source)},
                              {"sets", sets},
                              {"leaves out", std::string(preset.leaves_out)},
                              {"chosen by", "preset=" + std::string(preset.name)}}});
  }
  return rows;
}

}  // namespace

std::span<const std::string_view> kinds() {
  return kKinds;
}

std::vector<Listed> list_kind(std::string_view kind) {
  EXPECTS(std::ranges::find(kKinds, kind) != kKinds.end());
  if (kind == "parameters") {
    return list_parameters();
  }
  if (kind == "metrics") {
    return list_metrics();
  }
  if (kind == "plots") {
    return list_plots();
  }
  if (kind == "presets") {
    return list_presets();
  }
  const auto axis = std::ranges::find(axes(), kind, &Axis::kind);
  return axis == axes().end() ? std::vector<Listed>() : list_axis(*axis);
}

}  // namespace pinlab::harness
