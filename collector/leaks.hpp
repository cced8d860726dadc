// Pin sets that nothing reaches any more: the end of their pins, what these cost, and the report.
#pragma once

#include "collector/mark.hpp"

namespace pinlab::collector {

/// Ends the sets that marking did not reach, and reports those with pins in them as leaks, with
/// what the first few (options.measure_sites) hold hostage: the bytes in use after this collection
/// had their pins held on, less those without, both planned. REQUIRES whole live bits.
void end_unreached_sets(Generations& generations,
                        const LiveSet& live,
                        CompactEffort effort,
                        PauseReport& report);

}  // namespace pinlab::collector
