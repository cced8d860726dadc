// What a run measured, as values. Exact figures are equal for equal parameters on every machine;
// timed ones are of this machine and this moment, and never stand among the exact ones.
// results/README.md defines each; ratios are in parts per million.
#pragma once

#include "pinning/foreign_memory.hpp"
#include "pinning/pin_registry.hpp"
#include "collector/pause.hpp"
#include "workloads/workload.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pinlab::harness {

/// A figure at the last full collection, and the largest that any had.
template <class T>
struct LastAndPeak {
  T last = 0;
  T peak = 0;

  void add(T value) {
    last = value;
    peak = value > peak ? value : peak;
  }
};

__extension__ using SignedWide = __int128;

/// Pause work is the time, in picoseconds of a reference machine, that the collector takes for a
/// pause: what it handles, weighted. Constants of a version: results/README.md.
inline constexpr std::uint64_t kWorkPerObject = 100;
inline constexpr std::uint64_t kWorkPerSlot = 3'000;
inline constexpr std::uint64_t kWorkPerByte = 150;

inline constexpr std::uint64_t kWorkPerLine = 13'500;
inline constexpr std::uint64_t kWorkPerCard = 55'000;

struct PauseWork {
  std::uint64_t objects = 0;
  std::uint64_t slots = 0;
  std::uint64_t bytes = 0;
  std::uint64_t lines = 0;  ///< of blocks in use that full collections passed over
  std::uint64_t cards = 0;  ///< that were scanned

  PauseWork& operator+=(const PauseWork& other) {
    objects += other.objects;
    slots += other.slots;
    bytes += other.bytes;
    lines += other.lines;
    cards += other.cards;
    return *this;
  }

  /// In nanoseconds of the reference machine.
  [[nodiscard]] std::uint64_t sum() const {
    return (objects * kWorkPerObject + slots * kWorkPerSlot + bytes * kWorkPerByte +
            lines * kWorkPerLine + cards * kWorkPerCard) /
           1000;
  }
};

/// One place in the program that pins.
struct SiteFigures {
  pinning::SiteId site = 0;
  std::string name;
  std::string stack = {};  ///< empty where it is not known
  // As the pin pressure counts; nothing of a run that was abandoned, or of pins that the program
  // made itself.
  std::optional<std::uint64_t> made = {};
  std::optional<std::uint64_t> ended = {};
  std::optional<std::uint64_t> made_bytes = {};
  std::vector<std::uint64_t> lifetimes =
      {};  ///< pins that ended, by floor(log2(bytes allocated meanwhile))
  // As the full collections saw it.
  std::uint64_t collections =
      0;  ///< that planned without this site: the last three come from these
  LastAndPeak<std::uint64_t> pins = {};
  LastAndPeak<std::uint64_t> pinned_bytes = {};
  LastAndPeak<std::int64_t> hostage = {};
  SignedWide hostage_byte_time = 0;  ///< bytes times bytes
  std::uint64_t oldest = 0;          ///< collections since the oldest pin, at the last full one
  std::uint64_t oldest_since = 0;    ///< clock when the site first pinned between the same two
};

/// What became of gaps, as the full collections saw it.
struct GapFigures {
  LastAndPeak<std::uint64_t> residual;  ///< bytes left over in closed gaps
  std::uint64_t reused = 0;             ///< sums over all of them
  std::uint64_t burned = 0;
  std::uint64_t vetoed = 0;
  std::uint64_t stayed = 0;
  std::uint64_t refilled = 0;
  std::uint64_t requests = 0;
  std::uint64_t usable_bytes = 0;   ///< summed over collections that saw requests
  std::uint64_t offered_bytes = 0;  ///< likewise
};

/// What could not move without being pinned, in bytes, as the full collections saw it.
struct BeyondPins {
  LastAndPeak<std::uint64_t> ambiguous;
  LastAndPeak<std::uint64_t> flowed;
  LastAndPeak<std::uint64_t> children;
  LastAndPeak<std::int64_t> ambiguous_hostage;
};

/// The pinned space.
struct PlacementFigures {
  std::uint64_t born_objects = 0;  ///< allocated there, pinned or not
  std::uint64_t born_bytes = 0;
  std::uint64_t migrated_objects = 0;  ///< moved there, for pins that waited for it
  std::uint64_t migrated_bytes = 0;
  LastAndPeak<std::uint64_t> blocks;  ///< after any collection
  LastAndPeak<std::uint64_t> live;    ///< bytes alive there, at full collections
  workloads::PlacementFigures pins;
};

struct ExactFigures {
  std::array<std::uint64_t, 2> collections{};  ///< by kind
  std::uint64_t allocated = 0;
  std::uint64_t promoted_objects = 0;
  std::uint64_t promoted_bytes = 0;
  std::uint64_t copied_bytes = 0;
  std::uint64_t compacted_bytes = 0;
  std::uint64_t routed_objects = 0;
  std::uint64_t alive_by_pin_alone = 0;
  LastAndPeak<std::uint64_t> live;
  std::uint64_t program_live_peak = 0;  ///< of workloads that drop explicitly; else 0
  std::uint64_t used_peak = 0;
  std::uint64_t committed_peak = 0;
  bool hostage_measured = false;  ///< under this plan and these parameters full collections do
  LastAndPeak<std::int64_t> hostage;
  SignedWide hostage_byte_time = 0;
  LastAndPeak<std::uint64_t> held;
  GapFigures gaps;
  BeyondPins beyond_pins;
  std::optional<collector::Census> last_full;  ///< after the last full collection
  std::uint64_t last_pinned_bytes = 0;         ///< at the last full collection
  pinning::PinCounts pins;
  pinning::BoundaryFigures boundary;  ///< what foreign code saw of pinned objects
  std::uint64_t checked_stores = 0;
  workloads::LimitFigures limit;
  PlacementFigures placement;
  std::uint64_t pins_held = 0;
  std::uint64_t pins_peak = 0;
  std::uint64_t pins_peak_bytes = 0;
  PauseWork work;
  std::optional<workloads::AdversaryFigures> adversary;
};

/// How old bytes get: sums over full collections. Element i of both: of age 2^i to 2^(i+1) - 1
/// bytes allocated since the collection that first saw them, element 0 also younger.
struct SurvivalFigures {
  std::uint64_t collections = 0;         ///< full ones
  std::vector<std::uint64_t> allocated;  ///< bytes born so long ago
  std::vector<std::uint64_t> live;       ///< and of these, still alive
};

/// When the program stood still, in nanoseconds since it began; the time that measuring took is cut
/// out.
struct PauseSpan {
  std::uint64_t begin = 0;
  std::uint64_t length = 0;
  collector::PauseKind kind = collector::PauseKind::young;
  std::uint64_t work = 0;
};

struct TimedFigures {
  std::uint64_t total = 0;      ///< the program's run, measuring included
  std::uint64_t measuring = 0;  ///< the phases shadow, census and verify
  std::vector<PauseSpan> pauses;
};

}  // namespace pinlab::harness
