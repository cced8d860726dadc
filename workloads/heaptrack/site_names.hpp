// Gives the call stacks of a raw trace the names that an interpreted trace knows.
// Invariant: a name is given only where module and offset agree; what does not agree stays unnamed.
#pragma once

#include "workloads/heaptrack/call_stacks.hpp"

namespace pinlab::workloads {

/// Names the locations of `raw` from `named`, recorded from the same program, in this run or
/// another. Returns how many locations got functions. REQUIRES that raw's addresses are module
/// offsets and named's are addresses of a run.
///
/// Stack indices are of no use: two runs number their stacks differently (only the two forms of one
/// run agree). Addresses are of use: a module's load address plus an offset that is the same in
/// every run. The interpreted form does not tell the load address, so it is taken to be the one
/// under which most of the module's offsets in `raw` are addresses in `named`: at least half of
/// those tried, and more than under any other. Load addresses are multiples of a page, 4096 bytes.
std::size_t name_from(CallStacks& raw, const CallStacks& named);

}  // namespace pinlab::workloads
