#include "collector/island_map.hpp"

#include <utility>

namespace pinlab::collector {

using heap::AddressRange;
using heap::Block;

IslandMap::IslandMap(HeldObjects& held) : held_(&held), by_block_(held.count_islands()) {
  for (const BlockIslands& block : by_block_) {
    count_ += block.count;
    bytes_ += block.bytes;
  }
}

IslandMap::IslandMap(const heap::Heap& heap, IslandList list) : list_(std::move(list)) {
  count_in(heap, list_);
}

void IslandMap::list_all() {
  if (held_ != nullptr) {
    list_.reserve(count_);
    std::exchange(held_, nullptr)->take([](Block) { return true; }, list_);
  }
}

void IslandMap::list(std::span<const Block> blocks) {
  if (held_ != nullptr && blocks.empty()) {
    std::exchange(held_, nullptr)->forget();
  }
  if (held_ != nullptr) {
    std::vector<std::uint8_t> wanted(by_block_.size(), 0);
    for (const Block block : blocks) {
      wanted[heap::index_of(block)] = 1;
    }
    std::exchange(held_, nullptr)
        ->take([&](Block block) { return wanted[heap::index_of(block)] != 0; }, list_);
  }
}

void IslandMap::add(const heap::Heap& heap, const IslandList& more) {
  const auto middle = static_cast<std::ptrdiff_t>(list_.size());
  list_.insert(list_.end(), more.begin(), more.end());
  std::ranges::inplace_merge(list_, list_.begin() + middle, {}, &AddressRange::base);
  count_in(heap, more);
}

void IslandMap::count_in(const heap::Heap& heap, const IslandList& islands) {
  by_block_.resize(heap.block_count());
  for (const AddressRange& island : islands) {
    BlockIslands& block = by_block_[heap::index_of(heap.block_of(island.base))];
    block.bytes += island.bytes();
    ++block.count;
  }
  for (const AddressRange& island : islands) {
    bytes_ += island.bytes();
  }
  count_ += islands.size();
}

}  // namespace pinlab::collector
