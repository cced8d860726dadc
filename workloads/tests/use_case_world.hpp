// Use cases, small: run on a heap of their own with every check that there is.
#pragma once

#include "workloads/tests/world.hpp"
#include "workloads/workload.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::workloads::tests {

using Settings = std::map<std::string, std::string>;

/// The use cases of pins that are made of operations.
[[nodiscard]] inline std::vector<WorkloadEntry> use_cases() {
  std::vector<WorkloadEntry> entries;
  for (const WorkloadEntry& entry : workloads()) {
    if (std::ranges::any_of(entry.parameters, [](const heap::Parameter& parameter) {
          return parameter.name == "workload.lifetime";
        })) {
      entries.push_back(entry);
    }
  }
  return entries;
}

[[nodiscard]] inline bool has(const WorkloadEntry& entry, std::string_view name) {
  return std::ranges::find(entry.parameters, name, &heap::Parameter::name) !=
         entry.parameters.end();
}

struct UseCaseEnding {
  std::uint64_t digest = 0;
  pinning::PinCounts pins = {};
  std::uint64_t held = 0;
  std::uint64_t peak = 0;  ///< pins at a time
  std::uint64_t alive_by_pin_alone = 0;
  std::uint64_t moved = 0;
  std::uint64_t leaks = 0;
  std::uint64_t allocated = 0;  ///< bytes, by a run of one thread
  LimitFigures limit = {};
};

/// What collections say.
class Sums final : public collector::PauseObserver {
 public:
  void paused(const collector::PauseReport& report) override {
    alive_by_pin_alone += report.alive_by_pin_alone;
    moved += report.copied_bytes + report.moved_bytes;
  }
  std::uint64_t alive_by_pin_alone = 0;
  std::uint64_t moved = 0;
};

inline collector::Options use_case_heap() {
  collector::Options options = small_options();
  options.nursery_size = std::uint64_t{256} << 10U;
  options.verify = collector::VerifyLevel::full;
  return options;
}

/// Small unless `settings` say otherwise.
[[nodiscard]] inline UseCaseEnding run_use_case(
    const WorkloadEntry& entry,
    const Settings& settings,
    const PinPressureOptions& pressure = {},
    const collector::Options& options = use_case_heap()) {
  std::vector<heap::Parameter> table(entry.parameters.begin(), entry.parameters.end());
  table.push_back({.name = "mutator.threads", .default_text = "1", .summary = ""});
  table.push_back({.name = "seed", .default_text = "1", .summary = ""});
  heap::ParameterValues values(table);
  Settings all = {{"workload.live", "256KiB"}};
  if (has(entry, "workload.operations")) {
    all["workload.bytes_per_second"] = "64MiB";
    all["workload.operations"] = "60";
  }
  if (has(entry, "workload.lookups")) {
    all["workload.lookups"] = "200";
  }
  if (has(entry, "workload.frame_bytes")) {
    all["workload.frame_bytes"] = "100KiB";
    all["workload.lasts"] = "500us";
    all["workload.operations"] = "20";
  }
  for (const auto& [name, text] : settings) {
    all[name] = text;
  }
  for (const auto& [name, text] : all) {
    values.set(name, text);
  }
  const std::unique_ptr<Workload> workload = entry.make(values);
  World world(options);
  UseCaseEnding ending;
  world.runtime.pins().set_leak_handler([&](const pinning::PinLeak&) { ++ending.leaks; });
  Sums sums;
  world.runtime.add_observer(sums);
  {
    PinPressure pins(world.runtime, pressure);
    WorkloadContext context{.runtime = world.runtime,
                            .mutator = *world.mutator,
                            .pins = pins,
                            .random = heap::Random(1)};
    workload->run(context);
    world.runtime.verify(*world.mutator, collector::VerifyLevel::full);
    ending.digest = world.runtime.heap_digest(*world.mutator);
    ending.held = world.runtime.pins().held();
    ending.peak = pins.peak();
    ending.limit = pins.limit_figures();
    ending.allocated = world.mutator->clock();
  }
  ending.pins = world.runtime.pins().counts();
  ending.alive_by_pin_alone = sums.alive_by_pin_alone;
  ending.moved = sums.moved;
  return ending;
}

}  // namespace pinlab::workloads::tests
