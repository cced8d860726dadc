#include "heap/support/expects.hpp"
#include "workloads/workload.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

namespace pinlab::workloads {

#define PINLAB_NAMED(name) WorkloadEntry workload_##name();
#include "workloads.inc"
#undef PINLAB_NAMED

namespace {

/// What the program can do is fixed at its start, as its own list is at build time: once the list
/// was read it does not change any more.
struct Registry {
#define PINLAB_NAMED(name) workload_##name(),
  std::vector<WorkloadEntry> entries = {
#include "workloads.inc"
  };
#undef PINLAB_NAMED
  std::atomic<bool> read{false};
};

Registry& registry() {
  static Registry all;
  return all;
}

}  // namespace

std::span<const WorkloadEntry> workloads() {
  Registry& all = registry();
  all.read.store(true, std::memory_order_relaxed);
  return all.entries;
}

void add_workload(const WorkloadEntry& entry) {
  Registry& all = registry();
  EXPECTS(!all.read.load(std::memory_order_relaxed));
  EXPECTS(std::ranges::find(all.entries, entry.name, &WorkloadEntry::name) == all.entries.end());
  all.entries.push_back(entry);
}

}  // namespace pinlab::workloads
