// A map of the heap after a pause: what each cell of its address space is, where the islands are,
// and who made them.
//
// Invariants: (1) cells tile the blocks of the heap; (2) the bytes of all kinds together are the
// heap's; (3) offsets, counts and clocks only, so that equal runs have equal maps.
#pragma once

#include "heap/heap.hpp"
#include "pinning/pin_registry.hpp"
#include "collector/options.hpp"
#include "collector/pause.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::collector {

/// In the order in which a cell is called: by the kind that most of its bytes are of, the first of
/// equals.
enum class CellKind : std::uint8_t {
  island,
  held,
  live_moved,
  live_stayed,
  nursery,
  large,
  free,
  uncommitted
};
inline constexpr std::array<std::string_view, 8> kCellKindNames = {
    "island", "held", "live_moved", "live_stayed", "nursery", "large", "free", "uncommitted"};
inline constexpr std::string_view kCellLetters = "ihmsnlfu";

inline constexpr std::size_t kMostCells = 4096;

/// The immovable objects of one cell that one site's pins hold; what only pin.spread keeps in place
/// has no site. An object that several pins hold counts for the oldest of them.
struct CellIslands {
  std::uint32_t cell = 0;
  std::optional<pinning::SiteId> site;
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
  std::uint64_t oldest = 0;  ///< clock when the oldest of the pins was made; 0 without a site
  std::uint64_t newest = 0;
};

struct CellHeld {
  std::uint32_t cell = 0;
  std::uint64_t bytes = 0;
};

/// Bytes in use with pins less in use as planned without, of the blocks that begin in the cell.
struct CellHostage {
  std::uint32_t cell = 0;
  std::int64_t bytes = 0;
};

/// Objects in blocks that could have moved, and the sums of their sizes and of their squares: from
/// these follows what a slide is expected to leave over in a gap.
struct MovableSizes {
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
  std::uint64_t squares = 0;
};

struct HeapMap {
  std::uint64_t collection = 0;  ///< its index
  PauseKind kind = PauseKind::young;
  std::uint64_t clock = 0;
  std::uint64_t cell_bytes = 0;
  std::array<std::uint64_t, kCellKindNames.size()> bytes{};  ///< by kind
  std::uint64_t islands = 0;  ///< maximal stretches of immovable objects in blocks
  std::string cells;          ///< a letter of kCellLetters each, from the heap's base
  std::string occupied;       ///< ninths of the cell that hold objects, rounded down: 0 to 9
  std::vector<CellIslands> islands_by_cell;  ///< ascending by cell, then by site
  std::vector<CellHeld> held;                ///< cells with held bytes, ascending
  /// Ascending, none 0, together the collection's; nothing where it was not measured.
  std::optional<std::vector<CellHostage>> hostage;
  MovableSizes movable;  ///< nursery included
};

/// What a map is made from. `moved`: where the pause put what it moved; ascending, disjoint.
struct MapSource {
  const heap::Heap& heap;
  pinning::PinRegistry& pins;
  const Options& options;
  std::span<const heap::AddressRange> moved;
};

/// The smallest power of two, a page at least, of which kMostCells cover the heap's blocks.
[[nodiscard]] std::uint64_t cell_bytes_of(const heap::Heap& heap);

/// REQUIRES a stopped world and the report of the pause that just ended. After a young collection
/// old objects that have died since the last full one count as live.
[[nodiscard]] HeapMap map_heap(const MapSource& source, const PauseReport& report);

}  // namespace pinlab::collector
