// The listener that keeps what a run's record is made of.
//
// Invariants: (1) what it holds is whole between two pauses, and may then be read from any thread;
// (2) the digest of collections takes in every exact figure of every pause, but none that a
// parameter `record.*` switches: hostage figures, pin sites and pin ages.
#pragma once

#include "heap/support/digest.hpp"
#include "pinning/pin_registry.hpp"
#include "collector/heap_map.hpp"
#include "collector/pause.hpp"
#include "harness/figures.hpp"
#include "harness/kept_reports.hpp"
#include "harness/outcome.hpp"

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace pinlab::harness {

/// Why a run should end before its program does.
enum class StopReason : std::uint8_t { none, timeout, interrupted };
using StopFlag = std::atomic<StopReason>;

/// Thrown out of a pause, through the program, to end the run.
struct RunStopped : std::runtime_error {
  RunStopped(Outcome how, const std::string& why) : std::runtime_error(why), outcome(how) {}
  Outcome outcome;
};

/// What was recorded so far.
struct Recording {
  ExactFigures exact;
  TimedFigures timed;
  KeptReports collections;                    ///< empty where they are not kept
  std::vector<SiteFigures> sites;             ///< by site, where a full collection measured it
  std::vector<std::string> site_names;        ///< by site
  std::vector<collector::HeapMap> heap_maps;  ///< as far as record.heap_map asks for them
  std::optional<SurvivalFigures> survival;    ///< where record.survival asks for it
  std::uint64_t clock = 0;                    ///< of the last pause
  std::uint64_t hostage_since = 0;            ///< clock of the last full collection
  heap::Digest digest;
};

class Recorder final : public collector::PauseObserver {
 public:
  enum class Keep : std::uint8_t { all, sums };

  /// `stop` may be null.
  Recorder(Keep keep, const StopFlag* stop) : keep_(keep), stop_(stop) {}

  /// Before the first pause; the registry must outlive the last one.
  void watch(const pinning::PinRegistry& pins) { pins_ = &pins; }
  /// Throws RunStopped where the run was asked to end.
  void paused(const collector::PauseReport& report) override;
  /// One more map, and the positions of maps that make room for it.
  void keep_map(collector::HeapMap map, const std::vector<std::size_t>& dropped);
  void keep_survival(const SurvivalFigures& survival);
  /// What a listener took after the last pause: it is no part of the program's time.
  void measured(std::chrono::nanoseconds spent);

  /// What is recorded, with step functions drawn out to `clock` bytes allocated.
  [[nodiscard]] Recording recording(std::uint64_t clock) const;
  /// The same, up to the last pause, for another thread; nothing where a pause does not end.
  [[nodiscard]] bool try_recording(Recording& recording) const;

 private:
  void add(const collector::PauseReport& report);
  void add_full(const collector::PauseReport& report);
  void add_sites(const collector::PauseReport& report);
  void add_times(const collector::PauseReport& report);
  static void draw_out(Recording& recording, std::uint64_t clock);

  Keep keep_;
  const StopFlag* stop_;
  const pinning::PinRegistry* pins_ = nullptr;
  mutable std::timed_mutex mutex_;
  Recording recording_;
};

}  // namespace pinlab::harness
