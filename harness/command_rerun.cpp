// pinlab rerun: the same run again, from its record, and whether its exact figures are equal.
#include "harness/command.hpp"
#include "harness/record.hpp"
#include "harness/record_file.hpp"
#include "harness/session.hpp"
#include "harness/summary_text.hpp"

#include <algorithm>

namespace pinlab::harness {

namespace {

constexpr std::string_view kLesson = R"(  pinlab rerun run.json
  pinlab rerun run.json --out again.json

Compares everything exact: outcome, sums, each collection, pin sites, digests. Exit code 0 where all
is equal, 4 where something differs (equal parameters must give equal figures), 6 where a clock or a
user ended the run, or chance had a part in it (mutator.threads, workload.completion=arrival), so
that there is nothing to compare.
)";

constexpr std::size_t kMostDifferences = 10;

bool was_repeatable(const RecordFile& record) {
  const auto found = std::ranges::find(kOutcomeNames, record.outcome);
  return found != kOutcomeNames.end() &&
         is_repeatable(static_cast<Outcome>(found - kOutcomeNames.begin()));
}

heap::ParameterValues resolve_record(const std::string& path, const RecordFile& record) {
  try {
    return resolve(record.parameters, {});
  } catch (const std::invalid_argument& error) {
    throw InputError(path + ": this program cannot run it: " + error.what());
  }
}

ExitCode run(const Invocation& invocation) {
  Console& console = invocation.console;
  const std::string& path = invocation.operands[0];
  const RecordFile record = read_record(path);
  const heap::ParameterValues values = resolve_record(path, record);
  if (!was_repeatable(record)) {
    console.complain(path + ": its outcome is " + record.outcome +
                     ", which no other run has to repeat");
    return ExitCode::incomparable;
  }
  if (const std::string chance = why_unrepeatable(values); !chance.empty()) {
    console.complain(path + ": no other run has to repeat it: " + chance);
    return ExitCode::incomparable;
  }
  const SessionOptions options = session_options(invocation.options);
  const Session session = run_session(values, options, console);
  if (!is_repeatable(session.result.outcome)) {
    console.complain(std::string(name_of(session.result.outcome)) + ": " + session.result.reason);
    return exit_code_of(session.result);
  }
  const std::vector<std::string> differences = exact_differences(
      record.text, record_text(session.result, session.environment), kMostDifferences);
  std::string text = differences.empty() ? "equal: every exact figure is as in " + path + "\n"
                                         : "different: at least so many exact figures, first in " +
                                               path + ", then now\n";
  for (const std::string& difference : differences) {
    text += "  " + difference + "\n";
  }
  if (options.uses_standard_output()) {
    console.err(text);
  } else {
    console.out(text);
  }
  return differences.empty() ? ExitCode::done : ExitCode::our_bug;
}

}  // namespace

Command rerun_command() {
  return {
      .name = "rerun",
      .operands = "RECORD",
      .summary = "the same run again, from its record; says whether the exact figures are equal",
      .lesson = kLesson,
      .options = session_parameters(),
      .least_operands = 1,
      .most_operands = 1,
      .run = run};
}

}  // namespace pinlab::harness
