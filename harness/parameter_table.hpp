// The table of parameters: what a run may be told. The command line, configuration files, `pinlab
// list parameters` and the record's schema come from it; a workload adds its own, named workload.*.
#pragma once

#include "heap/support/parameter.hpp"
#include "workloads/workload.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace pinlab::harness {

/// The parameters of every run, in the order in which records show them.
[[nodiscard]] std::span<const heap::Parameter> base_parameters();

/// The base parameters and those of one workload, behind `workload`.
[[nodiscard]] std::vector<heap::Parameter> parameters_with(
    const workloads::WorkloadEntry& workload);

/// The workload called `name`. Throws heap::ParameterError with the nearest one.
[[nodiscard]] const workloads::WorkloadEntry& workload_called(std::string_view name);

}  // namespace pinlab::harness
