// The timer that is a phase's first line: its scope is the phase.
#pragma once

#include "collector/pause.hpp"

#include <chrono>

namespace pinlab::collector {

class PhaseTimer {
 public:
  PhaseTimer(PauseReport& report, PausePhase phase)
      : total_(report.phase_ns[static_cast<std::size_t>(phase)]),
        start_(std::chrono::steady_clock::now()) {}
  PhaseTimer(const PhaseTimer&) = delete;
  PhaseTimer& operator=(const PhaseTimer&) = delete;
  ~PhaseTimer() {
    const auto spent = std::chrono::steady_clock::now() - start_;
    total_ += static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(spent).count());
  }

 private:
  std::uint64_t& total_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace pinlab::collector
