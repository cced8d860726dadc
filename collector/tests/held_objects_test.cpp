// What marking holds, by the bits of pins or one object after another, against a plain array of
// granules: islands are counted, found by block, listed in part and in full, and forgotten.
#include "collector/held_objects.hpp"

#include "heap/support/random.hpp"
#include "collector/island_map.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace pinlab::collector::tests {
namespace {

using heap::Address;
using heap::AddressRange;
using heap::Block;
using heap::kGranuleBytes;

/// Blocks with objects side by side, some of which are held: a mirror of each granule.
class HeldField {
 public:
  HeldField(std::size_t block_bytes, std::uint64_t seed)
      : heap_({.max_bytes = 8 * block_bytes, .block_bytes = block_bytes}),
        held_(heap_),
        random_(seed),
        is_held_(heap_.block_count() * block_bytes / kGranuleBytes, 0) {
    for (unsigned i = 0; i < 6; ++i) {  // two stay free
      static_cast<void>(heap_.take_block(heap::block_state::kOld));
    }
  }

  /// `percent` of the objects: those of every third block by their pin bits, of every third one
  /// after another, in any order and some of them twice, of every third one half each.
  void hold(std::uint64_t most_granules, std::uint64_t percent) {
    std::vector<AddressRange> chosen;
    for (std::uint32_t i = 0; i < 6; ++i) {
      const AddressRange block = heap_.range_of(Block{i});
      for (Address at = block.base; at < block.limit;) {
        const Address end =
            std::min(block.limit, at + kGranuleBytes * (1 + random_.below(most_granules)));
        const bool is_live = random_.below(8) != 0;
        if (is_live) {
          heap_.marks().set_live({at, end});
          objects_.push_back(at);
        }
        heap_.marks().set_start(at);
        if (random_.below(100) < percent && is_live) {
          const bool by_pin = i % 3 == 0 || (i % 3 == 1 && random_.below(2) == 0);
          if (by_pin) {
            heap_.set_may_be_pinned(at);
            mirror({at, end});
          } else {
            chosen.push_back({at, end});
          }
        } else if (!is_live && random_.below(2) == 0) {
          heap_.set_may_be_pinned(at);  // a pin of something dead
        }
        at = end;
      }
      held_.hold_pinned(Block{i}, counts_of(islands_of(Block{i})));
    }
    for (std::size_t i = chosen.size(); i > 1; --i) {
      std::swap(chosen[i - 1], chosen[random_.below(i)]);
    }
    for (std::size_t i = 0; i < chosen.size() + chosen.size() / 4; ++i) {
      held_.hold(chosen[i % chosen.size()]);
      mirror(chosen[i % chosen.size()]);
    }
    for (const Address object : objects_) {
      REQUIRE(held_.is_held(object) == (is_held_[(object - heap_.base()) / kGranuleBytes] != 0));
    }
  }

  [[nodiscard]] IslandList islands_of(Block block) const {
    IslandList islands;
    const AddressRange range = heap_.range_of(block);
    for (Address at = range.base; at < range.limit; at += kGranuleBytes) {
      if (is_held_[(at - heap_.base()) / kGranuleBytes] == 0) {
        continue;
      }
      if (islands.empty() || islands.back().limit != at) {
        islands.push_back({at, at});
      }
      islands.back().limit = at + kGranuleBytes;
    }
    return islands;
  }

  [[nodiscard]] static BlockIslands counts_of(const IslandList& islands) {
    BlockIslands counts;
    for (const AddressRange& island : islands) {
      counts.bytes += island.bytes();
      ++counts.count;
    }
    return counts;
  }

  void check_counts(const IslandMap& map) const {
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
    for (std::uint32_t i = 0; i < heap_.block_count(); ++i) {
      const BlockIslands expected = counts_of(islands_of(Block{i}));
      REQUIRE(map.of(Block{i}).count == expected.count);
      REQUIRE(map.of(Block{i}).bytes == expected.bytes);
      count += expected.count;
      bytes += expected.bytes;
    }
    REQUIRE(map.count() == count);
    REQUIRE(map.bytes() == bytes);
    REQUIRE(map.empty() == (count == 0));
  }

  void check_places(const IslandMap& map, const std::vector<Block>& blocks) const {
    for (const Block block : blocks) {
      IslandList found;
      map.for_each_in(heap_.range_of(block), [&](AddressRange island) { found.push_back(island); });
      REQUIRE(found == islands_of(block));
    }
  }

  void check_nothing_held() const {
    for (std::uint32_t i = 0; i < heap_.block_count(); ++i) {
      const AddressRange block = heap_.range_of(Block{i});
      REQUIRE((heap_.state(Block{i}) & heap::block_state::kIslands) == 0);
      for (Address line = block.base; line < block.limit; line += heap::kLineBytes) {
        REQUIRE(heap_.immovable(line) == 0);
      }
    }
    REQUIRE(held_.count_islands().size() == heap_.block_count());
    for (const BlockIslands& islands : held_.count_islands()) {
      REQUIRE(islands.count == 0);
    }
  }

  [[nodiscard]] const heap::Heap& heap() const { return heap_; }
  [[nodiscard]] HeldObjects& held() { return held_; }
  /// And the objects that there were.
  void forget_mirror() {
    std::ranges::fill(is_held_, std::uint8_t{0});
    objects_.clear();
    for (std::uint32_t i = 0; i < heap_.block_count(); ++i) {
      const AddressRange block = heap_.range_of(Block{i});
      heap_.marks().clear_live(block);
      heap_.marks().clear_start(block);
      heap_.forget_pins(Block{i});
    }
  }

 private:
  void mirror(AddressRange object) {
    for (Address at = object.base; at < object.limit; at += kGranuleBytes) {
      is_held_[(at - heap_.base()) / kGranuleBytes] = 1;
    }
  }

  heap::Heap heap_;
  HeldObjects held_;
  heap::Random random_;
  std::vector<std::uint8_t> is_held_;
  std::vector<Address> objects_;  ///< the live ones
};

std::vector<Block> blocks_from(std::uint32_t first, std::uint32_t limit) {
  std::vector<Block> blocks;
  for (std::uint32_t i = limit; i-- > first;) {
    blocks.push_back(Block{i});  // a route may take sources in any order
  }
  return blocks;
}

TEST_CASE("islands are the stretches of what is held, in blocks of any size") {
  for (const std::size_t block_bytes : {std::size_t{16} << 10U, std::size_t{64} << 10U}) {
    HeldField field(block_bytes, block_bytes);
    for (const std::uint64_t most_granules : {1U, 3U, 64U, 500U}) {
      for (const std::uint64_t percent : {0U, 1U, 50U, 99U, 100U}) {
        CAPTURE(block_bytes);
        CAPTURE(most_granules);
        CAPTURE(percent);
        field.hold(most_granules, percent);
        IslandMap map(field.held());
        field.check_counts(map);
        field.check_places(map, blocks_from(0, 8));
        IslandList all;
        for (std::uint32_t i = 0; i < 8; ++i) {
          const IslandList islands = field.islands_of(Block{i});
          all.insert(all.end(), islands.begin(), islands.end());
        }
        const bool in_full = percent != 50;
        if (in_full) {
          map.list_all();
          REQUIRE(map.listed() == all);
          field.check_places(map, blocks_from(0, 8));
        } else {
          map.list(blocks_from(2, 5));
          field.check_places(map, blocks_from(2, 5));
          REQUIRE(map.in(field.heap().range_of(Block{0})).empty());
        }
        field.check_counts(map);
        field.check_nothing_held();
        field.check_counts(IslandMap(field.heap(), all));
        field.forget_mirror();
        field.hold(most_granules, percent);
        field.held().forget();
        field.check_nothing_held();
        field.forget_mirror();
      }
    }
  }
}

}  // namespace
}  // namespace pinlab::collector::tests
