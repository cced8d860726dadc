// The pin profile of a run, for `go tool pprof`: a gzipped protocol buffer of profile.proto
// (github.com/google/pprof/proto). One sample for each pin site; its frames are the call stack,
// where the workload knows it, else the site's name.
#pragma once

#include "harness/experiment.hpp"

#include <string>

namespace pinlab::harness {

/// Of each sample three values: pins and the bytes that they pinned (made in the run; of pins that
/// the program makes itself, the most that a full collection saw), and hostage byte-time in KiB x
/// KiB, 0 where the site was never measured. The same bytes for the same figures.
[[nodiscard]] std::string pprof_profile(const RunResult& result);

}  // namespace pinlab::harness
