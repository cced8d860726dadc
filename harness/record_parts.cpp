#include "harness/record_parts.hpp"

#include "harness/pause_times.hpp"
#include "harness/record.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace pinlab::harness {

namespace {

using Json = nlohmann::ordered_json;
using collector::Census;
using collector::kPauseKindNames;
using collector::kRequestSizes;
using collector::PauseKind;
using collector::PauseReport;

struct Window {
  std::string_view name;
  std::uint64_t nanoseconds;
};
constexpr std::array kWindows = {Window{"1ms", 1'000'000}, Window{"10ms", 10'000'000},
                                 Window{"100ms", 100'000'000}, Window{"1s", 1'000'000'000}};

Json ratio(std::uint64_t a, std::uint64_t b) {
  return b == 0 ? Json(nullptr) : Json(parts_per_million(a, b));
}

Json optional_json(const std::optional<std::uint64_t>& figure) {
  return figure ? Json(*figure) : Json(nullptr);
}

template <class T>
Json last_and_peak(const LastAndPeak<T>& figure) {
  return {{"last", figure.last}, {"peak", figure.peak}};
}

/// `bytes[i]` of the free bytes, for each request size: the share that is not among them.
Json unusable(const Census& census, const std::array<std::uint64_t, 4>& bytes) {
  Json json = Json::object();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    json[std::to_string(kRequestSizes[i])] = ratio(census.free - bytes[i], census.free);
  }
  return json;
}

/// The figures of a census that say how its free memory is cut up.
void add_fragmentation(Json& json, const Census& census) {
  json["external"] = ratio(census.free - census.largest_free_run, census.free);
  json["unusable_contiguous"] = unusable(census, census.in_runs_of);
  json["unusable_packed"] = unusable(census, census.packable);
}

Json fragmentation_json(const RunResult& result) {
  const ExactFigures& exact = result.exact;
  Json json = Json::object();
  add_fragmentation(json, exact.last_full.value_or(Census{}));
  const bool measured = exact.hostage_measured;
  json["hostage"] = measured ? last_and_peak(exact.hostage) : Json(nullptr);
  json["hostage_byte_time"] = measured ? Json(kib_squared(exact.hostage_byte_time)) : Json(nullptr);
  json["held"] = exact.last_full ? last_and_peak(exact.held) : Json(nullptr);
  const std::int64_t loss = std::max<std::int64_t>(exact.hostage.last, 0);
  json["amplification"] = measured
                              ? ratio(static_cast<std::uint64_t>(loss) + exact.last_pinned_bytes,
                                      exact.last_pinned_bytes)
                              : Json(nullptr);
  return json;
}

template <std::size_t kSize>
Json named_counts(const std::array<std::string_view, kSize>& names,
                  const std::array<std::uint64_t, kSize>& counts) {
  Json json = Json::object();
  for (std::size_t i = 0; i < kSize; ++i) {
    json[std::string(names[i])] = counts[i];
  }
  return json;
}

Json limit_json(const workloads::LimitFigures& limit) {
  return {
      {"refused", limit.refused}, {"copied", limit.copied}, {"copied_bytes", limit.copied_bytes},
      {"waits", limit.waits},     {"waited", limit.waited},
  };
}

Json objects_and_bytes(std::uint64_t objects, std::uint64_t bytes) {
  return {{"objects", objects}, {"bytes", bytes}};
}

Json placement_json(const PlacementFigures& placement) {
  const workloads::PlacementFigures& pins = placement.pins;
  return {
      {"apart", pins.apart},
      {"beside", pins.beside},
      {"waits", pins.waits},
      {"waited", pins.waited},
      {"dropped", pins.dropped},
      {"sites", pins.sites},
      {"born", objects_and_bytes(placement.born_objects, placement.born_bytes)},
      {"migrated", objects_and_bytes(placement.migrated_objects, placement.migrated_bytes)},
      {"blocks", last_and_peak(placement.blocks)},
      {"live", last_and_peak(placement.live)},
  };
}

Json gaps_json(const GapFigures& gaps) {
  return {
      {"reused", gaps.reused},
      {"burned", gaps.burned},
      {"usable_share", ratio(gaps.usable_bytes, gaps.offered_bytes)},
      {"residual", last_and_peak(gaps.residual)},
      {"refilled", gaps.refilled},
      {"stayed", gaps.stayed},
      {"vetoed", gaps.vetoed},
  };
}

Json beyond_pins_summary(const RunResult& result) {
  const BeyondPins& beyond = result.exact.beyond_pins;
  const bool measured = result.exact.hostage_measured;
  return {
      {"ambiguous", last_and_peak(beyond.ambiguous)},
      {"flowed", last_and_peak(beyond.flowed)},
      {"children", last_and_peak(beyond.children)},
      {"ambiguous_hostage", measured ? last_and_peak(beyond.ambiguous_hostage) : Json(nullptr)},
  };
}

Json boundary_json(const ExactFigures& exact) {
  const pinning::BoundaryFigures& boundary = exact.boundary;
  const auto byte_time = [](heap::Wide sum) { return kib_squared(static_cast<SignedWide>(sum)); };
  return {
      {"stored", boundary.stored},
      {"checked", exact.checked_stores},
      {"reads", boundary.reads},
      {"bad_reads", boundary.bad_reads},
      {"violations", {{"moved", boundary.moved}, {"freed", boundary.freed}}},
      {"broken", boundary.broken},
      {"need", byte_time(boundary.need)},
      {"exposure", byte_time(boundary.exposure)},
      {"overhang", byte_time(boundary.overhang)},
  };
}

Json pins_json(const ExactFigures& exact) {
  return {
      {"made", exact.pins.made},
      {"ended", exact.pins.ended},
      {"held", exact.pins_held},
      {"peak", exact.pins_peak},
      {"peak_bytes", exact.pins_peak_bytes},
      {"leaked", exact.pins.leaked},
      {"died", exact.pins.died},
      {"ignored", named_counts(pinning::kNeedlessNames, exact.pins.needless)},
      {"shape_work", named_counts(pinning::kShapeWorkNames, exact.pins.work)},
      {"limit", limit_json(exact.limit)},
      {"placement", placement_json(exact.placement)},
  };
}

Json work_json(const PauseWork& work) {
  return {
      {"objects", work.objects},
      {"slots", work.slots},
      {"bytes", work.bytes},
      {"weights", {{"object", kWorkPerObject}, {"slot", kWorkPerSlot}, {"byte", kWorkPerByte}}},
      {"sum", work.sum()},
  };
}

Json adversary_json(const std::optional<workloads::AdversaryFigures>& adversary) {
  if (!adversary) {
    return nullptr;
  }
  return {
      {"m", adversary->m},
      {"n", adversary->n},
      {"q", optional_json(adversary->q)},
      {"pins", adversary->pins},
      {"top", adversary->top},
      {"bound", optional_json(adversary->bound)},
  };
}

Json percentiles_json(const Percentiles& times) {
  return {
      {"count", times.count}, {"total", times.total}, {"p50", times.p50}, {"p90", times.p90},
      {"p99", times.p99},     {"p999", times.p999},   {"max", times.max},
  };
}

std::vector<std::uint64_t> lengths_of(const TimedFigures& timed, auto&& is_wanted) {
  std::vector<std::uint64_t> lengths;
  for (const PauseSpan& pause : timed.pauses) {
    if (is_wanted(pause)) {
      lengths.push_back(pause.length);
    }
  }
  return lengths;
}

Json census_json(const Census& census) {
  Json json = {
      {"used", census.used},
      {"committed", census.committed},
      {"large", census.large},
      {"blocks_free", census.blocks_free},
      {"blocks_used", census.blocks_used},
  };
  if (census.detailed) {
    json["live"] = census.live;
    json["free"] = census.free;
    json["free_runs"] = census.free_runs;
    json["largest_free_run"] = census.largest_free_run;
    add_fragmentation(json, census);
    json["top"] = census.top;
  }
  return json;
}

/// Without the zeros at the end.
template <class Histogram>
Json histogram_json(const Histogram& histogram) {
  auto end = histogram.end();
  while (end != histogram.begin() && *(end - 1) == 0) {
    --end;
  }
  return std::vector<std::uint64_t>(histogram.begin(), end);
}

Json sites_of(const PauseReport& report, const RunResult& result) {
  Json json = Json::array();
  for (const collector::SiteHostage& site : report.sites) {
    json.push_back(
        {{"name", result.site_names[site.site]},
         {"pins", site.pins},
         {"bytes", site.pinned_bytes},
         {"oldest", {{"collections", site.oldest_collections}, {"since", site.oldest_since}}},
         {"hostage", site.hostage ? Json(*site.hostage) : Json(nullptr)}});
  }
  return json;
}

Json compaction_json(const PauseReport& report) {
  return {
      {"declined", report.declined},
      {"vetoed", {{"blocks", report.vetoed_blocks}, {"bytes", report.vetoed_bytes}}},
      {"artificial_islands",
       {{"count", report.artificial_islands}, {"bytes", report.artificial_island_bytes}}},
      {"stayed", report.stayed_bytes},
      {"refilled", report.refilled_bytes},
      {"residuals", {{"count", report.closed_gaps}, {"bytes", report.residual_bytes}}},
  };
}

Json gap_use_json(const PauseReport& report) {
  const heap::GapUse& use = report.gap_use;
  std::uint64_t requests = 0;
  for (const std::uint64_t of_power : use.requests) {
    requests += of_power;
  }
  return {
      {"requests", {{"count", requests}, {"bytes", use.request_bytes}}},
      {"request_histogram", histogram_json(use.requests)},
      {"reused", use.reused},
      {"burned", use.burned},
      {"usable", requests == 0 ? Json(nullptr) : Json(report.usable_gap_bytes)},
      {"usable_share",
       requests == 0 ? Json(nullptr) : ratio(report.usable_gap_bytes, report.gap_bytes)},
  };
}

/// What the nursery route did with blocks in which something stayed.
Json nursery_json(const PauseReport& report) {
  return {
      {"retained_blocks", report.retained_blocks},
      {"given_up_blocks", report.given_up_blocks},
      {"quarantined", report.quarantined_bytes},
      {"closed", report.closed_bytes},
      {"demoted", objects_and_bytes(report.demoted_objects, report.demoted_bytes)},
      {"promoted_in_place",
       objects_and_bytes(report.promoted_in_place_objects, report.promoted_in_place_bytes)},
      {"cemented", report.cemented_objects},
      {"degraded", report.degraded_bytes},
  };
}

/// What may not move without being pinned.
Json beyond_pins_json(const PauseReport& report) {
  return {
      {"ambiguous", objects_and_bytes(report.ambiguous_objects, report.ambiguous_bytes)},
      {"flowed", objects_and_bytes(report.flowed_objects, report.flowed_bytes)},
      {"children", objects_and_bytes(report.child_objects, report.child_bytes)},
      {"alive_by_ambiguous_alone", report.alive_by_ambiguous_alone},
      {"ambiguous_hostage",
       report.hostage_measured ? Json(report.ambiguous_hostage) : Json(nullptr)},
  };
}

Json pinned_space_json(const PauseReport& report) {
  const bool full = report.kind == PauseKind::full;
  return {
      {"born", objects_and_bytes(report.born_apart_objects, report.born_apart_bytes)},
      {"migrated", objects_and_bytes(report.migrated_objects, report.migrated_bytes)},
      {"blocks", report.pinned_blocks},
      {"live", full ? Json(report.pinned_space_live) : Json(nullptr)},
      {"gaps", full ? Json(report.pinned_gap_bytes) : Json(nullptr)},
  };
}

Json collection_exact(const PauseReport& report, const RunResult& result) {
  const bool full = report.kind == PauseKind::full;
  return {
      {"survivors", objects_and_bytes(report.survivor_objects, report.survivor_bytes)},
      {"copied", objects_and_bytes(report.copied_objects, report.copied_bytes)},
      {"promoted", objects_and_bytes(report.promoted_objects, report.promoted_bytes)},
      {"in_place", objects_and_bytes(report.in_place_objects, report.in_place_bytes)},
      {"failed", report.failed_objects},
      {"nursery", nursery_json(report)},
      {"moved",
       {{"bytes", report.moved_bytes},
        {"runs", report.moved_runs},
        {"routed", report.routed_objects}}},
      {"slots", report.slots_visited},
      {"cards", report.cards_scanned},
      {"source_blocks", report.source_blocks},
      {"pins", {{"count", report.pins}, {"bytes", report.pinned_bytes}}},
      {"islands", {{"count", report.islands}, {"bytes", report.island_bytes}}},
      {"alive_by_pin_alone", report.alive_by_pin_alone},
      {"largest_object", report.largest_object > 0 ? Json(report.largest_object) : Json(nullptr)},
      {"beyond_pins", beyond_pins_json(report)},
      {"gaps", {{"count", report.gaps}, {"bytes", report.gap_bytes}}},
      {"compaction", full ? compaction_json(report) : Json(nullptr)},
      {"gap_use", full ? gap_use_json(report) : Json(nullptr)},
      {"gap_histogram",
       report.after.detailed ? histogram_json(report.after.gap_histogram) : Json(nullptr)},
      {"pinned_space", pinned_space_json(report)},
      {"blocks_held", report.blocks_held},
      {"held", report.held},
      {"hostage", report.hostage_measured ? Json(report.hostage) : Json(nullptr)},
      {"sites", sites_of(report, result)},
      {"pin_ages", full ? histogram_json(report.pin_ages) : Json(nullptr)},
      {"census", {{"before", census_json(report.before)}, {"after", census_json(report.after)}}},
  };
}

}  // namespace

Json exact_json(const RunResult& result) {
  const ExactFigures& exact = result.exact;
  const bool full = exact.last_full.has_value();
  const std::uint64_t seen = full ? exact.live.peak : 0;
  const std::uint64_t live_peak = exact.program_live_peak > 0 ? exact.program_live_peak : seen;
  return {
      {"collections", {{"young", exact.collections[0]}, {"full", exact.collections[1]}}},
      {"allocated", exact.allocated},
      {"promoted", exact.promoted_bytes},
      {"moved", exact.copied_bytes + exact.compacted_bytes},
      {"live", full ? last_and_peak(exact.live) : Json(nullptr)},
      {"live_source", exact.program_live_peak > 0 ? "workload" : "collection"},
      {"live_peak", live_peak > 0 ? Json(live_peak) : Json(nullptr)},
      {"used_last", full ? Json(exact.last_full->used) : Json(nullptr)},
      {"used_peak", exact.used_peak},
      {"committed_peak", exact.committed_peak},
      {"space_overhead", ratio(exact.used_peak, live_peak)},
      {"fragmentation", fragmentation_json(result)},
      {"gaps", full ? gaps_json(exact.gaps) : Json(nullptr)},
      {"pins", pins_json(exact)},
      {"beyond_pins", beyond_pins_summary(result)},
      {"boundary", boundary_json(exact)},
      {"pause_work", work_json(exact.work)},
      {"proof",
       {{"moved", exact.copied_bytes + exact.compacted_bytes},
        {"promoted", exact.promoted_objects},
        {"routed", exact.routed_objects},
        {"alive_by_pin_alone", exact.alive_by_pin_alone}}},
      {"adversary", adversary_json(exact.adversary)},
  };
}

Json timed_json(const RunResult& result) {
  const TimedFigures& timed = result.timed;
  const Percentiles all = percentiles_of(lengths_of(timed, [](const PauseSpan&) { return true; }));
  const std::uint64_t program = timed.total - std::min(timed.total, timed.measuring);
  Json pauses = Json::object();
  for (const PauseKind kind : {PauseKind::young, PauseKind::full}) {
    const auto of_kind = [kind](const PauseSpan& pause) { return pause.kind == kind; };
    pauses[std::string(kPauseKindNames[static_cast<std::size_t>(kind)])] =
        percentiles_json(percentiles_of(lengths_of(timed, of_kind)));
  }
  Json mmu = Json::object();
  for (const Window& window : kWindows) {
    mmu[std::string(window.name)] = minimum_utilisation(timed.pauses, program, window.nanoseconds);
  }
  return {
      {"total", timed.total},
      {"measuring", timed.measuring},
      {"mutator", program - std::min(program, all.total)},
      {"pauses", pauses},
      {"mmu", mmu},
      {"stall", {{"p50", all.p50}, {"p999", all.p999}, {"max", all.max}}},
      {"pause_work_fit", optional_json(work_fit(timed.pauses))},
  };
}

Json collection_json(const PauseReport& report, const RunResult& result) {
  Json phases = Json::object();
  for (std::size_t i = 0; i < report.phase_ns.size(); ++i) {
    phases[std::string(collector::kPausePhaseNames[i])] = report.phase_ns[i];
  }
  return {
      {"index", report.index},
      {"kind", kPauseKindNames[static_cast<std::size_t>(report.kind)]},
      {"cause", collector::kPauseCauseNames[static_cast<std::size_t>(report.cause)]},
      {"clock", report.clock},
      {"exact", collection_exact(report, result)},
      {"timed",
       {{"start", report.start_ns},
        {"pause", report.pause_ns},
        {"phases", phases},
        {"blocked", {{"requests", report.blocked_requests}, {"time", report.blocked_ns}}}}},
  };
}

Json site_json(const SiteFigures& site) {
  return {
      {"name", site.name},
      {"stack", site.stack.empty() ? Json(nullptr) : Json(site.stack)},
      {"made", optional_json(site.made)},
      {"ended", optional_json(site.ended)},
      {"made_bytes", optional_json(site.made_bytes)},
      {"lifetime_histogram", site.lifetimes},
      {"collections", site.collections},
      {"pins", last_and_peak(site.pins)},
      {"bytes", last_and_peak(site.pinned_bytes)},
      {"oldest", {{"collections", site.oldest}, {"since", site.oldest_since}}},
      {"hostage", site.collections > 0 ? last_and_peak(site.hostage) : Json(nullptr)},
      {"hostage_byte_time",
       site.collections > 0 ? Json(kib_squared(site.hostage_byte_time)) : Json(nullptr)},
  };
}

}  // namespace pinlab::harness
