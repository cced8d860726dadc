#include "harness/sweep/sweep.hpp"

#include "heap/support/words.hpp"
#include "harness/human.hpp"
#include "harness/json_input.hpp"
#include "harness/output_file.hpp"
#include "harness/record.hpp"
#include "harness/sweep/event_log.hpp"
#include "harness/sweep/progress.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>

#include <sys/wait.h>
#include <unistd.h>

namespace pinlab::harness {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// How often limits are looked at.
constexpr auto kLook = std::chrono::milliseconds(20);

struct Arm {
  std::string program;
  std::string folder;
  std::unique_ptr<FolderLock> lock = {};
  std::unique_ptr<EventLog> log = {};
  SweepEvents events = {};
};

struct Work {
  std::size_t cell = 0;
  std::uint32_t rep = 1;
  Arm* arm = nullptr;
};

struct Running {
  Work work;
  std::string errors;  ///< the file of its standard error
  std::unique_ptr<Child> child;
};

std::string cell_folder(const Arm& arm, const Cell& cell) {
  return arm.folder + "/cells/" + cell.id;
}

std::string first_complaint(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    return {};
  }
  std::string text = read_file(path);
  text = text.substr(0, text.find('\n'));
  return heap::printable_text(text.starts_with("pinlab: ") ? text.substr(8) : text);
}

/// What an ending says where the run said nothing of itself.
void explain_silence(RepEnd& end, const ChildEnding& ending, const std::string& complaint) {
  const auto say = [&](Outcome outcome, const std::string& reason) {
    end.outcome = name_of(outcome);
    end.reason = reason;
  };
  if (WIFSIGNALED(ending.status)) {
    const int signal = WTERMSIG(ending.status);
    const bool asked = signal == SIGKILL || signal == SIGTERM || signal == SIGINT;
    say(asked ? Outcome::killed : Outcome::crashed,
        "signal " + std::to_string(signal) + " ended the process");
    return;
  }
  switch (WEXITSTATUS(ending.status)) {
    case static_cast<int>(ExitCode::interrupted):
      return say(Outcome::interrupted, "it was asked to end");
    case static_cast<int>(ExitCode::other_outcome):
      return say(Outcome::timeout, "the time was over, and it left no figures");
    case static_cast<int>(ExitCode::our_bug):
      return say(Outcome::crashed, complaint.empty() ? "it crashed" : complaint);
    default:
      return say(Outcome::io_error, complaint.empty() ? "it ended without figures" : complaint);
  }
}

RepEnd end_of(const Work& work,
              const Cell& cell,
              const ChildEnding& ending,
              const std::string& errors,
              const RunLimits& limits) {
  RepEnd end{
      .cell = cell.id,
      .rep = work.rep,
      .outcome = {},
      .reason = {},
      .limit = {},
      .wall = ending.wall,
      .user = ending.user,
      .system = ending.system,
      .peak_memory = ending.peak_memory,
      .exit = static_cast<std::uint64_t>(WIFEXITED(ending.status) ? WEXITSTATUS(ending.status)
                                                                  : 128 + WTERMSIG(ending.status))};
  const std::optional<RunFigures> figures = read_figures(ending.figures);
  if (ending.killed_for) {
    const bool time = *ending.killed_for == Outcome::timeout;
    end.outcome = name_of(*ending.killed_for);
    end.limit = time ? "timeout" : "memory";
    end.reason = time ? "it was killed, since it went on after its time was over"
                      : "it had more than " + std::to_string(limits.memory) + " bytes resident";
  } else if (figures) {
    end.outcome = figures->outcome;
    end.reason = figures->reason;
    end.limit = figures->outcome == "timeout" ? "timeout" : "";
    end.run = figures->run;
  } else {
    explain_silence(end, ending, first_complaint(errors));
  }
  return end;
}

bool is_asked_again(const RepEnd& end, bool retry) {
  const bool failed =
      end.outcome == "timeout" || end.outcome == "crashed" || end.outcome == "killed";
  return !is_settled(end) || (retry && failed);
}

std::string human_cells(std::size_t cells, std::uint32_t reps) {
  return human_count(cells, "cell") + " of " + human_count(reps, "run");
}

std::string human_part(const std::optional<Shard>& shard) {
  return shard ? "part " + std::to_string(shard->index) + "/" + std::to_string(shard->of)
               : "all of it";
}

/// Whether the sweep that is in a folder is the one that is asked for; if not, it is to be extended.
/// Throws UsageError where it may not be gone on with.
bool goes_on(const std::string& folder,
             const ManifestFile& there,
             const ProgramInfo& program,
             const Matrix& matrix,
             const std::vector<Cell>& cells,
             const SweepOptions& options) {
  if (there.program_hash != program.hash) {
    throw UsageError(folder + " was begun by another program (" + there.program_version +
                     "), and figures of two programs do not belong together: take a new folder");
  }
  const bool same_shard = there.shard.has_value() == options.shard.has_value() &&
                          (!there.shard || (there.shard->index == options.shard->index &&
                                            there.shard->of == options.shard->of));
  const bool same_matrix = there.plan == plan_hash(cells, matrix.reps);
  if ((same_matrix && same_shard) || options.extend) {
    return same_matrix && same_shard;
  }
  throw UsageError(folder + (same_matrix ? " holds another part of this sweep (" +
                                               human_part(there.shard) + ", this one is " +
                                               human_part(options.shard) + ")"
                                         : " is of another matrix (" +
                                               human_cells(there.cells.size(), there.reps) +
                                               ", this one has " +
                                               human_cells(cells.size(), matrix.reps) + ")") +
                   ": take a new folder, or say --extend to keep the runs that both have");
}

void require_work(const std::vector<Cell>& cells, const SweepOptions& options) {
  if (options.shard && options.shard->index > cells.size()) {
    throw UsageError(human_part(options.shard) + " of " + human_count(cells.size(), "cell") +
                     " is empty: take as many parts as there are cells, or fewer");
  }
}

class Engine {
 public:
  Engine(const Matrix& matrix,
         const std::vector<Cell>& cells,
         const SweepOptions& options,
         const Console& console)
      : matrix_(matrix), cells_(cells), options_(options), console_(console) {
    require_work(cells, options);
    for (const SweepArm& arm : arms_of(options_)) {
      arms_.push_back({.program = arm.program, .folder = arm.folder});
    }
  }

  SweepSummary run() {
    for (Arm& arm : arms_) {
      open(arm);
    }
    plan();
    const Clock::time_point begin = Clock::now();
    SweepSummary summary;
    {
      SignalFile signals;
      Progress progress(console_, done_before_, done_before_ + work_.size());
      try {
        loop(signals, progress);
      } catch (...) {
        running_.clear();
        progress.finish();
        close("failed");
        throw;
      }
      progress.finish();
      summary.ran = progress.done() - done_before_;
    }
    close(interrupts_ > 0 ? "interrupted" : "done");
    summary.wall = std::chrono::duration<double>(Clock::now() - begin).count();
    summary.in_children = in_children_;
    conclude(summary);
    return summary;
  }

 private:
  /// Locks the folder, reads what is there, and says what is asked now.
  void open(Arm& arm) {
    const ProgramInfo program = program_info(arm.program);  // before there is a folder of it
    make_folder(arm.folder);
    arm.lock = std::make_unique<FolderLock>(arm.folder);
    const std::string path = arm.folder + "/manifest.json";
    if (!fs::exists(path) ||
        !goes_on(arm.folder, read_manifest(path), program, matrix_, cells_, options_)) {
      begin(arm, path, program);
    }
    arm.events = read_events(arm.folder + "/events.jsonl");
    if (arm.events.cut_short) {
      console_.complain(arm.folder + "/events.jsonl: the last line was cut short and is dropped");
    }
    sweep_parts(arm);
    arm.log = std::make_unique<EventLog>(arm.folder + "/events.jsonl", arm.events.length,
                                         arm.events.lines);
    arm.log->append("begin", "\"host\":" + json_text(host_name()) +
                                 ",\"pid\":" + std::to_string(::getpid()) +
                                 ",\"program\":" + json_text(program.version));
    arm.log->sync();
  }

  void begin(const Arm& arm, const std::string& path, const ProgramInfo& program) {
    const Manifest manifest{.matrix = matrix_,
                            .cells = cells_,
                            .limits = options_.limits,
                            .jobs = options_.jobs,
                            .shard = options_.shard,
                            .session = session(),
                            .program = program,
                            .environment = this_environment()};
    write_file(arm.folder + "/matrix.json", matrix_text(matrix_));
    write_file(path, manifest_text(manifest));
  }

  /// Both arms have the same, and no other sweep has it.
  std::string session() {
    if (arms_.size() > 1 && session_.empty()) {
      session_ =
          digest_text(hash_of(host_name() + std::to_string(::getpid()) + utc_milliseconds()));
    }
    return session_;
  }

  /// Removes what runs that were killed left half written.
  static void sweep_parts(const Arm& arm) {
    std::error_code error;
    for (const fs::directory_entry& cell : fs::directory_iterator(arm.folder + "/cells", error)) {
      for (const fs::directory_entry& file : fs::directory_iterator(cell.path(), error)) {
        if (file.path().extension().string().starts_with(".part")) {
          fs::remove(file.path(), error);
        }
      }
    }
  }

  /// What is left to do: each rep of all cells before the next one; two programs as A, B, B, A.
  void plan() {
    const std::vector<std::size_t> order = running_order(matrix_, cells_);
    for (std::uint32_t rep = 1; rep <= matrix_.reps; ++rep) {
      std::size_t turn = rep;
      for (const std::size_t cell : order) {
        if (!is_mine(options_, cell)) {
          continue;
        }
        const bool turned = turn++ % 2 == 0;
        for (std::size_t i = 0; i < arms_.size(); ++i) {
          Arm& arm = arms_[turned ? arms_.size() - 1 - i : i];
          const auto found = arm.events.ends.find({cells_[cell].id, rep});
          if (found == arm.events.ends.end() || is_asked_again(found->second, options_.retry)) {
            work_.push_back({.cell = cell, .rep = rep, .arm = &arm});
          } else {
            ++done_before_;
          }
        }
      }
    }
  }

  void loop(const SignalFile& signals, Progress& progress) {
    std::size_t next = 0;
    while (true) {
      while (interrupts_ == 0 && next < work_.size() && running_.size() < options_.jobs) {
        start(work_[next++]);
      }
      for (Arm& arm : arms_) {
        arm.log->sync();  // while the next run is on its way
      }
      if (running_.empty()) {
        return;
      }
      const Clock::time_point begin = Clock::now();
      if (signals.wait(kLook)) {
        interrupt();
      }
      in_children_ += std::chrono::duration<double>(Clock::now() - begin).count();
      reap(progress);
      progress.tick();
    }
  }

  void start(const Work& work) {
    const Cell& cell = cells_[work.cell];
    const std::string folder = cell_folder(*work.arm, cell);
    make_folder(folder);
    const std::string base = folder + "/r" + std::to_string(work.rep);
    std::vector<std::string> arguments = {work.arm->program, "run"};
    for (const Setting& setting : cell.settings) {
      arguments.push_back("--" + setting.name + "=" + setting.text);
    }
    arguments.push_back("--out=" + base + ".json");
    arguments.emplace_back("--figures=/dev/fd/3");
    if (options_.limits.timeout > 0) {
      arguments.push_back("--timeout=" + std::to_string(options_.limits.timeout) + "ns");
    }
    work.arm->log->append(
        "rep_start", "\"cell\":" + json_text(cell.id) + ",\"rep\":" + std::to_string(work.rep));
    const std::string errors = base + ".stderr";
    running_.push_back({.work = work,
                        .errors = errors,
                        .child = std::make_unique<Child>(arguments, errors, options_.limits)});
  }

  /// The first time runs end at their next pause; the second time, at once.
  void interrupt() {
    ++interrupts_;
    for (const Running& running : running_) {
      running.child->send(interrupts_ > 1 ? SIGKILL : SIGINT);
    }
  }

  void reap(Progress& progress) {
    for (std::size_t i = 0; i < running_.size();) {
      const std::optional<ChildEnding> ending = running_[i].child->poll();
      if (!ending) {
        ++i;
        continue;
      }
      const Running ended = std::move(running_[i]);
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      take(ended, *ending, progress);
    }
  }

  void take(const Running& ended, const ChildEnding& ending, Progress& progress) {
    const Cell& cell = cells_[ended.work.cell];
    const bool refused =
        WIFEXITED(ending.status) && WEXITSTATUS(ending.status) == static_cast<int>(ExitCode::usage);
    RepEnd end = end_of(ended.work, cell, ending, ended.errors, options_.limits);
    if (interrupts_ > 0 && end.outcome == "killed") {  // before it could listen, or the second time
      end.outcome = name_of(Outcome::interrupted);
      end.reason = "the user asked for the end";
    }
    ended.work.arm->log->append("rep_end", fields_of(end));
    std::error_code error;
    if (fs::file_size(ended.errors, error) == 0) {
      fs::remove(ended.errors, error);
    }
    progress.ended(end.outcome, end.wall, label_of(cell) + run_text(ended.work));
    ended.work.arm->events.ends[{end.cell, end.rep}] = end;
    if (refused) {
      throw UsageError("the cell " + label_of(cell) + " cannot be: " + end.reason);
    }
    if (end.outcome == name_of(Outcome::io_error)) {
      throw_io(end, cell);
    }
  }

  /// A disk that is full, or an input that is gone, is so for the other cells too.
  [[noreturn]] void throw_io(const RepEnd& end, const Cell& cell) const {
    const std::string text = options_.folder + ": the run of " + label_of(cell) +
                             " failed: " + end.reason +
                             "; started again, the sweep goes on from here";
    if (end.exit == static_cast<std::uint64_t>(ExitCode::bad_input)) {
      throw InputError(text);
    }
    throw IoError(text);
  }

  [[nodiscard]] std::string run_text(const Work& work) const {
    std::string text;
    if (matrix_.reps > 1) {
      text += " run " + std::to_string(work.rep);
    }
    if (arms_.size() > 1) {
      text += work.arm == &arms_.front() ? " (base)" : " (new)";
    }
    return text;
  }

  void close(const char* why) noexcept {
    for (Arm& arm : arms_) {
      try {
        arm.log->append("end", std::string("\"why\":\"") + why + "\"");
        arm.log->sync();
      } catch (const IoError&) {
        // What failed was said, or is said by whoever called.
      }
    }
  }

  void conclude(SweepSummary& summary) {
    for (const Arm& arm : arms_) {
      const ExactResults results = derive_results(arm.folder);
      for (const std::string& cell : results.disagreeing) {
        summary.disagreeing.push_back(arms_.size() > 1 ? arm.folder + ": " + cell : cell);
      }
      for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
        for (std::uint32_t rep = 1; is_mine(options_, cell) && rep <= matrix_.reps; ++rep) {
          ++summary.total;
          const auto found = arm.events.ends.find({cells_[cell].id, rep});
          if (found != arm.events.ends.end()) {
            ++summary.outcomes[found->second.outcome];
            summary.done += is_settled(found->second) ? 1U : 0U;
          }
        }
      }
    }
    summary.interrupted = interrupts_ > 0;
    summary.code = summary.interrupted
                       ? ExitCode::interrupted
                       : exit_code_of(summary.outcomes, !summary.disagreeing.empty(),
                                      summary.done == summary.total);
  }

  const Matrix& matrix_;
  const std::vector<Cell>& cells_;
  const SweepOptions& options_;
  const Console& console_;
  std::vector<Arm> arms_;
  std::vector<Work> work_;
  std::vector<Running> running_;
  std::string session_;
  std::size_t done_before_ = 0;
  int interrupts_ = 0;
  double in_children_ = 0;
};

/// What a program says to --version, on one line.
std::string version_of(const std::string& path) {
  std::string quoted = "'";
  for (const char c : path) {
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(
      ::popen((quoted + "' --version 2>/dev/null").c_str(), "re"), &::pclose);
  std::array<char, 512> line{};
  if (pipe == nullptr || std::fgets(line.data(), line.size(), pipe.get()) == nullptr) {
    throw IoError(path + ": it cannot be run, or is no pinlab");
  }
  std::string text(line.data());
  text.erase(text.find_last_not_of('\n') + 1);
  if (!text.starts_with("pinlab ")) {
    throw UsageError(path + " is no pinlab: --version says " + heap::quoted_text(text));
  }
  return heap::printable_text(text);
}

}  // namespace

ProgramInfo program_info(const std::string& path) {
  std::error_code error;
  const bool is_self = path == "/proc/self/exe";
  const fs::path shown = is_self ? fs::read_symlink(path, error) : fs::absolute(path, error);
  return {.path = shown.string(),
          .hash = digest_text(hash_of(read_file(path))),
          .version = is_self ? version_line() : version_of(path)};
}

void make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    throw IoError(path + ": the folder cannot be made: " + error.message());
  }
}

void write_file(const std::string& path, std::string_view text) {
  OutputFile(path).commit(text);
}

ExactResults derive_results(const std::string& folder) {
  const ManifestFile manifest = read_manifest(folder + "/manifest.json");
  const SweepEvents events = read_events(folder + "/events.jsonl");
  ExactResults results = exact_results(manifest, events);
  write_file(folder + "/exact.json", results.text);
  write_file(folder + "/results.csv", table_of(manifest, events).csv());
  return results;
}

ExitCode exit_code_of(const std::map<std::string, std::size_t>& outcomes,
                      bool disagreeing,
                      bool complete) {
  ExitCode code = complete ? ExitCode::done : ExitCode::other_outcome;
  constexpr std::array order = {ExitCode::our_bug, ExitCode::io_failed, ExitCode::other_outcome};
  for (const ExitCode candidate : order) {
    for (const auto& [name, count] : outcomes) {
      const auto found = std::ranges::find(kOutcomeNames, name);
      const auto outcome = static_cast<Outcome>(found - kOutcomeNames.begin());
      const bool is_graver = found != kOutcomeNames.end() && exit_code_of(outcome) == candidate;
      if (is_graver || (candidate == ExitCode::our_bug && disagreeing)) {
        return candidate;
      }
    }
  }
  return code;
}

std::vector<SweepArm> arms_of(const SweepOptions& options) {
  if (options.against.empty()) {
    return {{options.program, options.folder}};
  }
  return {{options.against, options.folder + "/base"}, {options.program, options.folder + "/new"}};
}

bool is_mine(const SweepOptions& options, std::size_t cell) {
  return !options.shard || cell % options.shard->of == options.shard->index - 1;
}

void check_sweep(const Matrix& matrix,
                 const std::vector<Cell>& cells,
                 const SweepOptions& options) {
  require_work(cells, options);
  if (options.folder.empty()) {
    return;
  }
  for (const SweepArm& arm : arms_of(options)) {
    const std::string path = arm.folder + "/manifest.json";
    if (fs::exists(path)) {
      static_cast<void>(goes_on(arm.folder, read_manifest(path), program_info(arm.program), matrix,
                                cells, options));
    }
  }
}

SweepSummary run_sweep(const Matrix& matrix,
                       const std::vector<Cell>& cells,
                       const SweepOptions& options,
                       const Console& console) {
  return Engine(matrix, cells, options, console).run();
}

}  // namespace pinlab::harness
