// The pin profile of a run, for `go tool pprof`: a gzipped protocol buffer of profile.proto
// (github.com/google/pprof/proto). One sample for each pin site; its frames are the call stack,
// where the workload knows it, else the site's name.
#pragma once

#include "harness/experiment.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::harness {

/// What one pin site's sample is made of.
struct PinSample {
  std::string_view name;
  std::string_view stack;  ///< "inner < outer", or empty
  /// Made in the run; of pins that the program makes itself, the most that a full collection saw.
  std::uint64_t pins = 0;
  std::uint64_t bytes = 0;             ///< that these pinned
  std::int64_t hostage_byte_time = 0;  ///< KiB x KiB; 0 where the site was never measured
  std::uint64_t oldest = 0;            ///< collections since the oldest pin that is left
};

struct PinProfile {
  std::string_view shape;
  std::uint64_t duration_ns = 0;
  std::vector<PinSample> samples;
};

/// Refers to the result's names.
[[nodiscard]] PinProfile pin_profile(const RunResult& result);

/// Of each sample three values: pins, bytes and hostage byte-time. The same bytes for the same
/// figures.
[[nodiscard]] std::string pprof_text(const PinProfile& profile);

}  // namespace pinlab::harness
