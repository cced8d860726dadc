#include "harness/summary_text.hpp"

#include "harness/human.hpp"
#include "harness/pause_times.hpp"
#include "harness/record.hpp"

#include <algorithm>
#include <vector>

namespace pinlab::harness {

namespace {

std::string line(std::string_view name, const std::string& text) {
  return "  " + left(name, 15) + text + "\n";
}

std::string collections_text(const ExactFigures& exact) {
  return std::to_string(exact.collections[0]) + " young, " + std::to_string(exact.collections[1]) +
         " full; of " + human_bytes(exact.allocated) + " allocated, " +
         human_bytes(exact.promoted_bytes) + " were promoted and " +
         human_bytes(exact.copied_bytes + exact.compacted_bytes) + " moved";
}

std::string space_text(const ExactFigures& exact) {
  std::string text = "used peak " + human_bytes(exact.used_peak) + ", committed peak " +
                     human_bytes(exact.committed_peak);
  const std::uint64_t live =
      exact.program_live_peak > 0 ? exact.program_live_peak : exact.live.peak;
  if (live > 0) {
    text += ", " + human_ratio(parts_per_million(exact.used_peak, live)) + " times the most live";
  }
  return text;
}

std::string pauses_text(const TimedFigures& timed, collector::PauseKind kind) {
  std::vector<std::uint64_t> lengths;
  for (const PauseSpan& pause : timed.pauses) {
    if (pause.kind == kind) {
      lengths.push_back(pause.length);
    }
  }
  const Percentiles times = percentiles_of(std::move(lengths));
  return times.count == 0
             ? "none"
             : human_time(times.p50) + " p50, " + human_time(times.p99) + " p99, " +
                   human_time(times.max) + " max, " + human_time(times.total) + " in all";
}

std::string utilisation_text(const TimedFigures& timed) {
  const std::uint64_t program = timed.total - std::min(timed.total, timed.measuring);
  const auto utilisation = [&](std::uint64_t window) {
    return human_share(minimum_utilisation(timed.pauses, program, window));
  };
  return "at least " + utilisation(1'000'000) + " of any 1 ms is the program's, " +
         utilisation(10'000'000) + " of 10 ms, " + utilisation(100'000'000) + " of 100 ms";
}

std::string pins_text(const ExactFigures& exact) {
  std::string text = human_count(exact.pins.made, "pin") + " made, " +
                     std::to_string(exact.pins_held) + " held at the end, at most " +
                     std::to_string(exact.pins_peak) + " (" + human_bytes(exact.pins_peak_bytes) +
                     ")";
  if (exact.pins.leaked > 0) {
    text += ", " + std::to_string(exact.pins.leaked) + " leaked";
  }
  return text;
}

std::string boundary_text(const pinning::BoundaryFigures& boundary) {
  const auto byte_time = [](heap::Wide sum) {
    return human_byte_time(kib_squared(static_cast<SignedWide>(sum)));
  };
  std::string text = std::to_string(boundary.stored) +
                     " times an address was given to foreign code, needed for " +
                     byte_time(boundary.need) + ", exposed for " + byte_time(boundary.exposure) +
                     ", pinned too long for " + byte_time(boundary.overhang);
  if (boundary.violations() > 0) {
    text += "; " + std::to_string(boundary.moved) + " moved, " + std::to_string(boundary.freed) +
            " freed under it, " + std::to_string(boundary.bad_reads) + " of " +
            std::to_string(boundary.reads) + " reads" + " wrong";
  }
  return text;
}

std::string hostage_text(const ExactFigures& exact) {
  return human_bytes(exact.hostage.last) + " at the last full collection, at most " +
         human_bytes(exact.hostage.peak) + ", " +
         human_byte_time(kib_squared(exact.hostage_byte_time)) + " over time; held " +
         human_bytes(exact.held.last);
}

std::string fragmentation_text(const collector::Census& census) {
  if (census.free == 0) {
    return "nothing is free";
  }
  std::string text =
      "external " +
      human_share(parts_per_million(census.free - census.largest_free_run, census.free)) +
      "; unusable";
  for (std::size_t i = 0; i < collector::kRequestSizes.size(); ++i) {
    text += (i == 0 ? " " : ", ") +
            human_share(parts_per_million(census.free - census.in_runs_of[i], census.free)) +
            " for " + human_bytes(collector::kRequestSizes[i]);
  }
  return text;
}

std::string space_lines(const ExactFigures& exact) {
  std::string text;
  if (exact.last_full) {
    text += line("live", human_bytes(exact.live.last) + " at the last full collection, at most " +
                             human_bytes(exact.live.peak));
  }
  text += line("space", space_text(exact));
  if (exact.last_full) {
    text += line("fragmentation", fragmentation_text(*exact.last_full));
  }
  if (exact.pins.made > 0) {
    text += line("pins", pins_text(exact));
  }
  if (exact.boundary.stored > 0) {
    text += line("boundary", boundary_text(exact.boundary));
  }
  if (exact.pins.made > 0 && exact.hostage_measured) {
    text += line("hostage", hostage_text(exact));
  }
  return text;
}

}  // namespace

std::string summary_text(const RunResult& result, const Console& console) {
  const heap::ParameterValues& values = result.parameters;
  std::string text = console.heading(name_of(result.outcome)) + ": " + result.reason + "\n";
  text += line("experiment", values.canonical("workload") + " under " + values.canonical("plan") +
                                 " in " + values.canonical("heap.max") + ", seed " +
                                 values.canonical("seed"));
  text += line("collections", collections_text(result.exact));
  text += space_lines(result.exact);
  text += line("time", human_time(result.timed.total) + ", of it " +
                           human_time(result.timed.measuring) + " measuring");
  text += line("young pauses", pauses_text(result.timed, collector::PauseKind::young));
  text += line("full pauses", pauses_text(result.timed, collector::PauseKind::full));
  text += line("utilisation", utilisation_text(result.timed));
  if (result.digest) {
    text += line(
        "digest",
        digest_text(*result.digest) +
            (result.graph_digest ? ", of the graph " + digest_text(*result.graph_digest) : "") +
            (values.word("record.digest") == "sampled" ? ", of a sample" : ""));
  }
  if (result.timed.pauses.empty()) {
    text +=
        "  No collection happened: nothing of the collector was measured. Take a smaller "
        "heap.max.\n";
  }
  return text;
}

}  // namespace pinlab::harness
