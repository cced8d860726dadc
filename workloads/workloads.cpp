#include "workloads/workload.hpp"

#include <array>
#include <span>

namespace pinlab::workloads {

#define PINLAB_NAMED(name) WorkloadEntry workload_##name();
#include "workloads.inc"
#undef PINLAB_NAMED

std::span<const WorkloadEntry> workloads() {
#define PINLAB_NAMED(name) workload_##name(),
  static const auto entries = std::to_array<WorkloadEntry>({
#include "workloads.inc"
  });
#undef PINLAB_NAMED
  return entries;
}

}  // namespace pinlab::workloads
