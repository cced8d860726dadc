#include "harness/help.hpp"

#include "harness/external_command.hpp"
#include "harness/human.hpp"
#include "harness/parameter_table.hpp"

#include <algorithm>

namespace pinlab::harness {

namespace {

constexpr std::size_t kWidth = 100;

std::string row(std::string_view name, const std::string& text) {
  constexpr std::size_t name_width = 26;
  const std::string head = "  " + left(name, name_width - 3) + " ";
  return head + wrapped(text, kWidth - name_width, name_width) + "\n";
}

std::string parameter_row(const heap::Parameter& parameter, std::string_view dashes) {
  std::string text = std::string(parameter.summary);
  text += " (" + heap::domain_of(parameter);
  const std::string_view rule =
      parameter.default_rule.empty() ? parameter.default_text : parameter.default_rule;
  if (!rule.empty() && parameter.type != heap::ParameterType::flag) {
    text += "; default " + std::string(rule);
  }
  return row(std::string(dashes) + std::string(parameter.name), text + ")");
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::string lines;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (column > 0 && column + 1 + word.size() > width) {
      lines += "\n" + std::string(indent, ' ');
      column = 0;
    }
    lines += (column > 0 ? " " : "") + std::string(word);
    column += word.size() + (column > 0 ? 1 : 0);
  }
  return lines;
}

std::string overview(const Console& console) {
  std::string text =
      console.heading("pinlab") +
      ": what pinned objects cost a moving garbage collector.\n\n"
      "Begin here:\n"
      "  pinlab run                                      one experiment, on one screen\n"
      "  pinlab run --pin.share=1% --pin.lifetime=forever --heap.max=640MiB\n"
      "  pinlab run --pin.share=1% --out run.json        the same with its record\n"
      "  pinlab explain run.json                         who is to blame\n"
      "  pinlab rerun run.json                           the same again, to the byte\n"
      "  pinlab list workloads; pinlab describe hostage  what there is, what it means\n\n"
      "Commands (pinlab COMMAND --help teaches each):\n";
  for (const Command& command : commands()) {
    text += row(command.name, std::string(command.summary));
  }
  const std::vector<std::string> external = external_commands();
  if (!external.empty()) {
    text += "\nPrograms of their own (pinlab-NAME):\n";
    for (const std::string& name : external) {
      text += "  " + name + "\n";
    }
  }
  return text + "\nEvery key of a record, every outcome and exit code: results/README.md.\n";
}

std::string help_of(const Command& command, const Console& console) {
  std::string text = console.heading("pinlab " + std::string(command.name));
  text += command.operands.empty() ? "" : " " + std::string(command.operands);
  text += command.takes_parameters ? " [--PARAMETER=VALUE ...]\n\n" : "\n\n";
  text += wrapped(command.summary, kWidth, 0) + ".\n\n" + std::string(command.lesson);
  if (!command.options.empty()) {
    text += "\nOptions:\n";
    for (const auto table : {command.repeated, command.options}) {
      for (const heap::Parameter& option : table) {
        text += parameter_row(option, "--");
      }
    }
  }
  if (command.takes_parameters) {
    text += "\nParameters (a workload adds its own: pinlab describe WORKLOAD):\n";
    for (const heap::Parameter& parameter : base_parameters()) {
      text += parameter_row(parameter, "--");
    }
  }
  return text;
}

}  // namespace pinlab::harness
