#include "collector/hostage.hpp"

#include "collector/artificial_islands.hpp"
#include "collector/phase_timer.hpp"

#include <algorithm>
#include <numeric>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::Block;
namespace state = heap::block_state;

OldCensus old_census(const heap::Heap& heap) {
  OldCensus census{std::vector<OldBlockCensus>(heap.block_count()), LiveParts(heap.blocks_range())};
  std::vector<OldBlockCensus>& blocks = census.blocks;
  std::uint32_t free_left = heap.free_blocks_for_compaction();
  for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
    const Block block{i};
    blocks[i].block = block;
    if (heap.state(block) == state::kFree) {
      // What large objects use of the budget, no block can.
      blocks[i].free = free_left > 0;
      free_left -= free_left > 0 ? 1U : 0U;
      continue;
    }
    const AddressRange range = heap.range_of(block);
    Address part = range.base;
    std::uint32_t granules = 0;
    for (std::uint32_t& sum : census.parts.sums(range)) {
      const AddressRange lines{part, part + LiveParts::kPartBytes};
      granules += static_cast<std::uint32_t>(heap.marks().live_bytes(lines) / heap::kGranuleBytes);
      sum = granules;
      part = lines.limit;
    }
    blocks[i].live = std::uint64_t{granules} * heap::kGranuleBytes;
  }
  return census;
}

namespace {

void add_islands(const IslandMap& islands, std::vector<OldBlockCensus>& blocks) {
  for (OldBlockCensus& block : blocks) {
    const BlockIslands of_block = islands.of(block.block);
    block.islands = of_block.bytes;
    block.island_count = of_block.count;
  }
}

}  // namespace

/// The route's decision, or none: where the rule is against compacting at all. The pinned space is
/// nothing that a route decides about.
Itinerary decide(Generations& generations,
                 std::vector<OldBlockCensus> blocks,
                 const IslandMap& islands,
                 CompactEffort effort) {
  const heap::Heap& heap = generations.heap;
  add_islands(islands, blocks);
  if (heap.pinned_blocks() > 0) {
    std::erase_if(blocks, [&](const OldBlockCensus& block) {
      return state::is_pinned_space(heap.state(block.block));
    });
  }
  if (!generations.compaction.compacts(heap, blocks, effort)) {
    return {};
  }
  return generations.old_route->decide(
      {heap, blocks, islands, effort, generations.options.gap_min});
}

namespace {

/// For each block whether anything is in it before its objects move, were nothing to come to it.
std::vector<std::uint8_t> use_of(const std::vector<OldBlockCensus>& blocks) {
  std::vector<std::uint8_t> used(blocks.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    used[i] = blocks[i].live > 0 ? 1 : 0;
  }
  return used;
}

/// For each block whether anything is in it after the collection that would go around `islands`.
std::vector<std::uint8_t> planned_use(Generations& generations,
                                      const LiveSet& live,
                                      const OldCensus& census,
                                      IslandMap islands,
                                      CompactEffort effort) {
  const Itinerary itinerary = decide(generations, census.blocks, islands, effort);
  static_cast<void>(add_artificial_islands(generations, itinerary, islands));
  std::vector<std::uint8_t> used = use_of(census.blocks);
  for (const Block source : itinerary.sources) {
    used[heap::index_of(source)] = 0;
  }
  for (const Block block : plan_used_blocks(generations.heap, live, itinerary, islands,
                                            generations.plan_rules(), &census.parts)) {
    used[heap::index_of(block)] = 1;
  }
  return used;
}

/// The same after these moves.
std::vector<std::uint8_t> use_after(const std::vector<OldBlockCensus>& blocks,
                                    const MovePlan& moves) {
  std::vector<std::uint8_t> used = use_of(blocks);
  for (std::size_t i = 0; i < moves.blocks.size(); ++i) {
    used[heap::index_of(moves.blocks[i])] = moves.keeps[i];
  }
  return used;
}

std::int64_t bytes_of(const heap::Heap& heap, const std::vector<std::uint8_t>& used) {
  return std::ranges::count(used, 1) * static_cast<std::int64_t>(heap.block_bytes());
}

std::vector<BlockHostage> difference(const heap::Heap& heap,
                                     const std::vector<std::uint8_t>& with,
                                     const std::vector<std::uint8_t>& without) {
  const auto size = static_cast<std::int64_t>(heap.block_bytes());
  std::vector<BlockHostage> blocks;
  for (std::size_t i = 0; i < with.size(); ++i) {
    if (with[i] != without[i]) {
      blocks.push_back({static_cast<std::uint32_t>(i), with[i] != 0 ? size : -size});
    }
  }
  return blocks;
}

}  // namespace

std::uint64_t planned_bytes(Generations& generations,
                            const LiveSet& live,
                            IslandMap islands,
                            CompactEffort effort) {
  const auto used =
      planned_use(generations, live, old_census(generations.heap), std::move(islands), effort);
  return static_cast<std::uint64_t>(bytes_of(generations.heap, used)) + live.large_bytes;
}

std::optional<ShadowPlans> plan_shadows(Generations& generations,
                                        const LiveSet& live,
                                        const OldCensus& census,
                                        IslandMap& islands,
                                        CompactEffort effort,
                                        PauseReport& report) {
  report.hostage_measured = generations.options.measure_hostage;
  if (islands.empty() || !report.hostage_measured) {
    return std::nullopt;
  }
  const PhaseTimer timer(report, PausePhase::shadow);
  const auto bytes_without = [&](const PinFilter& filter) {
    islands.list_all();  // a plan without some of the pins forms islands of its own
    return bytes_of(generations.heap, planned_use(generations, live, census,
                                                  form_islands(generations, live, filter), effort));
  };
  ShadowPlans shadows;
  shadows.without_pins = planned_use(generations, live, census, {}, effort);
  if (!live.ambiguous.empty()) {
    shadows.without_ambiguous = bytes_without(PinFilter{.without_ambiguous = true});
  }
  std::vector<std::size_t> largest(report.sites.size());
  std::iota(largest.begin(), largest.end(), std::size_t{0});
  std::ranges::stable_sort(largest, std::ranges::greater{},
                           [&](std::size_t i) { return report.sites[i].pinned_bytes; });
  largest.resize(std::min<std::size_t>(largest.size(), generations.options.measure_sites));
  shadows.without_site.resize(report.sites.size());
  shadows.one_site = largest.size() == 1 && report.sites.size() == 1 &&
                     generations.options.measure_pins == 1 && live.ambiguous.empty() &&
                     generations.pins.parents().empty();
  if (!shadows.one_site) {
    for (const std::size_t i : largest) {
      shadows.without_site[i] = bytes_without(PinFilter{.without_site = report.sites[i].site});
    }
  }
  return shadows;
}

void measure_hostage(const heap::Heap& heap,
                     const OldCensus& census,
                     const MovePlan& moves,
                     const std::optional<ShadowPlans>& shadows,
                     PauseReport& report) {
  if (!shadows) {
    return;
  }
  const PhaseTimer timer(report, PausePhase::shadow);
  const std::vector<std::uint8_t> used = use_after(census.blocks, moves);
  const std::int64_t bytes = bytes_of(heap, used);
  report.hostage = bytes - bytes_of(heap, shadows->without_pins);
  report.hostage_blocks = difference(heap, used, shadows->without_pins);
  if (shadows->without_ambiguous) {
    report.ambiguous_hostage = bytes - *shadows->without_ambiguous;
  }
  for (std::size_t i = 0; i < report.sites.size(); ++i) {
    if (shadows->without_site[i]) {
      report.sites[i].hostage = bytes - *shadows->without_site[i];
    }
  }
  if (shadows->one_site) {
    report.sites.front().hostage = report.hostage;
  }
}

}  // namespace pinlab::collector
