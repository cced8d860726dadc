// One experiment: a workload, a plan, pins. What the program `pinlab run` does, for C++ programs:
//
//   heap::ParameterValues values = harness::resolve({}, {{"heap.max", "64MiB"}, {"pin.share",
//   "1%"}}); const harness::RunResult result = harness::run_experiment(values); std::cout <<
//   result.exact.hostage.peak << '\n';
//
// harness/record.hpp makes the record of a result.
#pragma once

#include "heap/support/parameter.hpp"
#include "workloads/workload.hpp"
#include "harness/figures.hpp"
#include "harness/outcome.hpp"
#include "harness/recorder.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pinlab::harness {

/// How a run ended, and everything it measured.
struct RunResult {
  Outcome outcome = Outcome::completed;
  std::string reason = {};  ///< in one sentence
  bool bad_input = false;   ///< an input file turned out to be wrong on the way
  heap::ParameterValues parameters;
  ExactFigures exact = {};
  TimedFigures timed = {};
  KeptReports collections = {};
  std::vector<SiteFigures> sites = {};
  std::vector<std::string> site_names = {};
  std::vector<collector::HeapMap> heap_maps = {};
  std::optional<SurvivalFigures> survival = {};
  std::optional<std::uint64_t> digest = {};
  std::optional<std::uint64_t> graph_digest = {};
};

/// What comes from outside while it runs.
struct RunControl {
  const StopFlag* stop = nullptr;  ///< the run ends at the pause after it is set
  std::vector<collector::PauseObserver*> listeners = {};
};

class Experiment {
 public:
  /// REQUIRES values of resolve(). Opens and checks input files: throws heap::ParameterError or
  /// workloads::TraceError.
  explicit Experiment(heap::ParameterValues values, RunControl control = {});

  /// Once. Throws collector::OptionsError where the collector refuses the values; everything else
  /// that happens is an outcome.
  [[nodiscard]] RunResult run();

  /// What is known now of a run that does not end, from another thread.
  [[nodiscard]] RunResult abandoned(Outcome outcome, std::string reason) const;

 private:
  struct Ending {
    Outcome outcome = Outcome::completed;
    std::string reason = "the program ran to its end";
    bool bad_input = false;
  };
  struct Probes;
  Ending run_program(workloads::WorkloadContext& context);
  static void judge_boundary(Ending& ending, const workloads::WorkloadContext& context);
  void finish(RunResult& result, workloads::WorkloadContext& context) const;
  static void take_sites(RunResult& result, const workloads::WorkloadContext& context);
  void take_digests(RunResult& result,
                    workloads::WorkloadContext& context,
                    heap::Digest digest) const;

  heap::ParameterValues values_;
  RunControl control_;
  std::unique_ptr<workloads::Workload> workload_;
  Recorder recorder_;
  std::chrono::steady_clock::time_point made_ = std::chrono::steady_clock::now();
};

/// The random numbers of the workload in a run with these values.
[[nodiscard]] heap::Random workload_stream(const heap::ParameterValues& values);

/// Runs it to its end.
[[nodiscard]] RunResult run_experiment(const heap::ParameterValues& values);

}  // namespace pinlab::harness
