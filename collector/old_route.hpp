// The axis of old routes: where the survivors of the old generation go, around the islands.
#pragma once

#include "heap/support/named.hpp"
#include "collector/nursery_route.hpp"
#include "collector/options.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace pinlab::collector {

/// What marking found in a block of the old generation, in bytes.
struct OldBlockCensus {
  heap::Block block;
  std::uint64_t live = 0;     ///< islands included
  std::uint64_t islands = 0;  ///< bytes that may not move
  bool free = false;          ///< nobody's yet, but within the budget: a destination
};

/// The blocks that a compaction works on, in the order in which their movable objects are placed
/// and their gaps are filled. A block that is not chosen keeps its objects where they are.
using SourceList = std::vector<heap::Block>;

/// What a route is given to choose from.
struct SourceChoice {
  std::span<const OldBlockCensus> blocks;  ///< ascending by address, free ones included
  std::uint64_t block_bytes;
  CompactEffort effort;
};

class OldRoute {
 public:
  OldRoute() = default;
  OldRoute(const OldRoute&) = delete;
  OldRoute& operator=(const OldRoute&) = delete;
  virtual ~OldRoute() = default;
  [[nodiscard]] virtual SourceList choose_sources(const SourceChoice& choice) const = 0;
};

/// Of `candidates`, ascending by address, those worth their cost, again ascending. Exhaustive: all,
/// and the free blocks below them. Adaptive: the sparsest, while the next one's cost for each byte
/// freed is below the average so far, the fixed cost of the collection included.
[[nodiscard]] SourceList worthwhile(std::vector<OldBlockCensus> candidates,
                                    const SourceChoice& choice);

/// The routes, in the order of collector/meson.build.
[[nodiscard]] std::span<const heap::Named<OldRoute>> old_routes();

}  // namespace pinlab::collector
