#include "harness/session.hpp"

#include "harness/crash_guard.hpp"
#include "harness/environment.hpp"
#include "harness/external_command.hpp"
#include "harness/gc_trace.hpp"
#include "harness/live_view.hpp"
#include "harness/output_file.hpp"
#include "harness/pprof.hpp"
#include "harness/record.hpp"
#include "harness/watchdog.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include <unistd.h>

namespace pinlab::harness {

namespace {

using heap::ParameterType;

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "out",
     .type = ParameterType::text,
     .default_text = "",
     .summary = "write the record there; - is standard output"},
    {.name = "figures",
     .type = ParameterType::text,
     .default_text = "",
     .summary = "write outcome, sums and digests there, as one line of JSON"},
    {.name = "pprof",
     .type = ParameterType::text,
     .default_text = "",
     .summary = "write the profile of pin sites there, for go tool pprof"},
    {.name = "trace-events",
     .type = ParameterType::text,
     .default_text = "",
     .summary = "write Chrome trace events there, for ui.perfetto.dev"},
    {.name = "csv",
     .type = ParameterType::text,
     .default_text = "",
     .summary = "write a table of one row there: every parameter and every sum"},
    {.name = "timeout",
     .type = ParameterType::time,
     .default_text = "0s",
     .summary = "end the run after this time, with the outcome timeout; 0s: never",
     .least = 0},
    {.name = "gctrace",
     .type = ParameterType::flag,
     .default_text = "false",
     .summary = "a line on standard error for each collection"},
    {.name = "live",
     .type = ParameterType::flag,
     .default_text = "false",
     .summary = "draw the heap, hostage bytes and pauses in the terminal while it runs"},
});

/// The formats that pinlab export writes: it makes them of the record.
class Exports {
 public:
  /// Probes the files. Throws UsageError where the run could have nothing to write there.
  Exports(const SessionOptions& options, const heap::ParameterValues& values)
      : source_("--source=" + (options.out.empty() || options.out == "-" ? "run" : options.out)) {
    if (!options.trace_events.empty()) {
      if (values.word("record.collections") != "all") {
        throw UsageError("--trace-events is of every collection: it needs record.collections=all");
      }
      trace_events_ = std::make_unique<OutputFile>(options.trace_events);
    }
    if (!options.csv.empty()) {
      csv_ = std::make_unique<OutputFile>(options.csv);
    }
  }

  void write(const Session& session) const {
    if (!trace_events_ && !csv_) {
      return;
    }
    const std::string record = record_text(session.result, session.environment);
    write(csv_.get(), "--format=csv", record);
    write(trace_events_.get(), "--format=trace-events", record);
  }

 private:
  void write(OutputFile* file, std::string_view format, const std::string& record) const {
    if (file != nullptr) {
      file->commit(output_of_external_command(
          std::array<std::string_view, 3>{"export", format, source_}, record));
    }
  }

  std::string source_;
  std::unique_ptr<OutputFile> trace_events_;
  std::unique_ptr<OutputFile> csv_;
};

/// The end of a run that does not come to a pause. Does not return.
class Abandon {
 public:
  Abandon(const Experiment& experiment,
          const heap::ParameterValues& values,
          OutputFile* output,
          OutputFile* figures,
          const Environment& environment,
          const Console& console)
      : experiment_(experiment),
        values_(values),
        output_(output),
        figures_(figures),
        environment_(environment),
        console_(console) {}

  void operator()(const Watchdog::Request& request) const {
    const bool timeout = request.reason == StopReason::timeout;
    const Outcome outcome = timeout ? Outcome::timeout : Outcome::interrupted;
    const std::string reason =
        std::string(timeout ? "the time that --timeout allows was over"
                            : "the user asked it to end") +
        (request.asked_again ? ", and asked again before the program came to a pause; "
                             : ", and the program came to no pause in two seconds; ");
    if (request.needs_little) {
      end_without_figures(outcome, reason + "there was no memory to write what was known");
    }
    const RunResult result =
        experiment_.abandoned(outcome, reason + "the record holds what was known at the last one");
    console_.complain(std::string(name_of(outcome)) + ": " + result.reason);
    bool is_written = true;
    if (output_ != nullptr) {
      write_record(*output_, result, environment_);
      is_written = output_->try_commit();
    }
    if (figures_ != nullptr) {
      static_cast<void>(figures_->try_commit(figures_text(result)));
    }
    end(outcome, is_written);
  }

 private:
  [[noreturn]] void end_without_figures(Outcome outcome, const std::string& reason) const {
    console_.complain(std::string(name_of(outcome)) + ": " + reason);
    bool is_written = true;
    if (output_ != nullptr) {
      output_->start_again();  // where it ran out of memory over the record
      is_written =
          output_->try_commit(record_without_figures(values_, environment_, outcome, reason));
    }
    end(outcome, is_written);
  }

  [[noreturn]] void end(Outcome outcome, bool is_written) const {
    ExitCode code = exit_code_of(outcome);
    if (!is_written) {
      console_.complain(output_->path() + ": writing failed");
      code = code == ExitCode::interrupted ? code : ExitCode::io_failed;
    }
    _exit(static_cast<int>(code));
  }

  const Experiment& experiment_;
  const heap::ParameterValues& values_;
  OutputFile* output_;
  OutputFile* figures_;
  const Environment& environment_;
  const Console& console_;
};

}  // namespace

namespace {

/// The last to be written would be all that is left. Devices and pipes may take several.
void refuse_one_file_twice(std::span<const std::string_view> files) {
  namespace fs = std::filesystem;
  std::vector<fs::path> seen;
  for (const std::string_view file : files) {
    std::error_code error;
    const fs::path path = fs::weakly_canonical(file, error);
    const bool is_other = fs::exists(path, error) && !fs::is_regular_file(path, error);
    if (file.empty() || file == "-" || is_other) {
      continue;
    }
    if (std::ranges::count(seen, path) > 0) {
      throw UsageError(std::string(file) + " is to be written twice: give each of --out, " +
                       "--figures, --pprof, --trace-events and --csv a file of its own");
    }
    seen.push_back(path);
  }
}

}  // namespace

std::span<const heap::Parameter> session_parameters() {
  return kParameters;
}

SessionOptions session_options(const heap::ParameterValues& options) {
  SessionOptions session{.out = output_name(options, "out"),
                         .figures = output_name(options, "figures"),
                         .pprof = output_name(options, "pprof"),
                         .trace_events = output_name(options, "trace-events"),
                         .csv = output_name(options, "csv"),
                         .timeout = {},
                         .gctrace = options.flag("gctrace"),
                         .live = options.flag("live")};
  if (session.live && session.gctrace) {
    throw UsageError("--live and --gctrace both write to the terminal: take one of them");
  }
  if (options.time("timeout") > 0) {
    session.timeout = options.time("timeout");
  }
  if (std::ranges::count(session.files(), "-") > 1) {
    throw UsageError("only one of --out, --figures, --pprof, --trace-events and --csv can be -");
  }
  refuse_one_file_twice(session.files());
  return session;
}

std::array<std::string_view, 5> SessionOptions::files() const {
  return {out, figures, pprof, trace_events, csv};
}

bool SessionOptions::uses_standard_output() const {
  return std::ranges::count(files(), "-") > 0;
}

Session run_session(const heap::ParameterValues& values,
                    const SessionOptions& options,
                    const Console& console) {
  std::optional<LiveView> view;
  if (options.live) {
    view.emplace(console, values.size("heap.max"));
  }
  std::optional<OutputFile> output;
  if (!options.out.empty()) {
    output.emplace(options.out);
  }
  OutputFile* const target = output ? &*output : nullptr;
  std::optional<OutputFile> figures;
  if (!options.figures.empty()) {
    figures.emplace(options.figures);
  }
  OutputFile* const line = figures ? &*figures : nullptr;
  std::optional<OutputFile> profile;
  if (!options.pprof.empty()) {
    profile.emplace(options.pprof);
  }
  const Exports exports(options, values);
  const Environment environment = this_environment();
  StopFlag stop{StopReason::none};
  GcTrace trace(console);
  RunControl control{.stop = &stop, .listeners = {}};
  if (options.gctrace) {
    control.listeners.push_back(&trace);
  }
  if (view) {
    control.listeners.push_back(&*view);
  }
  Experiment experiment(values, control);
  const auto run = [&] {
    const CrashGuard guard(
        target, record_without_figures(values, environment, Outcome::crashed,
                                       "a signal ended the process; see standard error"));
    const Watchdog watchdog(options.timeout, stop,
                            Abandon(experiment, values, target, line, environment, console));
    return experiment.run();
  };
  Session session{.result = run(), .environment = environment};
  view.reset();  // its last picture stands above the summary
  if (target != nullptr) {
    write_record(*target, session.result, environment);
    target->commit();
  }
  if (line != nullptr) {
    line->commit(figures_text(session.result));
  }
  if (profile) {
    profile->commit(pprof_text(pin_profile(session.result)));
  }
  exports.write(session);
  return session;
}

ExitCode exit_code_of(const RunResult& result) {
  return result.bad_input ? ExitCode::bad_input : exit_code_of(result.outcome);
}

}  // namespace pinlab::harness
