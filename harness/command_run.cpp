// pinlab run: one experiment.
#include "harness/command.hpp"
#include "harness/json_input.hpp"
#include "harness/session.hpp"
#include "harness/summary_text.hpp"

namespace pinlab::harness {

namespace {

constexpr std::string_view kLesson = R"(  pinlab run --workload=lru_churn --heap.max=640MiB
  pinlab run --pin.share=1% --pin.lifetime='exp(64MiB)' --out run.json
  pinlab run --config base.json --seed=2 --gctrace
  pinlab run --workload=lru_churn --pin.share=1% --live
  pinlab run --timeout 30s --out - | jq .summary.exact
  pinlab run --pin.share=1% --trace-events=trace.json --csv=run.csv

Prints a summary on one screen; where a file is - it goes to standard error. A configuration is one
JSON object, comments allowed: { "heap.max": "256MiB", "pin.share": 0.01 }. The command line
beats the file. The record is written whatever the outcome; Ctrl-C ends the run at its next pause.
Exit codes: 0 completed, 2 usage, 3 bad input file, 4 a bug of ours, 5 another outcome, 7 reading
or writing failed, 130 interrupted.
)";

std::span<const heap::Parameter> options() {
  static const std::vector<heap::Parameter> all = [] {
    std::vector<heap::Parameter> table = {{.name = "config",
                                           .type = heap::ParameterType::text,
                                           .default_text = "",
                                           .summary = "a JSON file of parameters"}};
    table.insert(table.end(), session_parameters().begin(), session_parameters().end());
    return table;
  }();
  return all;
}

/// Throws InputError where the file alone makes no sense.
void refuse_file(const std::string& path, const Settings& file) {
  try {
    static_cast<void>(resolve(file, {}));
  } catch (const std::invalid_argument& error) {
    throw InputError(path + ": " + error.what());
  }
}

heap::ParameterValues resolve_with_file(const std::string& path, const Settings& command_line) {
  if (path.empty()) {
    return resolve({}, command_line);
  }
  const Settings file = read_configuration(path);
  try {
    return resolve(file, command_line);
  } catch (const std::invalid_argument&) {
    refuse_file(path, file);
    throw;
  }
}

ExitCode run(const Invocation& invocation) {
  const heap::ParameterValues values =
      resolve_with_file(invocation.options.text("config"), invocation.parameters);
  const SessionOptions options = session_options(invocation.options);
  const Session session = run_session(values, options, invocation.console);
  std::string summary = summary_text(session.result, invocation.console);
  if (options.uses_standard_output()) {
    invocation.console.err(summary);
  } else {
    summary += options.out.empty() ? "" : "  record         " + options.out + "\n";
    invocation.console.out(summary);
  }
  return exit_code_of(session.result);
}

}  // namespace

Command run_command() {
  return {.name = "run",
          .operands = "",
          .summary = "one experiment: a workload, a plan, pins",
          .lesson = kLesson,
          .options = options(),
          .takes_parameters = true,
          .run = run};
}

}  // namespace pinlab::harness
