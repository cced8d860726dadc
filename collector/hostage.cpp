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

std::vector<OldBlockCensus> old_census(const heap::Heap& heap, const IslandList& islands) {
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
  }
  for (const AddressRange& island : islands) {
    OldBlockCensus& block = blocks[heap::index_of(heap.block_of(island.base))];
    block.islands += island.bytes();
    ++block.island_count;
  }
  return blocks;
}

Itinerary decide(Generations& generations, const IslandList& islands, CompactEffort effort) {
  const std::vector<OldBlockCensus> blocks = old_census(generations.heap, islands);
  return decide(*generations.old_route, generations.old_variants,
                {generations.heap, blocks, islands, effort, generations.options.gap_min});
}

std::uint64_t planned_bytes(Generations& generations,
                            const LiveSet& live,
                            IslandList islands,
                            CompactEffort effort) {
  const std::vector<OldBlockCensus> blocks = old_census(generations.heap, islands);
  const Itinerary itinerary =
      decide(*generations.old_route, generations.old_variants,
             {generations.heap, blocks, islands, effort, generations.options.gap_min});
  static_cast<void>(add_artificial_islands(generations, itinerary, islands));
  std::uint64_t stay = 0;
  for (const OldBlockCensus& block : blocks) {
    stay += block.live > 0 ? 1U : 0U;
  }
  for (const Block source : itinerary.sources) {
    stay -= blocks[heap::index_of(source)].live > 0 ? 1U : 0U;
  }
  const std::uint64_t used =
      stay + plan_used_blocks(generations.heap, live, itinerary, islands, generations.plan_rules());
  return used * generations.heap.block_bytes() + live.large_bytes;
}

void measure_hostage(Generations& generations,
                     const LiveSet& live,
                     const IslandList& islands,
                     CompactEffort effort,
                     PauseReport& report) {
  if (islands.empty() || !generations.options.measure_hostage) {
    return;
  }
  const PhaseTimer timer(report, PausePhase::shadow);
  const auto used = [&](const IslandList& around) {
    return static_cast<std::int64_t>(planned_bytes(generations, live, around, effort));
  };
  const std::int64_t with_all = used(islands);
  report.hostage = with_all - used({});
  std::vector<SiteHostage*> largest;
  for (SiteHostage& site : report.sites) {
    largest.push_back(&site);
  }
  std::ranges::stable_sort(largest, std::ranges::greater{}, &SiteHostage::pinned_bytes);
  largest.resize(std::min<std::size_t>(largest.size(), generations.options.measure_sites));
  const bool all_are_seen = generations.options.measure_pins == 1;
  for (SiteHostage* site : largest) {
    if (report.sites.size() == 1 && all_are_seen) {
      site->hostage = report.hostage;
      break;
    }
    site->hostage =
        with_all - used(form_islands(generations, PinFilter{.without_site = site->site}));
  }
}

}  // namespace pinlab::collector
