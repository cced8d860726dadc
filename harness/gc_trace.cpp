#include "harness/gc_trace.hpp"

#include "harness/human.hpp"

#include <string>

namespace pinlab::harness {

void GcTrace::paused(const collector::PauseReport& report) {
  std::string line = "gc " + std::to_string(report.index) + " ";
  line += collector::kPauseKindNames[static_cast<std::size_t>(report.kind)];
  line += ", " + std::string(collector::kPauseCauseNames[static_cast<std::size_t>(report.cause)]);
  line += " at " + human_bytes(report.clock) + ": " + human_time(report.pause_ns);
  line += ", used " + human_bytes(report.before.used) + " to " + human_bytes(report.after.used);
  line += ", survived " + human_bytes(report.survivor_bytes);
  line += ", moved " + human_bytes(report.copied_bytes + report.moved_bytes);
  line += ", promoted " + human_bytes(report.promoted_bytes);
  if (report.islands > 0) {
    line += ", " + human_count(report.islands, "island");
    line += " in " + human_count(report.blocks_held, "held block");
    line += report.hostage_measured ? ", hostage " + human_bytes(report.hostage) : "";
  }
  console_.err(line + "\n");
}

}  // namespace pinlab::harness
