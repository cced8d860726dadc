#include "heap/heap.hpp"

#include "heap/space.hpp"
#include "heap/support/random.hpp"

#include <doctest/doctest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace pinlab::heap::tests {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kBlock = 16 * kKiB;

HeapConfig config_of(std::uint64_t blocks) {
  return {.max_bytes = blocks * kBlock, .block_bytes = kBlock};
}

bool is_zero(AddressRange range) {
  for (Address a = range.base; a < range.limit; a += kGranuleBytes) {
    if (a.word() != 0) {
      return false;
    }
  }
  return true;
}

void scribble(AddressRange range) {
  for (Address a = range.base; a < range.limit; a += kGranuleBytes) {
    a.word() = 0xDEADBEEFDEADBEEFU;
  }
}

ObjectRef put(Heap& heap, Address at, Shape shape) {
  heap.prepare({at, at + shape.object_bytes()});
  at.word() = Header(shape.object_bytes() >> kGranuleShift, shape.references).word();
  return ObjectRef(at);
}

/// What the system was told of the mapping that `a` lies in; empty where it does not say.
std::string flags_of_mapping(Address a) {
  std::ifstream maps("/proc/self/smaps");
  bool is_it = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t base = 0;
    std::uintptr_t limit = 0;
    char minus = 0;
    std::istringstream head(line);
    if (head >> std::hex >> base >> minus >> limit && minus == '-') {
      is_it = base <= a.value() && a.value() < limit;
    } else if (is_it && line.starts_with("VmFlags:")) {
      return line.substr(8) + " ";
    }
  }
  return "";
}

TEST_CASE(
    "marks of a large heap lie in huge pages, those of a small one and of large objects do not") {
  const auto marks_flags = [](const Heap& heap, Address a) {
    return flags_of_mapping(Address::of(&heap.marks().line(a)));
  };
  constexpr std::uint64_t kMiB = kKiB * kKiB;
  const Heap large({.max_bytes = 512 * kMiB, .block_bytes = 64 * kKiB});
  const std::string flags = marks_flags(large, large.base() + 256 * kMiB);
  if (flags.empty() || !std::filesystem::exists("/sys/kernel/mm/transparent_hugepage")) {
    MESSAGE("this system does not say");
    return;
  }
  CHECK(flags.find(" hg ") != std::string::npos);
  // Large objects lie above; their lines are few, and far from each other.
  CHECK(marks_flags(large, large.base() + 1024 * kMiB).find(" hg ") == std::string::npos);
  const Heap small({.max_bytes = 16 * kMiB, .block_bytes = 64 * kKiB});
  CHECK(marks_flags(small, small.base()).find(" hg ") == std::string::npos);
}

TEST_CASE("sizes that no heap can have are refused") {
  CHECK_THROWS_AS(Heap({.max_bytes = 1024 * kKiB, .block_bytes = 8 * kKiB}), HeapConfigError);
  CHECK_THROWS_AS(Heap({.max_bytes = 1024 * kKiB, .block_bytes = 48 * kKiB}), HeapConfigError);
  CHECK_THROWS_AS(Heap({.max_bytes = 8 * kKiB, .block_bytes = kBlock}), HeapConfigError);
  CHECK_THROWS_AS(Heap({.max_bytes = std::uint64_t{17} << 30U, .block_bytes = kBlock}),
                  HeapConfigError);
  CHECK(Heap({.max_bytes = 10 * kBlock + 1, .block_bytes = kBlock}).block_count() == 10);
}

TEST_CASE("the lowest free block is taken, up to the budget, and it is clear") {
  constexpr std::uint32_t kBlocks = 150;  // more than two words of the table of free blocks
  Heap heap(config_of(kBlocks));
  std::set<std::uint32_t> free;
  for (std::uint32_t i = 0; i < kBlocks; ++i) {
    free.insert(i);
  }
  Random random(1);
  for (unsigned step = 0; step < 3000; ++step) {
    if (random.below(100) < (step / 500 % 2 == 0 ? 70U : 30U)) {
      const std::optional<Block> block = heap.take_block(block_state::kOld);
      REQUIRE(block.has_value() == !free.empty());
      if (block) {
        REQUIRE(index_of(*block) == *free.begin());
        const AddressRange range = heap.range_of(*block);
        REQUIRE(heap.state(*block) == block_state::kOld);
        REQUIRE(heap.marks().line(range.limit - 1).live == 0);
        REQUIRE(heap.marks().line(range.base).start == 0);
        REQUIRE(heap.card(range.base) == 0);
        REQUIRE(!heap.may_refer(*block));
        free.erase(free.begin());
        heap.marks().set_live(range);
        heap.marks().set_start(range.base);
        heap.card(range.base) = 1;
        heap.set_may_refer(range.base);
      }
    } else if (free.size() < kBlocks) {
      std::uint32_t victim = static_cast<std::uint32_t>(random.below(kBlocks));
      while (free.contains(victim)) {
        victim = (victim + 1) % kBlocks;
      }
      heap.release_block(Block{victim});
      free.insert(victim);
    }
    REQUIRE(heap.free_blocks() == free.size());
    REQUIRE(heap.used_blocks() == kBlocks - free.size());
    REQUIRE(heap.used_bytes() == (kBlocks - free.size()) * kBlock);
  }
}

TEST_CASE("blocks and large objects share one budget") {
  Heap heap(config_of(8));
  const Shape half{0, 4 * kBlock - kGranuleBytes};
  const ObjectRef large = heap.allocate_large(half).value();
  CHECK(heap.is_large(large.address()));
  CHECK(!heap.is_large(heap.base()));
  CHECK(heap.marks().is_start(large.address()));
  CHECK(heap.free_blocks() == 4);
  for (unsigned i = 0; i < 4; ++i) {
    CHECK(heap.take_block(block_state::kNursery).has_value());
  }
  CHECK(!heap.take_block(block_state::kNursery).has_value());
  CHECK(!heap.allocate_large({0, 100}).has_value());
  heap.release_large(large);
  CHECK(!heap.marks().is_start(large.address()));
  CHECK(heap.free_blocks() == 4);
  CHECK(heap.allocate_large(half).has_value());
  CHECK(heap.used_bytes() == heap.max_bytes());
}

TEST_CASE("a block that stays free from one call to the next goes back to the system") {
  Heap heap(config_of(4));
  CHECK(heap.committed_bytes() == 0);
  const Block block = heap.take_block(block_state::kOld).value();
  const AddressRange range = heap.range_of(block);
  heap.prepare({range.base, range.base + 5000});
  CHECK(heap.committed_bytes() == 2 * kPageBytes);
  heap.prepare(range);
  scribble(range);
  CHECK(heap.committed_bytes() == kBlock);
  heap.give_back_unused();
  CHECK(heap.committed_bytes() == kBlock);  // in use
  heap.release_block(block);
  heap.give_back_unused();
  CHECK(heap.committed_bytes() == kBlock);  // it was in use since the last call
  heap.give_back_unused();
  CHECK(heap.committed_bytes() == 0);
  heap.claim_block(block, block_state::kOld);
  heap.prepare(range);
  CHECK(is_zero(range));  // it came anew
  const ObjectRef large = heap.allocate_large({0, 3 * kPageBytes}).value();
  CHECK(heap.committed_bytes() == kBlock + 4 * kPageBytes);
  heap.release_large(large);
  CHECK(heap.committed_bytes() == kBlock);
}

TEST_CASE("an address in an object leads to it, also by walking, and one in a gap to nothing") {
  for (const std::uint8_t owner : {block_state::kOld, block_state::kNursery}) {
    CAPTURE(owner);
    Heap heap(config_of(4));
    const AddressRange block = heap.range_of(heap.take_block(owner).value());
    heap.prepare(block);
    Random random(3);
    std::vector<ObjectRef> objects;
    Address end = block.base;
    while (block.limit - end > 2 * kKiB) {
      const Shape shape{static_cast<std::uint32_t>(random.below(3)), random.below(1200)};
      if (random.below(4) == 0) {
        heap.format_gap({end, end + shape.object_bytes()});
        end += shape.object_bytes();
        continue;
      }
      objects.push_back(put(heap, end, shape));
      end = objects.back().range().limit;
      // The upper half is as after allocation: without start bits.
      if (owner == block_state::kOld && end < block.base + kBlock / 2) {
        heap.marks().set_start(objects.back().address());
      }
    }
    heap.format_gap({end, block.limit});
    auto object = objects.begin();
    for (Address a = block.base; a < block.limit; a += 1 + random.below(40)) {
      while (object != objects.end() && object->range().limit <= a) {
        ++object;
      }
      const bool inside = object != objects.end() && object->range().contains(a);
      REQUIRE(heap.object_containing(a) == (inside ? *object : ObjectRef()));
    }
    CHECK(!heap.object_containing(block.limit));  // a free block
    CHECK(!heap.object_containing(heap.base() - 1));
    const ObjectRef large = heap.allocate_large({2, kBlock}).value();
    CHECK(heap.object_containing(large.range().limit - 1) == large);
    CHECK(!heap.object_containing(large.range().limit));
  }
}

TEST_CASE("a walk goes around what is open, and finds nothing beyond a cursor") {
  Random random(5);
  for (unsigned round = 0; round < 100; ++round) {
    Heap heap(config_of(2));
    const AddressRange block = heap.range_of(heap.take_block(block_state::kNursery).value());
    heap.prepare(block);
    scribble(block);
    std::array<BumpCursor, 3> cursors;
    std::vector<ObjectRef> objects;
    const auto fill = [&](Address from, Address to) {
      while (from < to) {
        const std::size_t room = to - from;
        const std::size_t bytes = kGranuleBytes * (1 + random.below(40));
        objects.push_back(put(heap, from, {0, std::min(room, bytes) - kGranuleBytes}));
        from = objects.back().range().limit;
      }
    };
    Address at = block.base;
    for (BumpCursor& cursor : cursors) {
      heap.open_cursors().add(cursor);
      const Address base = at + kGranuleBytes * random.below(200);
      const Address limit = base + kGranuleBytes * random.below(300);
      fill(at, base);
      heap.open_cursors().open(cursor, {base, limit});
      cursor.reach(base + kGranuleBytes * random.below(1 + (limit - base) / kGranuleBytes));
      fill(base, cursor.cursor);
      at = limit;
    }
    fill(at, block.limit);
    std::size_t next = 0;
    for (Address a = block.base; a < block.limit; a += kGranuleBytes) {
      while (next < objects.size() && objects[next].range().limit <= a) {
        ++next;
      }
      const bool inside = next < objects.size() && objects[next].range().contains(a);
      REQUIRE(heap.object_containing(a) == (inside ? objects[next] : ObjectRef()));
    }
    for (BumpCursor& cursor : cursors) {
      heap.open_cursors().remove(cursor);
    }
  }
}

TEST_CASE("a space gives memory to one owner at a time, and leaves every block walkable") {
  for (const Named<GapReuse>& policy : gap_reuses()) {
    CAPTURE(policy.name);
    Heap heap(config_of(32));
    const std::unique_ptr<GapReuse> gaps = policy.make();
    Space space(heap, block_state::kOld, gaps.get());
    Random random(4);
    std::map<Address, Address> taken;
    for (;;) {
      const std::size_t need = kGranuleBytes * (1 + random.below(300));
      const AddressRange range = space.take(need, random.below(4 * kKiB));
      if (range.empty()) {
        break;
      }
      REQUIRE(range.bytes() >= need);
      REQUIRE(heap.block_of(range.base) == heap.block_of(range.limit - 1));
      const Address used = range.base + need;
      const auto next = taken.lower_bound(range.base);
      REQUIRE((next == taken.end() || used <= next->first));
      REQUIRE((next == taken.begin() || std::prev(next)->second <= range.base));
      taken.emplace(range.base, used);
      range.base.word() = Header(need >> kGranuleShift, 0).word();
      space.give_back({used, range.limit});
    }
    space.close();
    CHECK(heap.used_blocks() == heap.block_count());
    for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
      const AddressRange block = heap.range_of(Block{i});
      Address walk = block.base;
      while (walk < block.limit) {
        const ObjectRef object(walk);
        REQUIRE(object.bytes() > 0);
        REQUIRE(object.header().has(Header::kFiller) != taken.contains(walk));
        walk = object.range().limit;
      }
      REQUIRE(walk == block.limit);
    }
  }
}

}  // namespace
}  // namespace pinlab::heap::tests
