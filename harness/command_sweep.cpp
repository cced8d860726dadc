// pinlab sweep and pinlab merge: a matrix of runs, its state, its shards.
#include "heap/support/words.hpp"
#include "harness/command.hpp"
#include "harness/environment.hpp"
#include "harness/human.hpp"
#include "harness/json_input.hpp"
#include "harness/study.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace pinlab::harness {

namespace {

using heap::ParameterType;

constexpr std::string_view kLesson =
    R"(  pinlab sweep --out=DIR --axis pin.share=0,0.1%,1% --axis heap.max=64MiB:1GiB:x2 --axis seed=1..5
  pinlab sweep --out=DIR --axis '(pin.share,pin.lifetime)=(1%,forever),(5%,exp(1MiB))' --reps=3
  pinlab sweep --out=DIR --axis 'pin.lifetime=object,fixed(1MiB:64MiB:x4)' --pin.share=1% --dry-run
  pinlab sweep --out=DIR matrix.json --where 'pin.share > 0 || seed == 1' --jobs=2
  pinlab sweep --out=DIR                          goes on where it stopped
  pinlab sweep status DIR                         how far it is, from another terminal
  pinlab sweep merge --out=DIR DIR1 DIR2          joins shards; also pinlab merge

An axis is name=item,item,...: values, a..b (whole numbers), lo:hi:+step, lo:hi:xfactor, lo:hi:#n
(n even steps), lo:hi:log#n; (a,b)=(1,x),(2,y) goes through both together; 1.5*min is a heap size
relative to the smallest, from pinlab minheap. Axes multiply. Parameters that are given as
--name=value hold for every cell. Everything is checked before anything runs.

Each run is a process of its own. The folder (results/README.md, "The folder of a sweep") has
events.jsonl, to which each ended run is added at once, a record of each run, and when it ends
exact.json and results.csv. Ctrl-C keeps what is done; the same command again goes on. A folder is
of one program and one matrix; --extend lets another matrix take over the runs that both have.
--against=PROGRAM runs another pinlab in turns with this one (A, B, B, A), into DIR/base and
DIR/new, so that pinlab compare can believe their times.
Exit codes: 0 all completed, 2 usage, 3 bad input file, 4 a bug of ours (also: equal runs that
differ), 5 some ended in another outcome, 7 reading or writing failed, 130 interrupted.
)";

constexpr auto kRepeated = std::to_array<heap::Parameter>({
    {.name = "axis",
     .type = ParameterType::text,
     .default_text = "",
     .summary = "name=values, an axis; give it several times"},
});

constexpr std::array<std::string_view, 3> kSchedulers = {"none", "parallel", "slurm"};

constexpr auto kOptions = std::to_array<heap::Parameter>({
    {.name = "out", .type = ParameterType::text, .default_text = "", .summary = "the folder"},
    {.name = "where",
     .type = ParameterType::text,
     .default_text = "",
     .summary = "only cells for which this holds: !(pin.share == 0 && pin.lifetime > 64MiB)"},
    {.name = "reps",
     .type = ParameterType::count,
     .default_text = "1",
     .summary = "runs of each cell, with equal parameters: their exact figures must be equal",
     .least = 1,
     .most = 999'999,
     .unit = "runs"},
    {.name = "order",
     .type = ParameterType::word,
     .default_text = "fillin",
     .summary = "in which order cells run: the ends and middles of axes first, shuffled by their "
                "ids, or as written",
     .choices = kCellOrders},
    {.name = "jobs",
     .type = ParameterType::count,
     .default_text = "1",
     .summary = "runs at a time; more than 1 disturbs times, never exact figures",
     .least = 1,
     .most = 1024,
     .unit = "runs"},
    {.name = "timeout",
     .type = ParameterType::time,
     .default_text = "0s",
     .summary = "end a run after this time, with the outcome timeout; 0s: never"},
    {.name = "memory",
     .type = ParameterType::size,
     .default_text = "0B",
     .summary = "kill a run that has more than this resident",
     .default_rule = "nine tenths of the machine's memory, divided by --jobs"},
    {.name = "dry-run",
     .type = ParameterType::flag,
     .default_text = "false",
     .summary = "list the cells in the order in which they would run, and how long that may take"},
    {.name = "max-cells",
     .type = ParameterType::count,
     .default_text = "10000",
     .summary = "more cells are an error",
     .least = 1,
     .most = 1'000'000,
     .unit = "cells"},
    {.name = "shard",
     .type = ParameterType::text,
     .default_text = "",
     .summary = "i/n: run only the i-th of n parts of the cells"},
    {.name = "emit-jobs",
     .type = ParameterType::word,
     .default_text = "none",
     .summary = "run nothing; print what runs the sweep in --shards parts: a line each for GNU "
                "parallel, or a script with a job array for Slurm",
     .choices = kSchedulers},
    {.name = "shards",
     .type = ParameterType::count,
     .default_text = "2",
     .summary = "parts, with --emit-jobs",
     .least = 1,
     .most = 100'000,
     .unit = "parts"},
    {.name = "against",
     .type = ParameterType::text,
     .default_text = "",
     .summary = "another pinlab, run in turns with this one"},
    {.name = "minheap",
     .type = ParameterType::text,
     .default_text = "",
     .summary = "a file of pinlab minheap, for sizes such as 1.5*min"},
    {.name = "extend",
     .type = ParameterType::flag,
     .default_text = "false",
     .summary = "the folder takes this matrix; runs that it has of it are kept"},
    {.name = "retry",
     .type = ParameterType::flag,
     .default_text = "false",
     .summary = "run again what ended in timeout, crashed or killed"},
});

Shard shard_of(const std::string& text) {
  const auto number = [&](std::string_view digits) {
    std::uint32_t value = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (end.ec != std::errc() || end.ptr != digits.data() + digits.size() || value == 0) {
      throw UsageError("--shard: " + heap::quoted_text(text) + " is not written as i/n, from 1/n");
    }
    return value;
  };
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::string_view rest = std::string_view(text).substr(std::min(slash + 1, text.size()));
  const Shard shard{number(std::string_view(text).substr(0, slash)), number(rest)};
  if (shard.index > shard.of) {
    throw UsageError("--shard: there is no part " + text);
  }
  return shard;
}

/// Whether what is asked is in the folder.
bool says_nothing(const Invocation& invocation) {
  return invocation.operands.empty() && invocation.repeated.empty() &&
         invocation.parameters.empty() && !invocation.options.given("where") &&
         !invocation.options.given("reps") && !invocation.options.given("order");
}

/// The matrix and the part of the sweep that the folder holds. Throws UsageError where it holds none.
Study study_there(SweepOptions& sweep) {
  const std::string folder = arms_of(sweep).front().folder;
  if (!std::filesystem::exists(folder + "/matrix.json")) {
    const bool has_two = std::filesystem::exists(folder + "/base/matrix.json");
    throw UsageError(
        has_two ? folder + " holds the sweeps of two programs: say --against=PROGRAM to go on"
                : folder + " holds no sweep to go on with: say what to run, with --axis, with "
                           "parameters or with a matrix file");
  }
  if (!sweep.shard && std::filesystem::exists(folder + "/manifest.json")) {
    sweep.shard = read_manifest(folder + "/manifest.json").shard;
  }
  return Study(read_matrix(folder + "/matrix.json"));
}

/// What is asked: of the command line, of a matrix file, or of the folder as it is.
Study study_of(const Invocation& invocation, SweepOptions& sweep) {
  const heap::ParameterValues& options = invocation.options;
  Study study;
  if (says_nothing(invocation)) {
    study = study_there(sweep);
  } else if (!invocation.operands.empty()) {
    Matrix matrix = read_matrix(invocation.operands[0]);
    std::erase_if(matrix.fixed, [&](const Setting& setting) {  // the command line beats the file
      return std::ranges::count(invocation.parameters, setting.name, &Setting::name) > 0;
    });
    study = Study(std::move(matrix));
  }
  for (const Setting& axis : invocation.repeated) {
    study.axis(axis.text);
  }
  for (const Setting& setting : invocation.parameters) {
    study.set(setting.name, setting.text);
  }
  if (options.given("where")) {
    study.where(options.text("where"));
  }
  if (options.given("reps")) {
    study.reps(static_cast<std::uint32_t>(options.count("reps")));
  }
  if (options.given("order")) {
    study.order(static_cast<CellOrder>(std::ranges::find(kCellOrders, options.word("order")) -
                                       kCellOrders.begin()));
  }
  if (options.given("minheap")) {
    study.minimal_heaps(options.text("minheap"));
  }
  return study.most_cells(options.count("max-cells"));
}

SweepOptions sweep_options(const heap::ParameterValues& options) {
  SweepOptions sweep{.folder = options.text("out"),
                     .against = options.text("against"),
                     .jobs = static_cast<unsigned>(options.count("jobs")),
                     .extend = options.flag("extend"),
                     .retry = options.flag("retry")};
  sweep.limits.timeout = options.time("timeout");
  sweep.limits.memory = options.size("memory");
  if (!options.given("memory")) {
    sweep.limits.memory = this_environment().memory / 10 * 9 / sweep.jobs;
  }
  if (options.given("shard")) {
    sweep.shard = shard_of(options.text("shard"));
  }
  return sweep;
}

/// The cells in their order, and how long they may take: from runs that are there, else unknown.
std::string dry_run(const Study& study, const SweepOptions& sweep) {
  const Matrix& matrix = study.matrix();
  const std::vector<Cell> cells = study.cells();
  check_sweep(matrix, cells, sweep);
  std::vector<SweepEvents> arms;
  std::size_t ends = 0;
  std::uint64_t known = 0;
  for (const SweepArm& arm : arms_of(sweep)) {
    arms.push_back(sweep.folder.empty() ? SweepEvents()
                                        : read_events(arm.folder + "/events.jsonl"));
    for (const auto& [key, end] : arms.back().ends) {
      ++ends;
      known += end.wall;
    }
  }
  std::string text;
  std::size_t shown = 0;
  std::size_t done = 0;
  for (const std::size_t cell : running_order(matrix, cells)) {
    if (!is_mine(sweep, cell)) {
      continue;
    }
    std::size_t there = 0;
    for (const SweepEvents& events : arms) {
      for (std::uint32_t rep = 1; rep <= matrix.reps; ++rep) {
        const auto found = events.ends.find({cells[cell].id, rep});
        there += found != events.ends.end() && is_settled(found->second) ? 1U : 0U;
      }
    }
    text += cells[cell].id + (there == matrix.reps * arms.size() ? " done  " : "       ") +
            label_of(cells[cell]) + "\n";
    ++shown;
    done += there;
  }
  const std::size_t left = shown * matrix.reps * arms.size() - done;
  text += human_count(shown, "cell") + ", " + human_count(matrix.reps, "run") + " of each" +
          (arms.size() > 1 ? " and program" : "") + ", " + std::to_string(left) + " to do";
  if (left == 0) {
    return text + "\n";
  }
  text += ", " + std::to_string(sweep.jobs) + " at a time; ";
  if (ends > 0) {
    text += "about " + human_duration(known / ends * left / sweep.jobs) + ", judging by " +
            human_count(ends, "run") + " that are there\n";
  } else if (sweep.limits.timeout > 0) {
    text += "at most " + human_duration(sweep.limits.timeout * left / sweep.jobs) + "\n";
  } else {
    text += "how long that takes nobody knows before the first run\n";
  }
  return text;
}

std::string shell_word(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return quoted + "'";
}

/// Commands that run the sweep in parts, for other machines that see the same files.
std::string jobs_text(const Matrix& matrix,
                      const Invocation& invocation,
                      const SweepOptions& sweep) {
  namespace fs = std::filesystem;
  make_folder(sweep.folder);
  const std::string folder = fs::absolute(sweep.folder).string();
  const std::string file = folder + "/matrix.json";
  if (fs::exists(file) && read_file(file) != matrix_text(matrix)) {
    throw UsageError(file + " is of another matrix, and jobs of it would run this one: take a new "
                            "folder");
  }
  write_file(file, matrix_text(matrix));
  const std::string of = std::to_string(invocation.options.count("shards"));
  std::string command = "cd " + shell_word(fs::current_path().string()) + " && " +
                        shell_word(fs::read_symlink("/proc/self/exe").string()) + " sweep " +
                        shell_word(file) + " --jobs=" + std::to_string(sweep.jobs);
  for (const char* const name : {"timeout", "memory", "minheap", "max-cells"}) {
    if (invocation.options.given(name)) {
      command += " --" + std::string(name) + "=" + shell_word(invocation.options.canonical(name));
    }
  }
  const auto part = [&](const std::string& index) {
    return command + " --shard=" + index + "/" + of + " --out=" + shell_word(folder) + "/shard-" +
           index;
  };
  if (invocation.options.word("emit-jobs") == "slurm") {
    return "#!/bin/bash\n# sbatch this file; then: pinlab merge --out=" + folder + "/whole " +
           folder + "/shard-*\n#SBATCH --job-name=pinlab\n#SBATCH --array=1-" + of +
           "\n#SBATCH --cpus-per-task=" + std::to_string(sweep.jobs) +
           "\n#SBATCH --output=" + folder + "/slurm-%a.txt\n" + part("${SLURM_ARRAY_TASK_ID}") +
           "\n";
  }
  std::string text;
  for (std::uint64_t i = 1; i <= invocation.options.count("shards"); ++i) {
    text += part(std::to_string(i)) + "\n";
  }
  return text;
}

std::string summary_text(const SweepSummary& summary, const std::string& folder) {
  std::string text =
      std::to_string(summary.done) + " of " + human_count(summary.total, "run") + " done";
  if (summary.ran > 0) {
    text += ", " + std::to_string(summary.ran) + " of them now, in " +
            human_duration(static_cast<std::uint64_t>(summary.wall * 1e9));
  }
  text += "\n";
  for (const auto& [outcome, count] : summary.outcomes) {
    text += "  " + left(outcome, 20) + std::to_string(count) + "\n";
  }
  for (const std::string& cell : summary.disagreeing) {
    text += "  NOT REPEATABLE: equal runs differ in exact figures: " + cell + "\n";
  }
  return text + "  " + left("folder", 20) + folder + "\n";
}

ExitCode merge(const Invocation& invocation, std::vector<std::string> folders) {
  const std::string& out = invocation.options.text("out");
  if (out.empty() || folders.empty()) {
    throw UsageError("usage: pinlab merge --out=DIR DIR...");
  }
  const SweepSummary summary = merge_sweeps(out, folders);
  invocation.console.out(summary_text(summary, out));
  return summary.code;
}

/// One may be a matrix file.
void refuse_operands(const std::vector<std::string>& operands) {
  if (operands.size() > 1) {
    constexpr std::array<std::string_view, 2> verbs = {"status", "merge"};
    const std::string meant = heap::did_you_mean(operands[0], verbs);
    throw UsageError("there is nothing to do with " +
                     heap::quoted_text(operands[meant.empty() ? 1 : 0]) +
                     (meant.empty() ? "; an axis is written --axis name=values" : meant));
  }
  if (operands.size() == 1 && std::filesystem::is_directory(operands[0])) {
    throw UsageError(operands[0] + " is a folder and no matrix file: --out=" + operands[0] +
                     " goes on with the sweep in it, and pinlab sweep status " + operands[0] +
                     " says how far it is");
  }
}

ExitCode run(const Invocation& invocation) {
  const std::vector<std::string>& operands = invocation.operands;
  if (!operands.empty() && operands[0] == "status") {
    const std::string folder = operands.size() == 2 ? operands[1] : invocation.options.text("out");
    if (folder.empty() || operands.size() > 2) {
      throw UsageError("usage: pinlab sweep status DIR");
    }
    invocation.console.out(status_text(folder));
    return ExitCode::done;
  }
  if (!operands.empty() && operands[0] == "merge") {
    return merge(invocation, {operands.begin() + 1, operands.end()});
  }
  refuse_operands(operands);
  SweepOptions sweep = sweep_options(invocation.options);
  const bool is_dry = invocation.options.flag("dry-run");
  if (sweep.folder.empty() && (!is_dry || says_nothing(invocation))) {
    throw UsageError("--out needs the name of a folder");
  }
  Study study = study_of(invocation, sweep);
  if (is_dry) {
    invocation.console.out(dry_run(study, sweep));
    return ExitCode::done;
  }
  if (invocation.options.word("emit-jobs") != "none") {
    const std::size_t cells = study.cells().size();  // what is wrong is said here, not elsewhere
    if (invocation.options.count("shards") > cells) {
      throw UsageError("--shards: there are only " + human_count(cells, "cell") + " to share out");
    }
    invocation.console.out(jobs_text(study.matrix(), invocation, sweep));
    return ExitCode::done;
  }
  const SweepSummary summary = study.run(sweep, invocation.console);
  invocation.console.out(summary_text(summary, sweep.folder));
  return summary.code;
}

ExitCode run_merge(const Invocation& invocation) {
  return merge(invocation, invocation.operands);
}

}  // namespace

Command sweep_command() {
  return {.name = "sweep",
          .operands = "[MATRIX | status DIR | merge DIR...]",
          .summary = "a matrix of runs, each a process, none lost; goes on where it stopped",
          .lesson = kLesson,
          .options = kOptions,
          .most_operands = 100'000,
          .takes_parameters = true,
          .repeated = kRepeated,
          .run = run};
}

Command merge_command() {
  return {.name = "merge",
          .operands = "--out=DIR DIR...",
          .summary = "joins the shards of one sweep; refuses what does not belong together",
          .lesson =
              "  pinlab merge --out=whole shard-1 shard-2 shard-3\n\n"
              "Shards belong together where matrix and program are the same and no run is in "
              "two of them.\nThe result is the folder that one sweep would have made; "
              "started there, a sweep runs what is missing.\nExit codes as of pinlab "
              "sweep.\n",
          .options = std::span(kOptions).first(1),
          .most_operands = 100'000,
          .run = run_merge};
}

}  // namespace pinlab::harness
