#include "harness/recorder.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>

namespace pinlab::harness {

namespace {

using collector::Census;
using collector::PauseKind;
using collector::PauseReport;

void add_census(heap::Digest& digest, const Census& census) {
  for (const std::uint64_t figure :
       {census.used, census.committed, census.large, census.blocks_free, census.blocks_used,
        census.live, census.free, census.free_runs, census.largest_free_run, census.top}) {
    digest.add(figure);
  }
  for (std::size_t i = 0; i < collector::kRequestSizes.size(); ++i) {
    digest.add(census.in_runs_of[i]);
    digest.add(census.packable[i]);
  }
  for (const std::uint64_t runs : census.gap_histogram) {
    digest.add(runs);
  }
}

void add_report(heap::Digest& digest, const PauseReport& report) {
  digest.add(static_cast<std::uint64_t>(report.kind) << 8U |
             static_cast<std::uint64_t>(report.cause));
  for (const std::uint64_t figure : {report.clock,
                                     report.survivor_objects,
                                     report.survivor_bytes,
                                     report.copied_objects,
                                     report.copied_bytes,
                                     report.promoted_objects,
                                     report.promoted_bytes,
                                     report.in_place_objects,
                                     report.in_place_bytes,
                                     report.failed_objects,
                                     report.retained_blocks,
                                     report.given_up_blocks,
                                     report.quarantined_bytes,
                                     report.closed_bytes,
                                     report.demoted_objects,
                                     report.demoted_bytes,
                                     report.promoted_in_place_objects,
                                     report.promoted_in_place_bytes,
                                     report.cemented_objects,
                                     report.degraded_bytes,
                                     report.moved_bytes,
                                     report.moved_runs,
                                     report.routed_objects,
                                     report.slots_visited,
                                     report.cards_scanned,
                                     report.lines_swept,
                                     report.source_blocks,
                                     report.pins,
                                     report.pinned_bytes,
                                     report.islands,
                                     report.island_bytes,
                                     report.alive_by_pin_alone,
                                     report.largest_object,
                                     report.ambiguous_objects,
                                     report.ambiguous_bytes,
                                     report.flowed_objects,
                                     report.flowed_bytes,
                                     report.child_objects,
                                     report.child_bytes,
                                     report.alive_by_ambiguous_alone,
                                     report.gaps,
                                     report.gap_bytes,
                                     report.vetoed_blocks,
                                     report.vetoed_bytes,
                                     report.artificial_islands,
                                     report.artificial_island_bytes,
                                     report.stayed_bytes,
                                     report.refilled_bytes,
                                     report.closed_gaps,
                                     report.residual_bytes,
                                     report.gap_use.request_bytes,
                                     report.gap_use.reused,
                                     report.gap_use.burned,
                                     report.usable_gap_bytes,
                                     report.blocks_held,
                                     report.held,
                                     report.born_apart_objects,
                                     report.born_apart_bytes,
                                     report.migrated_objects,
                                     report.migrated_bytes,
                                     report.pinned_blocks,
                                     report.pinned_space_live,
                                     report.pinned_gap_bytes}) {
    digest.add(figure);
  }
  for (const std::uint64_t requests : report.gap_use.requests) {
    digest.add(requests);
  }
  add_census(digest, report.before);
  add_census(digest, report.after);
}

void add_gaps(GapFigures& gaps, const PauseReport& report) {
  const heap::GapUse& use = report.gap_use;
  gaps.residual.add(report.residual_bytes);
  gaps.reused += use.reused;
  gaps.burned += use.burned;
  gaps.vetoed += report.vetoed_bytes;
  gaps.stayed += report.stayed_bytes;
  gaps.refilled += report.refilled_bytes;
  const auto requests = std::accumulate(use.requests.begin(), use.requests.end(), std::uint64_t{0});
  gaps.requests += requests;
  gaps.usable_bytes += requests > 0 ? report.usable_gap_bytes : 0;
  gaps.offered_bytes += requests > 0 ? report.gap_bytes : 0;
}

void add_placement(PlacementFigures& placement, const PauseReport& report) {
  placement.born_objects += report.born_apart_objects;
  placement.born_bytes += report.born_apart_bytes;
  placement.migrated_objects += report.migrated_objects;
  placement.migrated_bytes += report.migrated_bytes;
  placement.blocks.add(report.pinned_blocks);
  if (report.kind == PauseKind::full) {
    placement.live.add(report.pinned_space_live);
  }
}

PauseWork work_of(const PauseReport& report) {
  return {.objects = report.survivor_objects,
          .slots = report.slots_visited,
          .bytes = report.copied_bytes + report.moved_bytes,
          .lines = report.lines_swept,
          .cards = report.cards_scanned};
}

std::uint64_t measuring_of(const PauseReport& report) {
  std::uint64_t sum = 0;
  for (std::size_t i = collector::kFirstMeasuringPhase; i < report.phase_ns.size(); ++i) {
    sum += report.phase_ns[i];
  }
  return sum;
}

}  // namespace

void Recorder::paused(const PauseReport& report) {
  {
    const std::lock_guard lock(mutex_);
    add(report);
  }
  switch (stop_ == nullptr ? StopReason::none : stop_->load(std::memory_order_relaxed)) {
    case StopReason::none:
      return;
    case StopReason::timeout:
      throw RunStopped(Outcome::timeout, "the time that --timeout allows was over");
    case StopReason::interrupted:
      throw RunStopped(Outcome::interrupted, "the user asked it to end");
  }
}

void Recorder::add(const PauseReport& report) {
  ExactFigures& exact = recording_.exact;
  recording_.clock = report.clock;
  ++exact.collections[static_cast<std::size_t>(report.kind)];
  exact.promoted_objects += report.promoted_objects;
  exact.promoted_bytes += report.promoted_bytes;
  exact.copied_bytes += report.copied_bytes;
  exact.compacted_bytes += report.moved_bytes;
  exact.routed_objects += report.routed_objects;
  exact.alive_by_pin_alone += report.alive_by_pin_alone;
  exact.used_peak = std::max({exact.used_peak, report.before.used, report.after.used});
  exact.committed_peak =
      std::max({exact.committed_peak, report.before.committed, report.after.committed});
  add_placement(exact.placement, report);
  exact.work += work_of(report);
  if (report.kind == PauseKind::full) {
    add_full(report);
  }
  add_times(report);
  add_report(recording_.digest, report);
  if (keep_ == Keep::all) {
    recording_.collections.add(report);
  }
}

void Recorder::add_full(const PauseReport& report) {
  ExactFigures& exact = recording_.exact;
  draw_out(recording_, report.clock);
  exact.hostage_measured = report.hostage_measured;
  exact.hostage.add(report.hostage);
  exact.held.add(report.held);
  exact.beyond_pins.ambiguous.add(report.ambiguous_bytes);
  exact.beyond_pins.flowed.add(report.flowed_bytes);
  exact.beyond_pins.children.add(report.child_bytes);
  exact.beyond_pins.ambiguous_hostage.add(report.ambiguous_hostage);
  add_gaps(exact.gaps, report);
  if (report.after.detailed) {
    exact.live.add(report.after.live);
    exact.last_full = report.after;
  }
  exact.last_pinned_bytes = report.pinned_bytes;
  exact.pins_peak = std::max(exact.pins_peak, report.pins);
  exact.pins_peak_bytes = std::max(exact.pins_peak_bytes, report.pinned_bytes);
  exact.pins = pins_->counts();
  exact.pins_held = exact.pins.made - exact.pins.ended;
  add_sites(report);
}

void Recorder::add_sites(const PauseReport& report) {
  for (SiteFigures& site : recording_.sites) {
    site.hostage.last = 0;
    site.pins.last = 0;
    site.pinned_bytes.last = 0;
    site.oldest = 0;
    site.oldest_since = 0;
  }
  for (const collector::SiteHostage& seen : report.sites) {
    while (recording_.site_names.size() <= seen.site) {
      recording_.site_names.push_back(
          pins_->sites().name(static_cast<pinning::SiteId>(recording_.site_names.size())));
    }
    auto site = std::ranges::find(recording_.sites, seen.site, &SiteFigures::site);
    if (site == recording_.sites.end()) {
      recording_.sites.push_back({.site = seen.site, .name = recording_.site_names[seen.site]});
      site = recording_.sites.end() - 1;
    }
    site->pins.add(seen.pins);
    site->pinned_bytes.add(seen.pinned_bytes);
    site->oldest = seen.oldest_collections;
    site->oldest_since = seen.oldest_since;
    if (seen.hostage) {
      ++site->collections;
      site->hostage.add(*seen.hostage);
    }
  }
}

void Recorder::add_times(const PauseReport& report) {
  TimedFigures& timed = recording_.timed;
  const std::uint64_t end =
      timed.pauses.empty() ? 0 : timed.pauses.back().begin + timed.pauses.back().length;
  const std::uint64_t begin = report.start_ns - std::min(timed.measuring, report.start_ns);
  timed.pauses.push_back({.begin = std::max(begin, end),
                          .length = report.pause_ns,
                          .kind = report.kind,
                          .work = work_of(report).sum()});
  timed.measuring += measuring_of(report);
}

void Recorder::keep_map(collector::HeapMap map, const std::vector<std::size_t>& dropped) {
  const std::lock_guard lock(mutex_);
  recording_.heap_maps.push_back(std::move(map));
  for (auto i = dropped.rbegin(); i != dropped.rend(); ++i) {
    recording_.heap_maps.erase(recording_.heap_maps.begin() + static_cast<std::ptrdiff_t>(*i));
  }
}

void Recorder::keep_survival(const SurvivalFigures& survival) {
  const std::lock_guard lock(mutex_);
  recording_.survival = survival;
}

void Recorder::measured(std::chrono::nanoseconds spent) {
  const std::lock_guard lock(mutex_);
  const auto length = static_cast<std::uint64_t>(spent.count());
  recording_.timed.measuring += length;
  if (!recording_.collections.empty()) {
    recording_.collections.last()
        .phase_ns[static_cast<std::size_t>(collector::PausePhase::census)] += length;
  }
}

void Recorder::draw_out(Recording& recording, std::uint64_t clock) {
  const auto passed = static_cast<SignedWide>(clock - recording.hostage_since);
  recording.exact.hostage_byte_time += recording.exact.hostage.last * passed;
  for (SiteFigures& site : recording.sites) {
    site.hostage_byte_time += site.hostage.last * passed;
  }
  recording.hostage_since = clock;
  recording.exact.allocated = clock;
}

Recording Recorder::recording(std::uint64_t clock) const {
  const std::lock_guard lock(mutex_);
  Recording copy = recording_;
  draw_out(copy, clock);
  return copy;
}

bool Recorder::try_recording(Recording& recording) const {
  // By the system's clock: ThreadSanitizer 14 does not know the wait by the steady one.
  const std::unique_lock lock(mutex_,
                              std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  if (!lock.owns_lock()) {
    return false;
  }
  recording = recording_;
  draw_out(recording, recording.clock);
  return true;
}

}  // namespace pinlab::harness
