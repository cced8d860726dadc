// What a record says of each collection: written as text, since there may be a hundred thousand.
#include "harness/json_text.hpp"
#include "harness/record.hpp"
#include "harness/record_parts.hpp"

#include <array>
#include <numeric>
#include <string_view>

namespace pinlab::harness {

namespace {

using collector::Census;
using collector::kRequestSizes;
using collector::PauseKind;
using collector::PauseReport;

constexpr std::array<std::string_view, kRequestSizes.size()> kRequestSizeNames = {
    "256", "4096", "65536", "1048576"};
static_assert(kRequestSizes == std::array<std::uint64_t, 4>{256, 4096, 65536, 1048576});

/// a / b in parts per million, or nothing where there is no b.
std::optional<std::uint64_t> ratio(std::uint64_t a, std::uint64_t b) {
  return b == 0 ? std::nullopt : std::optional(parts_per_million(a, b));
}

/// `value` where it is known.
template <class T>
std::optional<T> where(bool known, T value) {
  return known ? std::optional<T>(value) : std::nullopt;
}

class CollectionText {
 public:
  CollectionText(JsonText& json, const PauseReport& report, const RunResult& result)
      : json_(json), report_(report), result_(result), full_(report.kind == PauseKind::full) {}

  /// The members of the object.
  void write() {
    json_.member("index", report_.index);
    json_.member("kind", collector::kPauseKindNames[static_cast<std::size_t>(report_.kind)]);
    json_.member("cause", collector::kPauseCauseNames[static_cast<std::size_t>(report_.cause)]);
    json_.member("clock", report_.clock);
    json_.member("exact", [&] { exact(); });
    json_.member("timed", [&] { timed(); });
  }

 private:
  void exact() {
    counts("survivors", report_.survivor_objects, report_.survivor_bytes);
    counts("copied", report_.copied_objects, report_.copied_bytes);
    counts("promoted", report_.promoted_objects, report_.promoted_bytes);
    counts("in_place", report_.in_place_objects, report_.in_place_bytes);
    json_.member("failed", report_.failed_objects);
    json_.member("nursery", [&] { nursery(); });
    json_.member("moved", [&] {
      json_.member("bytes", report_.moved_bytes);
      json_.member("runs", report_.moved_runs);
      json_.member("routed", report_.routed_objects);
    });
    json_.member("slots", report_.slots_visited);
    json_.member("cards", report_.cards_scanned);
    json_.member("lines", report_.lines_swept);
    json_.member("source_blocks", report_.source_blocks);
    pairs("pins", report_.pins, report_.pinned_bytes);
    pairs("islands", report_.islands, report_.island_bytes);
    json_.member("alive_by_pin_alone", report_.alive_by_pin_alone);
    json_.member("largest_object", where(report_.largest_object > 0, report_.largest_object));
    json_.member("beyond_pins", [&] { beyond_pins(); });
    pairs("gaps", report_.gaps, report_.gap_bytes);
    if (full_) {
      json_.member("compaction", [&] { compaction(); });
      json_.member("gap_use", [&] { gap_use(); });
    } else {
      json_.member("compaction", std::nullopt);
      json_.member("gap_use", std::nullopt);
    }
    histogram("gap_histogram", report_.after.detailed, report_.after.gap_histogram);
    json_.member("pinned_space", [&] { pinned_space(); });
    json_.member("blocks_held", report_.blocks_held);
    json_.member("held", report_.held);
    json_.member("hostage", where(report_.hostage_measured, report_.hostage));
    json_.array("sites", [&] { sites(); });
    histogram("pin_ages", full_, report_.pin_ages);
    json_.member("census", [&] {
      json_.member("before", [&] { census(report_.before); });
      json_.member("after", [&] { census(report_.after); });
    });
  }

  void timed() {
    json_.member("start", report_.start_ns);
    json_.member("pause", report_.pause_ns);
    json_.member("phases", [&] {
      for (std::size_t i = 0; i < report_.phase_ns.size(); ++i) {
        json_.member(collector::kPausePhaseNames[i], report_.phase_ns[i]);
      }
    });
    json_.member("blocked", [&] {
      json_.member("requests", report_.blocked_requests);
      json_.member("time", report_.blocked_ns);
    });
  }

  void counts(std::string_view name, std::uint64_t objects, std::uint64_t bytes) {
    json_.member(name, [&] {
      json_.member("objects", objects);
      json_.member("bytes", bytes);
    });
  }

  void pairs(std::string_view name, std::uint64_t count, std::uint64_t bytes) {
    json_.member(name, [&] {
      json_.member("count", count);
      json_.member("bytes", bytes);
    });
  }

  /// Without the zeros at the end.
  template <class Histogram>
  void histogram(std::string_view name, bool known, const Histogram& histogram) {
    if (!known) {
      json_.member(name, std::nullopt);
      return;
    }
    std::size_t size = histogram.size();
    while (size > 0 && histogram[size - 1] == 0) {
      --size;
    }
    json_.array(name, [&] {
      for (std::size_t i = 0; i < size; ++i) {
        json_.element(histogram[i]);
      }
    });
  }

  void sites() {
    for (const collector::SiteHostage& site : report_.sites) {
      json_.element([&] {
        json_.member("name", result_.site_names[site.site]);
        json_.member("pins", site.pins);
        json_.member("bytes", site.pinned_bytes);
        json_.member("oldest", [&] {
          json_.member("collections", site.oldest_collections);
          json_.member("since", site.oldest_since);
        });
        json_.member("hostage", site.hostage);
      });
    }
  }

  /// What the nursery route did with blocks in which something stayed.
  void nursery() {
    json_.member("retained_blocks", report_.retained_blocks);
    json_.member("given_up_blocks", report_.given_up_blocks);
    json_.member("quarantined", report_.quarantined_bytes);
    json_.member("closed", report_.closed_bytes);
    counts("demoted", report_.demoted_objects, report_.demoted_bytes);
    counts("promoted_in_place", report_.promoted_in_place_objects, report_.promoted_in_place_bytes);
    json_.member("cemented", report_.cemented_objects);
    json_.member("degraded", report_.degraded_bytes);
  }

  /// What may not move without being pinned.
  void beyond_pins() {
    counts("ambiguous", report_.ambiguous_objects, report_.ambiguous_bytes);
    counts("flowed", report_.flowed_objects, report_.flowed_bytes);
    counts("children", report_.child_objects, report_.child_bytes);
    json_.member("alive_by_ambiguous_alone", report_.alive_by_ambiguous_alone);
    json_.member("ambiguous_hostage", where(report_.hostage_measured, report_.ambiguous_hostage));
  }

  void compaction() {
    json_.member("declined", report_.declined);
    json_.member("vetoed", [&] {
      json_.member("blocks", report_.vetoed_blocks);
      json_.member("bytes", report_.vetoed_bytes);
    });
    pairs("artificial_islands", report_.artificial_islands, report_.artificial_island_bytes);
    json_.member("stayed", report_.stayed_bytes);
    json_.member("refilled", report_.refilled_bytes);
    pairs("residuals", report_.closed_gaps, report_.residual_bytes);
  }

  void gap_use() {
    const heap::GapUse& use = report_.gap_use;
    const auto requests =
        std::accumulate(use.requests.begin(), use.requests.end(), std::uint64_t{0});
    pairs("requests", requests, use.request_bytes);
    histogram("request_histogram", true, use.requests);
    json_.member("reused", use.reused);
    json_.member("burned", use.burned);
    json_.member("usable", where(requests > 0, report_.usable_gap_bytes));
    json_.member("usable_share",
                 requests == 0 ? std::nullopt : ratio(report_.usable_gap_bytes, report_.gap_bytes));
  }

  void pinned_space() {
    counts("born", report_.born_apart_objects, report_.born_apart_bytes);
    counts("migrated", report_.migrated_objects, report_.migrated_bytes);
    json_.member("blocks", report_.pinned_blocks);
    json_.member("live", where(full_, report_.pinned_space_live));
    json_.member("gaps", where(full_, report_.pinned_gap_bytes));
  }

  void census(const Census& census) {
    json_.member("used", census.used);
    json_.member("committed", census.committed);
    json_.member("large", census.large);
    json_.member("blocks_free", census.blocks_free);
    json_.member("blocks_used", census.blocks_used);
    if (!census.detailed) {
      return;
    }
    json_.member("live", census.live);
    json_.member("free", census.free);
    json_.member("free_runs", census.free_runs);
    json_.member("largest_free_run", census.largest_free_run);
    json_.member("external", ratio(census.free - census.largest_free_run, census.free));
    unusable("unusable_contiguous", census, census.in_runs_of);
    unusable("unusable_packed", census, census.packable);
    json_.member("top", census.top);
  }

  /// `bytes[i]` of the free bytes, for each request size: the share that is not among them.
  void unusable(std::string_view name,
                const Census& census,
                const std::array<std::uint64_t, 4>& bytes) {
    json_.member(name, [&] {
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        json_.member(kRequestSizeNames[i], ratio(census.free - bytes[i], census.free));
      }
    });
  }

  JsonText& json_;
  const PauseReport& report_;
  const RunResult& result_;
  bool full_;
};

}  // namespace

void write_collections(TextSink& sink, const RunResult& result) {
  JsonText json(sink);
  json.raw("[");
  bool first = true;
  result.collections.for_each([&](const PauseReport& report) {
    json.raw(first ? "\n {" : ",\n {");
    first = false;
    CollectionText(json, report, result).write();
    json.raw("}");
  });
  json.raw(first ? "]" : "\n]");
}

}  // namespace pinlab::harness
