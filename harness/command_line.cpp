#include "harness/command_line.hpp"

#include "heap/support/words.hpp"
#include "collector/options.hpp"
#include "workloads/heaptrack/trace_error.hpp"
#include "harness/command.hpp"
#include "harness/environment.hpp"
#include "harness/external_command.hpp"
#include "harness/help.hpp"
#include "harness/parameter_table.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <exception>
#include <vector>

namespace pinlab::harness {

namespace {

using Words = std::span<const std::string_view>;

/// What the words behind a command's name say.
struct Parsed {
  Settings settings;
  std::vector<std::string> operands;
  bool help = false;
};

bool is_flag(const Command& command, std::string_view name) {
  for (const std::span<const heap::Parameter> table : {command.options, base_parameters()}) {
    const auto found = std::ranges::find(table, name, &heap::Parameter::name);
    if (found != table.end()) {
      return found->type == heap::ParameterType::flag;
    }
  }
  return false;
}

/// The option in words[i], which begins with --, and the value behind it where that is a word of
/// its own.
Setting take_option(const Command& command, Words words, std::size_t& i) {
  const std::string_view option = words[i].substr(2);
  const std::size_t equals = option.find('=');
  if (equals != std::string_view::npos) {
    return {std::string(option.substr(0, equals)), std::string(option.substr(equals + 1))};
  }
  const bool has_next = i + 1 < words.size();
  if (is_flag(command, option)) {
    const bool said = has_next && (words[i + 1] == "true" || words[i + 1] == "false");
    return {std::string(option), said ? std::string(words[++i]) : "true"};
  }
  if (!has_next) {
    throw UsageError("the option " + heap::quoted_text(words[i]) + " needs a value");
  }
  return {std::string(option), std::string(words[++i])};
}

Parsed parse(const Command& command, Words words) {
  Parsed parsed;
  bool options = true;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (options && words[i] == "--") {
      options = false;
    } else if (options && (words[i] == "--help" || words[i] == "-h")) {
      parsed.help = true;
    } else if (options && words[i].starts_with("--")) {
      parsed.settings.push_back(take_option(command, words, i));
    } else if (options && words[i].size() > 1 && words[i].starts_with('-')) {
      throw UsageError("there is no option " + heap::quoted_text(words[i]) +
                       "; options begin with --");
    } else {
      parsed.operands.emplace_back(words[i]);
    }
  }
  return parsed;
}

std::vector<std::string_view> known_options(const Command& command) {
  std::vector<std::string_view> names = {"help"};
  for (const auto table : {command.options, command.repeated}) {
    for (const heap::Parameter& option : table) {
      names.push_back(option.name);
    }
  }
  if (command.takes_parameters) {
    for (const heap::Parameter& parameter : base_parameters()) {
      names.push_back(parameter.name);
    }
    for (const workloads::WorkloadEntry& workload : workloads::workloads()) {
      for (const heap::Parameter& parameter : workload.parameters) {
        names.push_back(parameter.name);
      }
    }
  }
  return names;
}

/// Options of the command apart from parameters of the run; both apart from what is neither.
Invocation invocation_of(const Command& command, Parsed parsed, Console& console) {
  Invocation invocation{
      .options = heap::ParameterValues({command.options.begin(), command.options.end()}),
      .repeated = {},
      .parameters = {},
      .operands = std::move(parsed.operands),
      .console = console};
  const std::vector<std::string_view> known = known_options(command);
  for (Setting& setting : parsed.settings) {
    if (std::ranges::find(known, setting.name) == known.end()) {
      throw UsageError("there is no option " + heap::quoted_text("--" + setting.name) +
                       heap::did_you_mean(setting.name, known));
    }
    if (std::ranges::find(command.repeated, setting.name, &heap::Parameter::name) !=
        command.repeated.end()) {
      invocation.repeated.push_back(std::move(setting));
      continue;
    }
    if (invocation.options.find(setting.name) == nullptr) {
      invocation.parameters.push_back(std::move(setting));
      continue;
    }
    if (invocation.options.given(setting.name)) {
      throw UsageError("--" + setting.name + " is given twice");
    }
    invocation.options.set(setting.name, setting.text);
  }
  const std::size_t count = invocation.operands.size();
  if (count < command.least_operands) {
    throw UsageError("usage: pinlab " + std::string(command.name) + " " +
                     std::string(command.operands));
  }
  if (count > command.most_operands) {
    throw UsageError("there is nothing to do with " +
                     heap::quoted_text(invocation.operands[command.most_operands]) +
                     "; a parameter is written --name=value");
  }
  return invocation;
}

ExitCode run_command(const Command& command, Words words, Console& console) {
  Parsed parsed = parse(command, words);
  if (parsed.help) {
    console.out(help_of(command, console));
    return ExitCode::done;
  }
  return command.run(invocation_of(command, std::move(parsed), console));
}

[[noreturn]] void refuse_command(std::string_view name) {
  std::vector<std::string> external = external_commands();
  std::vector<std::string_view> known(external.begin(), external.end());
  for (const Command& command : commands()) {
    known.push_back(command.name);
  }
  throw UsageError("there is no command " + heap::quoted_text(name) +
                   heap::did_you_mean(name, known) +
                   " (and no program of that name, with pinlab- before it)");
}

ExitCode dispatch(Words words, Console& console) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    if (words.size() > 1 && words[0] == "help") {
      return dispatch(std::array{words[1], std::string_view("--help")}, console);
    }
    console.out(overview(console));
    return ExitCode::done;
  }
  if (words[0] == "--version") {
    console.out(version_line() + "\n");
    return ExitCode::done;
  }
  for (const Command& command : commands()) {
    if (command.name == words[0]) {
      return run_command(command, words.subspan(1), console);
    }
  }
  become_external_command(words);
  refuse_command(words[0]);
}

/// The sentence of an error, and the code it ends with.
ExitCode explain_error(const Console& console) {
  try {
    throw;
  } catch (const workloads::TraceError& error) {
    console.complain(error.what());
    return ExitCode::bad_input;
  } catch (const InputError& error) {
    console.complain(error.what());
    return ExitCode::bad_input;
  } catch (const IoError& error) {
    console.complain(error.what());
    return ExitCode::io_failed;
  } catch (const std::invalid_argument& error) {  // UsageError, ParameterError, OptionsError
    console.complain(error.what());
    return ExitCode::usage;
  } catch (const std::exception& error) {
    console.complain(std::string("a bug of pinlab: ") + error.what());
    return ExitCode::our_bug;
  }
}

}  // namespace

std::span<const Command> commands() {
  static const std::array all = {
      run_command(),     rerun_command(), sweep_command(),    merge_command(),  minheap_command(),
      explain_command(), list_command(),  describe_command(), schema_command(), env_command()};
  return all;
}

int run_command_line(Words words) {
  std::signal(SIGPIPE, SIG_IGN);
  Console console;
  ExitCode code = ExitCode::our_bug;
  try {
    code = dispatch(words, console);
  } catch (...) {
    code = explain_error(console);
  }
  return static_cast<int>(code);
}

}  // namespace pinlab::harness
