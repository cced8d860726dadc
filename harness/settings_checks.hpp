// What makes no sense together, or would be looked at by nobody, is refused with a sentence.
#pragma once

#include "heap/support/parameter.hpp"
#include "workloads/workload.hpp"

namespace pinlab::harness {

/// `values` are complete. Throws heap::ParameterError or collector::OptionsError.
void check_together(const heap::ParameterValues& values, const workloads::WorkloadEntry& workload);

}  // namespace pinlab::harness
