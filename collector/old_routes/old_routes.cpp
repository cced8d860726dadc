#include "heap/support/digit_sort.hpp"
#include "heap/support/wide.hpp"
#include "collector/island_map.hpp"
#include "collector/old_route.hpp"

#include <algorithm>
#include <array>
#include <span>

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

std::span<const std::string_view> old_variant_names() {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"compact.fit", "compact.open_gaps", "compact.budget", "compact.island_least",
       "compact.island_shift", "old.headroom", "old.skipped_gaps", "old.utilisation",
       "old.overhead", "old.contiguous"});
  return kNames;
}

std::uint64_t OldRoute::budget(const RouteChoice& choice) const {
  return choice.effort == CompactEffort::exhaustive ? OldVariants::kUnlimited : *chosen().budget;
}

namespace {

/// What marking, updating and the stop cost, for each live byte, against one byte moved.
constexpr std::uint64_t kFixedCostShift = 1;

/// The blocks in use that the rule pays for, the sparsest first and of equals the lowest; of them
/// as many as the budget allows. Ascending by address.
SourceList sparsest(std::span<const OldBlockCensus> blocks,
                    std::uint64_t block_bytes,
                    std::uint64_t budget) {
  std::uint64_t live = 0;
  // The place in `blocks` stands in the lower half, what is alive above it.
  const auto place_of = [](std::uint64_t entry) -> std::size_t { return entry & 0xFFFF'FFFFU; };
  std::vector<std::uint64_t> order(blocks.size());
  std::size_t used = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    live += blocks[i].live;
    order[used] = blocks[i].live / heap::kGranuleBytes << 32U | i;
    used += blocks[i].free ? 0U : 1U;
  }
  order.resize(used);
  heap::sort_by_upper_half(order, static_cast<std::uint32_t>(block_bytes / heap::kGranuleBytes));
  std::uint64_t cost = live >> kFixedCostShift;
  std::uint64_t moved = 0;
  std::uint64_t freed = 0;
  std::size_t chosen = 0;
  for (; chosen < order.size(); ++chosen) {
    const OldBlockCensus& block = blocks[place_of(order[chosen])];
    const std::uint64_t moves = block.movable();
    const std::uint64_t frees = block_bytes - block.live;
    if (frees == 0) {
      break;  // nor do those behind it, and a block of islands alone would look as if it were cheap
    }
    // moves / frees > cost / freed: the next block makes the average worse.
    if (moved + moves > budget ||
        (freed > 0 && heap::Wide{moves} * freed > heap::Wide{cost} * frees)) {
      break;
    }
    cost += moves;
    moved += moves;
    freed += frees;
  }
  std::vector<std::uint8_t> is_chosen(blocks.size(), 0);
  for (std::size_t i = 0; i < chosen; ++i) {
    is_chosen[place_of(order[i])] = 1;
  }
  SourceList list(blocks.size());
  std::size_t listed = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    list[listed] = blocks[i].block;
    listed += is_chosen[i];
  }
  list.resize(listed);
  return list;
}

}  // namespace

OldVariants settled(const OldRoute& route, OldVariants variants) {
  constexpr std::uint32_t kFewGaps = 8;
  route.settle(variants);
  variants.fit = variants.fit.value_or(Fit::next);
  variants.open_gaps = variants.open_gaps.value_or(kFewGaps);
  variants.budget = variants.budget.value_or(OldVariants::kUnlimited);
  variants.headroom = variants.headroom.value_or(0);
  return variants;
}

Itinerary slide(SourceList sources, const OldVariants& variants) {
  Itinerary itinerary;
  itinerary.destinations = sources;
  itinerary.sources = std::move(sources);
  itinerary.fit = variants.fit.value_or(Fit::next);
  return itinerary;
}

SourceList worthwhile(std::span<const OldBlockCensus> candidates,
                      const RouteChoice& choice,
                      std::uint64_t budget) {
  if (choice.effort == CompactEffort::adaptive) {
    return sparsest(candidates, choice.block_bytes(), budget);
  }
  while (!candidates.empty() && candidates.back().free) {
    candidates = candidates.first(candidates.size() - 1);  // nothing lies above it to go there
  }
  SourceList list;
  list.reserve(candidates.size());
  for (const OldBlockCensus& block : candidates) {
    list.push_back(block.block);
  }
  return list;
}

DestinationList free_blocks(const RouteChoice& choice) {
  DestinationList list;
  for (const OldBlockCensus& block : choice.blocks) {
    if (block.free) {
      list.push_back(block.block);
    }
  }
  return list;
}

std::uint64_t contiguous_now(const RouteChoice& choice, heap::Block block, std::size_t least) {
  std::uint64_t bytes = 0;
  choice.heap.marks().for_each_gap(choice.heap.range_of(block), least,
                                   [&](heap::AddressRange gap) { bytes += gap.bytes(); });
  return bytes;
}

std::uint64_t contiguous_between_islands(const RouteChoice& choice,
                                         heap::Block block,
                                         std::size_t least) {
  const heap::AddressRange range = choice.heap.range_of(block);
  std::uint64_t bytes = 0;
  heap::Address base = range.base;
  const auto add = [&](heap::Address limit) { bytes += limit - base >= least ? limit - base : 0; };
  choice.islands.for_each_in(range, [&](heap::AddressRange island) {
    add(island.base);
    base = island.limit;
  });
  add(range.limit);
  return bytes;
}

}  // namespace pinlab::collector
