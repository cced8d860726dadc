#include "collector/hostage.hpp"

#include "collector/artificial_islands.hpp"
#include "collector/phase_timer.hpp"

#include <algorithm>
#include <bit>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::Block;
namespace state = heap::block_state;

std::vector<OldBlockCensus> old_census(const heap::Heap& heap, const IslandMap& islands) {
  std::vector<OldBlockCensus> blocks(heap.block_count());
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
    std::uint64_t granules = 0;
    for (Address line = range.base; line < range.limit; line += heap::kLineBytes) {
      granules += static_cast<std::uint64_t>(std::popcount(heap.marks().line(line).live));
    }
    blocks[i].live = granules * heap::kGranuleBytes;
    const BlockIslands of_block = islands.of(block);
    blocks[i].islands = of_block.bytes;
    blocks[i].island_count = of_block.count;
  }
  return blocks;
}

namespace {

/// The route's decision, or none: where the rule is against compacting at all. The pinned space is
/// nothing that a route decides about.
Itinerary decide(Generations& generations,
                 std::vector<OldBlockCensus> blocks,
                 const IslandMap& islands,
                 CompactEffort effort) {
  const heap::Heap& heap = generations.heap;
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

}  // namespace

Itinerary decide(Generations& generations, const IslandMap& islands, CompactEffort effort) {
  return decide(generations, old_census(generations.heap, islands), islands, effort);
}

namespace {

/// For each block whether anything is in it after the collection that would go around `islands`.
std::vector<std::uint8_t> planned_use(Generations& generations,
                                      const LiveSet& live,
                                      IslandMap islands,
                                      CompactEffort effort) {
  const std::vector<OldBlockCensus> blocks = old_census(generations.heap, islands);
  const Itinerary itinerary = decide(generations, blocks, islands, effort);
  static_cast<void>(add_artificial_islands(generations, itinerary, islands));
  std::vector<std::uint8_t> used(blocks.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    used[i] = blocks[i].live > 0 ? 1 : 0;
  }
  for (const Block source : itinerary.sources) {
    used[heap::index_of(source)] = 0;
  }
  for (const Block block : plan_used_blocks(generations.heap, live, itinerary, islands,
                                            generations.plan_rules())) {
    used[heap::index_of(block)] = 1;
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
  const auto used = planned_use(generations, live, std::move(islands), effort);
  return static_cast<std::uint64_t>(bytes_of(generations.heap, used)) + live.large_bytes;
}

void measure_hostage(Generations& generations,
                     const LiveSet& live,
                     IslandMap& islands,
                     CompactEffort effort,
                     PauseReport& report) {
  report.hostage_measured = generations.options.measure_hostage;
  if (islands.empty() || !report.hostage_measured) {
    return;
  }
  const PhaseTimer timer(report, PausePhase::shadow);
  const heap::Heap& heap = generations.heap;
  islands.list_all();  // every plan without some of the pins forms islands of its own
  const std::vector<std::uint8_t> with = planned_use(generations, live, islands, effort);
  const std::vector<std::uint8_t> without = planned_use(generations, live, {}, effort);
  const std::int64_t with_all = bytes_of(heap, with);
  report.hostage = with_all - bytes_of(heap, without);
  report.hostage_blocks = difference(heap, with, without);
  if (!live.ambiguous.empty()) {
    IslandMap others = form_islands(generations, live, PinFilter{.without_ambiguous = true});
    report.ambiguous_hostage =
        with_all - bytes_of(heap, planned_use(generations, live, std::move(others), effort));
  }
  std::vector<SiteHostage*> largest;
  for (SiteHostage& site : report.sites) {
    largest.push_back(&site);
  }
  std::ranges::stable_sort(largest, std::ranges::greater{}, &SiteHostage::pinned_bytes);
  largest.resize(std::min<std::size_t>(largest.size(), generations.options.measure_sites));
  const bool all_are_seen = generations.options.measure_pins == 1 &&
                            live.ambiguous.empty() && generations.pins.parents().empty();
  for (SiteHostage* site : largest) {
    if (report.sites.size() == 1 && all_are_seen) {
      site->hostage = report.hostage;
      break;
    }
    IslandMap others = form_islands(generations, live, PinFilter{.without_site = site->site});
    site->hostage =
        with_all - bytes_of(heap, planned_use(generations, live, std::move(others), effort));
  }
}

}  // namespace pinlab::collector
