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
      {"lines", work.lines},
      {"cards", work.cards},
      {"weights",
       {{"object", kWorkPerObject},
        {"slot", kWorkPerSlot},
        {"byte", kWorkPerByte},
        {"line", kWorkPerLine},
        {"card", kWorkPerCard}}},
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
