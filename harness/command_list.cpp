// pinlab list and pinlab describe: what there is, and what it means.
#include "heap/support/words.hpp"
#include "harness/axes.hpp"
#include "harness/command.hpp"
#include "harness/help.hpp"
#include "harness/human.hpp"
#include "harness/listing.hpp"
#include "harness/parameter_table.hpp"

#include <algorithm>
#include <array>

namespace pinlab::harness {

namespace {

constexpr auto kListOptions = std::to_array<heap::Parameter>({
    {.name = "json",
     .type = heap::ParameterType::flag,
     .default_text = "false",
     .summary = "an array of objects with at least name and summary"},
});

std::string kind_names() {
  return heap::joined(kinds());
}

std::string_view singular_of(std::string_view kind) {
  const auto axis = std::ranges::find(axes(), kind, &Axis::kind);
  return axis == axes().end() ? kind.substr(0, kind.size() - 1) : axis->singular;
}

ExitCode run_list(const Invocation& invocation) {
  Console& console = invocation.console;
  if (invocation.operands.empty()) {
    throw UsageError("say what to list: " + kind_names());
  }
  const std::string& kind = invocation.operands[0];
  if (std::ranges::find(kinds(), kind) == kinds().end()) {
    throw UsageError("there is no kind " + heap::quoted_text(kind) +
                     heap::did_you_mean(kind, kinds()) + " There are " + kind_names());
  }
  const std::vector<Listed> rows = list_kind(kind);
  if (rows.empty()) {
    console.complain("there are no " + kind + " yet");
  }
  if (invocation.options.flag("json")) {
    console.out(listing_text(rows));
    return ExitCode::done;
  }
  std::size_t width = 0;
  for (const Listed& row : rows) {
    width = std::max(width, row.name.size());
  }
  std::string text;
  for (const Listed& row : rows) {
    text += left(row.name, width) + "  " + row.summary +
            (row.note.empty() ? "" : " [" + row.note + "]") + "\n";
  }
  console.out(text);
  return ExitCode::done;
}

std::string description_of(std::string_view kind, const Listed& row, const Console& console) {
  constexpr std::size_t width = 84;
  constexpr std::size_t indent = 12;
  std::string text = console.heading(row.name) + " (" + std::string(singular_of(kind)) + ")\n  " +
                     wrapped(row.summary, width, 2) + "\n";
  for (const Fact& fact : row.facts) {
    text += "  " + left(fact.key, indent - 2) + " " + wrapped(fact.value, width, indent + 1) + "\n";
  }
  if (kind == "workloads") {
    for (const heap::Parameter& parameter : workload_called(row.name).parameters) {
      text += "  --" + left(parameter.name, 26) + " " +
              wrapped(std::string(parameter.summary) + " (default " +
                          std::string(parameter.default_text) + ")",
                      width - 18, 31) +
              "\n";
    }
  }
  return text;
}

bool is_called(const Listed& row, std::string_view name) {
  return row.name == name || std::ranges::any_of(row.facts, [&](const Fact& fact) {
           return fact.key == kNumberFact && fact.value == name;
         });
}

ExitCode run_describe(const Invocation& invocation) {
  const std::string& name = invocation.operands[0];
  std::string text;
  std::vector<std::string> known;
  for (const std::string_view kind : kinds()) {
    for (const Listed& row : list_kind(kind)) {
      known.push_back(row.name);
      if (is_called(row, name)) {
        text += (text.empty() ? "" : "\n") + description_of(kind, row, invocation.console);
      }
    }
  }
  if (text.empty()) {
    const std::vector<std::string_view> names(known.begin(), known.end());
    throw UsageError("nothing here is called " + heap::quoted_text(name) +
                     heap::did_you_mean(name, names));
  }
  invocation.console.out(text);
  return ExitCode::done;
}

}  // namespace

Command list_command() {
  return {
      .name = "list",
      .operands = "KIND",
      .summary = "the plans, routes, workloads, parameters, metrics and so on that there are",
      .lesson =
          "  pinlab list workloads\n  pinlab list old-routes --json\n\n"
          "KIND is one of plans, nursery-routes, old-routes, compact-rules, gap-reuse, spreads, presets,\n"
          "shapes, workloads, parameters, metrics, plots, experiments, mutants.\n",
      .options = kListOptions,
      .most_operands = 1,
      .run = run_list};
}

Command describe_command() {
  return {.name = "describe",
          .operands = "NAME",
          .summary =
              "what a parameter, plan, route, workload, shape, spread, gap reuse or metric means",
          .lesson =
              "  pinlab describe hostage\n  pinlab describe pin.lifetime\n  pinlab describe "
              "slide_around\n\n"
              "With unit, bounds and the paper or collector that it is taken from; a shape also by its\n"
              "number. Where several things share a name, all are shown.\n",
          .options = {},
          .least_operands = 1,
          .most_operands = 1,
          .run = run_describe};
}

}  // namespace pinlab::harness
