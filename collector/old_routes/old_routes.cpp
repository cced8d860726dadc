#include "heap/support/wide.hpp"
#include "collector/old_route.hpp"

#include <algorithm>
#include <array>

namespace pinlab::collector {

#define PINLAB_NAMED(name) heap::Named<OldRoute> old_route_##name();
#include "old_routes.inc"
#undef PINLAB_NAMED

std::span<const heap::Named<OldRoute>> old_routes() {
#define PINLAB_NAMED(name) old_route_##name(),
  static const auto entries = std::to_array<heap::Named<OldRoute>>({
#include "old_routes.inc"
  });
#undef PINLAB_NAMED
  return entries;
}

namespace {

/// What marking, updating and the stop cost, for each live byte, against one byte moved.
constexpr std::uint64_t kFixedCostShift = 1;

std::vector<OldBlockCensus> sparsest(std::vector<OldBlockCensus> blocks,
                                     std::uint64_t block_bytes) {
  std::erase_if(blocks, [](const OldBlockCensus& block) { return block.free; });
  std::uint64_t live = 0;
  for (const OldBlockCensus& block : blocks) {
    live += block.live;
  }
  std::ranges::stable_sort(blocks, {}, [](const OldBlockCensus& block) { return block.live; });
  std::uint64_t cost = live >> kFixedCostShift;
  std::uint64_t freed = 0;
  std::size_t chosen = 0;
  for (; chosen < blocks.size(); ++chosen) {
    const std::uint64_t moves = blocks[chosen].live - blocks[chosen].islands;
    const std::uint64_t frees = block_bytes - blocks[chosen].live;
    // moves / frees > cost / freed: the next block makes the average worse.
    if (freed > 0 && heap::Wide{moves} * freed > heap::Wide{cost} * frees) {
      break;
    }
    cost += moves;
    freed += frees;
  }
  blocks.resize(chosen);
  std::ranges::sort(blocks, {}, &OldBlockCensus::block);
  return blocks;
}

}  // namespace

SourceList worthwhile(std::vector<OldBlockCensus> candidates, const SourceChoice& choice) {
  if (choice.effort == CompactEffort::adaptive) {
    candidates = sparsest(std::move(candidates), choice.block_bytes);
  }
  while (!candidates.empty() && candidates.back().free) {
    candidates.pop_back();  // nothing lies above it that could go there
  }
  SourceList list;
  list.reserve(candidates.size());
  for (const OldBlockCensus& block : candidates) {
    list.push_back(block.block);
  }
  return list;
}

}  // namespace pinlab::collector
