// pinlab env and pinlab schema: the machine, and the shape of a record.
#include "harness/command.hpp"
#include "harness/environment.hpp"
#include "harness/human.hpp"
#include "harness/record.hpp"
#include "harness/run_schema.hpp"

namespace pinlab::harness {

namespace {

constexpr auto kEnvOptions = std::to_array<heap::Parameter>({
    {.name = "json",
     .type = heap::ParameterType::flag,
     .default_text = "false",
     .summary = "as a JSON object, with the problems as an array"},
});

std::string table_of(const Environment& environment) {
  const auto line = [](std::string_view name, const std::string& value) {
    return left(name, 16) + value + "\n";
  };
  return line("version", environment.version) + line("commit", environment.commit) +
         line("compiler", environment.compiler) + line("build", environment.build) +
         line("kernel", environment.kernel) + line("processor", environment.processor) +
         line("cores", std::to_string(environment.cores)) +
         line("memory", human_bytes(environment.memory)) +
         line("page size", human_bytes(environment.page_size)) +
         line("huge pages",
              human_bytes(environment.huge_page_size) + ", " + environment.huge_pages) +
         line("timer cost", human_time(environment.timer_cost)) + line("date", environment.date);
}

ExitCode run_env(const Invocation& invocation) {
  const Environment environment = this_environment();
  const std::vector<std::string> problems = measuring_problems(environment);
  if (invocation.options.flag("json")) {
    invocation.console.out(environment_text(environment, problems));
    return ExitCode::done;
  }
  std::string text = table_of(environment);
  text += problems.empty()
              ? "\nNothing is known to be wrong with it for measuring.\n"
              : "\n" + invocation.console.heading("Wrong with it for measuring times:") + "\n";
  for (const std::string& problem : problems) {
    text += "  - " + problem + "\n";
  }
  invocation.console.out(text);
  return ExitCode::done;
}

ExitCode run_schema(const Invocation& invocation) {
  if (!invocation.operands.empty() && invocation.operands[0] != "run") {
    throw UsageError("there is no schema \"" + invocation.operands[0] + "\"; there is: run");
  }
  invocation.console.out(kRunSchema);
  return ExitCode::done;
}

}  // namespace

Command env_command() {
  return {.name = "env",
          .operands = "",
          .summary = "the machine and the build, and what is wrong with them for measuring",
          .lesson =
              "  pinlab env\n  pinlab env --json\n\nExact figures do not depend on any of it; "
              "times do.\n",
          .options = kEnvOptions,
          .run = run_env};
}

Command schema_command() {
  return {.name = "schema",
          .operands = "[run]",
          .summary = "the JSON Schema (2020-12) of a record",
          .lesson =
              "  pinlab schema > run.schema.json\n\nEvery key is described in it, and in "
              "results/README.md.\n",
          .options = {},
          .most_operands = 1,
          .run = run_schema};
}

}  // namespace pinlab::harness
