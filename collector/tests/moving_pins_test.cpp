// What Go's tests of pins cannot ask, since its objects never move: pins while everything around
// them does. Numbers as in the project's list of pin tests.
#include "collector/tests/pin_world.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace pinlab::collector::tests {
namespace {

using heap::ObjectRef;
using pinning::Pinner;

TEST_CASE("N1 an address holds through young and full collections, promotion and growth") {
  for (const char* route : {"promote_block", "fragments"}) {
    Options options = moving_options();
    options.nursery_route = route;
    options.nursery_survivals = 2;
    PinWorld world(options);
    Neighbour neighbour(world);
    const Root object(world.mutator(), world.make());
    const ObjectRef there = object.get();
    mark(there, 99);
    Pinner pinner(world.pins());
    pinner.pin(there);
    for (int i = 0; i < 4; ++i) {
      world.collect_young();
      CHECK(object.get() == there);
    }
    CHECK(neighbour.has_moved());
    world.collect_full();
    CHECK(object.get() == there);
    CHECK(neighbour.has_moved());
    Neighbour young(world);
    std::uint64_t allocated = 0;  // far more than the heap holds
    while (allocated < std::uint64_t{32} << 20U) {
      allocated += world.make(0, 400).bytes();
    }
    CHECK(young.has_moved());
    CHECK(object.get() == there);
    CHECK(mark_of(there) == 99);
  }
}

TEST_CASE(
    "N3 a pinned young object keeps its references to the young right, for any number of "
    "collections") {
  for (const char* route : {"promote_block", "fragments"}) {
    Options options = moving_options();
    options.nursery_route = route;
    PinWorld world(options);
    const Root object(world.mutator(), world.make(1));
    const ObjectRef there = object.get();
    Pinner pinner(world.pins());
    pinner.pin(there);
    for (std::uint64_t round = 1; round <= 5; ++round) {
      const ObjectRef child = world.make();
      mark(child, round);
      world.mutator().store(there, 0, child);
      world.collect_young();
      CHECK(object.get() == there);
      CHECK(there.load(0) != child);
      CHECK(mark_of(there.load(0)) == round);
    }
  }
}

TEST_CASE("N3 what a pinned object refers to stays young when the object is promoted where it is") {
  Options options = moving_options();
  options.nursery_tenuring = Tenuring::fixed;
  options.nursery_survivals = 3;
  PinWorld world(options);
  const heap::Heap& heap = world.runtime().heap();
  const Root object(world.mutator(), world.make(1));
  const ObjectRef there = object.get();
  const ObjectRef child = world.make();
  mark(child, 7);
  world.mutator().store(there, 0, child);
  Pinner pinner(world.pins());
  pinner.pin(there);
  int old_to_young = 0;  // collections after which only the remembered set knows the child
  for (ObjectRef last = child; heap.is_young(last.address()); last = there.load(0)) {
    world.collect_young();
    CHECK(object.get() == there);
    CHECK(there.load(0) != last);
    REQUIRE(mark_of(there.load(0)) == 7);
    old_to_young += !heap.is_young(there.address()) && heap.is_young(there.load(0).address());
    REQUIRE(old_to_young < 10);
  }
  CHECK(old_to_young > 0);
}

TEST_CASE("N4 edges to an island from objects that move, and from it to them, stay right") {
  PinWorld world;
  const Root mover(world.mutator(), world.make(2));
  const Root island(world.mutator(), world.make(1));
  const ObjectRef there = island.get();
  world.mutator().store(mover.get(), 0, there);
  world.mutator().store(there, 0, mover.get());
  Pinner pinner(world.pins());
  pinner.pin(there);
  for (const bool full : {false, true}) {
    const ObjectRef before = mover.get();
    full ? world.collect_full() : world.collect_young();
    CHECK(mover.get() != before);
    CHECK(mover.get().load(0) == there);
    CHECK(there.load(0) == mover.get());
  }
}

TEST_CASE(
    "N5 what is allocated in the gaps beside islands touches no island, where it may be at all") {
  for (const std::string_view reuse : {"bump", "first_fit", "buckets", "none"}) {
    CAPTURE(reuse);
    Options options = moving_options();
    options.gap_reuse = reuse;
    options.gap_min = 64;
    PinWorld world(options);
    Neighbour neighbour(world);
    std::vector<ObjectRef> islands;
    Pinner pinner(world.pins());
    for (std::uint64_t i = 0; i < 2000; ++i) {
      const ObjectRef object = world.make(0, 8 + 8 * (i % 40));
      mark(object, i);
      if (i % 10 == 0) {
        pinner.pin(object);
        islands.push_back(object);
      }
    }
    world.collect_young();
    CHECK(neighbour.has_moved());
    const heap::Heap& heap = world.runtime().heap();
    std::map<std::uint32_t, heap::Address> last_islands;  // by block
    for (const ObjectRef island : islands) {
      heap::Address& last = last_islands[heap::index_of(heap.block_of(island.address()))];
      last = std::max(last, island.address());
    }
    // Survivors, which go to the gaps where these are offered.
    constexpr std::size_t kSlots = 4000;
    const Root table(world.mutator(), world.make(kSlots));
    std::uint64_t in_gaps = 0;  // before a full collection, which moves objects there in any case
    for (int round = 0; round < 25; ++round) {
      for (std::size_t slot = 0; slot < kSlots; ++slot) {
        const ObjectRef object = world.make(0, 8 + 8 * (slot % 30));
        std::ranges::fill(object.payload(), std::byte{0xEE});
        world.mutator().store(table.get(), slot, object);
      }
      round % 8 == 7 ? world.collect_full() : world.collect_young();
      for (std::size_t slot = 0; slot < kSlots; ++slot) {
        const ObjectRef object = table.get().load(slot);
        const auto last = last_islands.find(heap::index_of(heap.block_of(object.address())));
        const bool is_in_gap = last != last_islands.end() && object.address() < last->second;
        in_gaps += round < 7 && is_in_gap ? 1U : 0U;
        REQUIRE(std::ranges::all_of(object.payload(),
                                    [](std::byte byte) { return byte == std::byte{0xEE}; }));
      }
    }
    CHECK((in_gaps > 0) == (reuse != "none"));
    for (std::uint64_t i = 0; i < islands.size(); ++i) {
      REQUIRE(mark_of(islands[i]) == 10 * i);
    }
    world.runtime().verify(world.mutator(), VerifyLevel::paranoid);
  }
}

TEST_CASE("N6 islands that are unpinned move at the next full collection; their blocks are free") {
  PinWorld world;
  const Root table(world.mutator(), world.make(100));
  Pinner pinner(world.pins());
  for (std::size_t i = 0; i < 1000; ++i) {
    const ObjectRef object = world.make(0, 100);
    if (i % 10 == 0) {
      world.mutator().store(table.get(), i / 10, object);
      pinner.pin(object);
    }
  }
  world.collect_full();
  const heap::Heap& heap = world.runtime().heap();
  const std::uint64_t with_islands = heap.used_bytes();
  pinner.unpin();
  world.collect_full();
  CHECK(with_islands >= 6 * heap.block_bytes());
  CHECK(heap.used_bytes() == heap.block_bytes());
}

TEST_CASE("N7 an interior pin is a pin of the object, whichever byte it names") {
  PinWorld world;
  const Root object(world.mutator(), world.make(2, 100));
  const ObjectRef there = object.get();
  for (std::size_t inside = 0; inside < there.bytes(); inside += 13) {
    Pinner pinner(world.pins());
    pinner.pin_interior(there.address() + inside);
    CHECK(world.pins().is_pinned(there));
    CHECK(pinner.size() == 1);
    pinner.unpin();
    CHECK_FALSE(world.pins().is_pinned(there));
  }
  Neighbour neighbour(world);
  Pinner pinner(world.pins());
  pinner.pin_interior(there.address() + 50);
  world.collect_young();
  CHECK(neighbour.has_moved());
  CHECK(object.get() == there);
  pinner.pin_interior(there.address() + 51);  // in an old block now
  CHECK(world.pins().extra_pins(there) == 1);
}

TEST_CASE("N8 the last object of a block, and one larger than a block, are held as any other") {
  PinWorld world;
  const heap::Heap& heap = world.runtime().heap();
  ObjectRef last = world.make();
  while (heap.range_of(heap.block_of(last.address())).limit != last.range().limit) {
    last = world.make(0, 0);
  }
  const Root object(world.mutator(), last);
  const Root large(world.mutator(), world.make(1, 3 * heap.block_bytes()));
  const ObjectRef large_there = large.get();
  Pinner pinner(world.pins());
  pinner.pin(last);
  pinner.pin(large_there);
  Neighbour neighbour(world);
  for (const bool full : {false, true}) {
    full ? world.collect_full() : world.collect_young();
    CHECK(neighbour.has_moved());
    CHECK(object.get() == last);
    CHECK(large.get() == large_there);
  }
}

TEST_CASE("N9 counts of pins survive the collections that move everything around them") {
  PinWorld world;
  Neighbour neighbour(world);
  const Root object(world.mutator(), world.make(0, 0));
  const ObjectRef there = object.get();
  std::vector<Pinner> pinners;
  for (std::uint64_t i = 0; i < 5; ++i) {
    pinners.emplace_back(world.pins()).pin(there);
  }
  for (const bool full : {false, true}) {
    full ? world.collect_full() : world.collect_young();
    CHECK(neighbour.has_moved());
    CHECK(object.get() == there);
    CHECK(world.pins().extra_pins(there) == 4);
  }
  while (!pinners.empty()) {
    CHECK(world.pins().is_pinned(there));
    pinners.back().unpin();
    pinners.pop_back();
  }
  CHECK_FALSE(world.pins().is_pinned(there));
}

// Cases of the list that have nothing to test here, each with its reason; the test of the command
// line checks that every number from N1 to N15 is a test or a line of these.
// N2 does not apply: a pin cannot come in while its block is evacuated, as mutators are stopped for
// the whole of a collection. Unpins can: see N12.

class LastPause final : public PauseObserver {
 public:
  void paused(const PauseReport& report) override { last = report; }
  PauseReport last;
};

TEST_CASE("N14 a heap in which everything is pinned is collected, and nothing in it moves") {
  Runtime runtime(moving_options());
  LastPause pause;
  runtime.add_observer(pause);
  const auto mutator = runtime.attach();
  std::uint64_t bytes = 0;
  std::vector<ObjectRef> objects;
  std::vector<std::uint32_t> weak;
  {
    Pinner pinner(runtime.pins());
    for (std::uint64_t i = 0; i < 10'000; ++i) {
      const ObjectRef object = mutator->allocate({.references = 0, .bytes = 32});
      const ObjectRef garbage = mutator->allocate({.references = 0, .bytes = 32});
      static_cast<void>(garbage);
      pinner.pin(object);
      mark(object, i);
      objects.push_back(object);
      weak.push_back(runtime.weaks().add(object));
      bytes += object.bytes();
    }
    mutator->collect_full();
    for (std::uint64_t i = 0; i < objects.size(); ++i) {
      REQUIRE(runtime.weaks().get(weak[i]) == objects[i]);
      REQUIRE(mark_of(objects[i]) == i);
    }
    CHECK(pause.last.moved_bytes == 0);
    CHECK(pause.last.copied_bytes == 0);
    CHECK(pause.last.survivor_bytes >= bytes);
    CHECK(pause.last.after.live == bytes);
    pinner.unpin();
  }
  mutator->collect_full();
  CHECK(pause.last.after.used == 0);
}

}  // namespace
}  // namespace pinlab::collector::tests
