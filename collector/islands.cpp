#include "collector/islands.hpp"

#include <algorithm>
#include <bit>
#include <mutex>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::ObjectRef;
using pinning::PinSet;
namespace state = heap::block_state;

namespace {

constexpr std::size_t kAhead = 8;

/// visit(entry) for each pin of an object in a block that is alive; memory is fetched ahead.
template <class Visit>
void for_each_live_pin(Generations& generations, Visit&& visit) {
  const heap::Heap& heap = generations.heap;
  generations.pins.for_each_set([&](PinSet& set) {
    const std::lock_guard lock(set.lock());
    const PinSet::Entries& entries = set.entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i + kAhead < entries.size()) {
        __builtin_prefetch(&heap.marks().line(entries[i + kAhead].object.address()));
      }
      const Address object = entries[i].object.address();
      if (heap.marks().is_live(object)) {
        visit(entries[i]);
      }
    }
  });
}

/// Every live object of the block that overlaps the reach of one in it.
void spread_in_block(Generations& generations, AddressRange block) {
  heap::Heap& heap = generations.heap;
  std::vector<AddressRange> reaches;
  for (Address line = block.base; line < block.limit; line += heap::kLineBytes) {
    for (std::uint64_t bits = heap.immovable(line); bits != 0; bits &= bits - 1) {
      const ObjectRef object(line + heap::kGranuleBytes *
                                        static_cast<std::size_t>(std::countr_zero(bits)));
      reaches.push_back(
          generations.spread->reach(object.range(), block, generations.options.spread_line));
    }
  }
  auto reach = reaches.begin();
  heap.marks().for_each_live_start(block, [&](Address start) {
    const Address end = heap.marks().end_of_live(start, block.limit);
    while (reach != reaches.end() && reach->limit <= start) {
      ++reach;
    }
    if (reach != reaches.end() && reach->base < end) {
      heap.set_immovable(start);
    }
  });
}

/// Appends the block's immovable objects to the list and clears their bits.
void collect_block(heap::Heap& heap, AddressRange block, IslandList& islands) {
  for (Address line = block.base; line < block.limit; line += heap::kLineBytes) {
    std::uint64_t& bits = heap.immovable(line);
    for (; bits != 0; bits &= bits - 1) {
      const Address start =
          line + heap::kGranuleBytes * static_cast<std::size_t>(std::countr_zero(bits));
      const Address end = heap.marks().end_of_live(start, block.limit);
      if (!islands.empty() && islands.back().limit == start && start != block.base) {
        islands.back().limit = end;
      } else {
        islands.push_back({start, end});
      }
    }
  }
}

}  // namespace

IslandList form_islands(Generations& generations, std::optional<pinning::SiteId> without_site) {
  heap::Heap& heap = generations.heap;
  for_each_live_pin(generations, [&](const PinSet::Entry& entry) {
    std::uint8_t& where = heap.state(entry.object.address());
    if ((where & state::kOld) != 0 && entry.site != without_site) {
      where |= state::kIslands;
      heap.set_immovable(entry.object.address());
    }
  });
  const bool spreads = generations.options.pin_spread != "object";
  IslandList islands;
  for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
    const heap::Block block{i};
    if ((heap.state(block) & state::kIslands) == 0) {
      continue;
    }
    const AddressRange range = heap.range_of(block);
    if (spreads) {
      spread_in_block(generations, range);
    }
    collect_block(heap, range, islands);
    heap.state(block) &= static_cast<std::uint8_t>(~state::kIslands);
  }
  return islands;
}

std::vector<SiteHostage> pins_by_site(Generations& generations, PauseReport& report) {
  std::vector<SiteHostage> by_site;
  for_each_live_pin(generations, [&](const PinSet::Entry& entry) {
    if (entry.site >= by_site.size()) {
      by_site.resize(entry.site + 1);
    }
    const std::uint64_t bytes = entry.object.bytes();
    by_site[entry.site].pins += 1;
    by_site[entry.site].pinned_bytes += bytes;
    ++report.pins;
    report.pinned_bytes += bytes;
  });
  for (std::size_t site = 0; site < by_site.size(); ++site) {
    by_site[site].site = static_cast<pinning::SiteId>(site);
  }
  std::erase_if(by_site, [](const SiteHostage& site) { return site.pins == 0; });
  return by_site;
}

}  // namespace pinlab::collector
