#include "collector/heap_map.hpp"

#include "collector/move_observer.hpp"
#include "collector/plan.hpp"
#include "collector/tests/pin_world.hpp"
#include "collector/tests/random_program.hpp"
#include "collector/walk.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <string>

namespace pinlab::collector::tests {
namespace {

using heap::Address;
using heap::AddressRange;
using heap::ObjectRef;

/// Follows every object by what it is told, checks it against the number in the object, and draws
/// a map after each pause.
class Follower final : public PauseObserver, public MoveObserver {
 public:
  explicit Follower(Runtime& runtime) : runtime_(runtime) {
    runtime.add_observer(*this);
    runtime.add_move_observer(*this);
  }

  void survived(heap::Block block, std::span<const Survivor> survivors) override {
    const AddressRange range = runtime_.heap().range_of(block);
    Address last;
    for (const Survivor& survivor : survivors) {
      REQUIRE(range.contains(survivor.from));
      REQUIRE(survivor.from >= last);
      last = survivor.from + survivor.bytes;
      const auto known = numbers_.find(survivor.from);
      if (known != numbers_.end()) {
        arrived_[survivor.to] = known->second;
      }
      if (survivor.to != survivor.from) {
        moved_.push_back({survivor.to, survivor.to + survivor.bytes});
        moved_bytes_ += survivor.bytes;
      }
    }
    numbers_.erase(numbers_.lower_bound(range.base), numbers_.lower_bound(range.limit));
  }

  void step_ended() override {
    for (const auto& [address, number] : arrived_) {
      numbers_[address] = number;
    }
    arrived_.clear();
  }

  void paused(const PauseReport& report) override {
    std::map<Address, std::uint64_t> now;
    for_each_object(runtime_.heap(), [&](ObjectRef object) {
      const std::uint64_t number = object.slot(object.references()).word();
      const auto known = numbers_.find(object.address());
      if (known != numbers_.end()) {
        REQUIRE(known->second == number);
        ++followed_;
      }
      now[object.address()] = number;
    });
    numbers_ = std::move(now);
    check_map(report);
    moved_.clear();
    moved_bytes_ = 0;
  }

  std::uint64_t followed_ = 0;
  std::uint64_t hostage_blocks_ = 0;

 private:
  void check_map(const PauseReport& report) {
    std::ranges::sort(moved_, {}, &AddressRange::base);
    const HeapMap map = map_heap({.heap = runtime_.heap(),
                                  .pins = runtime_.pins(),
                                  .options = runtime_.options(),
                                  .moved = moved_},
                                 report);
    const auto bytes = [&](CellKind kind) { return map.bytes[static_cast<std::size_t>(kind)]; };
    CHECK(std::accumulate(map.bytes.begin(), map.bytes.end(), std::uint64_t{0}) ==
          runtime_.heap().max_bytes());
    CHECK(map.cells.size() * map.cell_bytes == runtime_.heap().max_bytes());
    CHECK(map.cells.size() <= kMostCells);
    CHECK(map.occupied.size() == map.cells.size());
    CHECK(bytes(CellKind::large) == runtime_.heap().large().bytes());
    std::uint64_t held = 0;
    for (const CellHeld& cell : map.held) {
      held += cell.bytes;
    }
    CHECK(held == bytes(CellKind::held));
    CHECK(map.hostage.has_value() ==
          (report.kind == PauseKind::full && runtime_.options().plan != "semispace"));
    std::int64_t hostage = 0;
    for (const CellHostage& cell : map.hostage.value_or(std::vector<CellHostage>())) {
      CHECK(cell.bytes % static_cast<std::int64_t>(runtime_.heap().block_bytes()) == 0);
      hostage += cell.bytes;
    }
    CHECK(hostage == report.hostage);
    hostage_blocks_ += report.hostage_blocks.size();
    std::uint64_t islands = 0;
    for (const CellIslands& cell : map.islands_by_cell) {
      islands += cell.bytes;
    }
    CHECK(islands == bytes(CellKind::island));
    if (report.kind == PauseKind::full && runtime_.options().plan != "semispace") {
      if (runtime_.options().pin_spread == "object") {
        CHECK(islands == report.island_bytes);
        CHECK(map.islands == report.islands);
        CHECK(held >= report.held);
      } else {  // a companion that the nursery step moved is none to the map
        CHECK(islands <= report.island_bytes);
      }
      CHECK(map.movable.bytes == bytes(CellKind::live_moved) + bytes(CellKind::live_stayed));
      CHECK(map.movable.squares <= map.movable.bytes * report.largest_object);
      CHECK(map.movable.squares * map.movable.objects >= map.movable.bytes * map.movable.bytes);
      CHECK(bytes(CellKind::live_moved) <= moved_bytes_);
      CHECK(bytes(CellKind::nursery) == 0);
      CHECK(bytes(CellKind::free) + held + bytes(CellKind::uncommitted) == report.after.free);
    }
  }

  Runtime& runtime_;
  std::map<Address, std::uint64_t> numbers_;
  std::map<Address, std::uint64_t> arrived_;
  std::vector<AddressRange> moved_;
  std::uint64_t moved_bytes_ = 0;
};

TEST_CASE("who follows the moves of a random program knows every object, under every plan") {
  for (const auto& plan : plans()) {
    for (const char* spread : {"object", "line", "block"}) {
      CAPTURE(plan.name);
      CAPTURE(spread);
      Options options;
      options.plan = std::string(plan.name);
      options.heap_max = std::uint64_t{4} << 20U;
      options.heap_block = std::uint64_t{16} << 10U;
      options.nursery_size = std::uint64_t{256} << 10U;
      options.pin_spread = spread;
      options.verify = VerifyLevel::cheap;
      plan.make()->settle(options);
      RandomProgram program(options, {.seed = 7, .steps = 3000, .live_target = 300});
      Follower follower(program.runtime());
      if (plan.name != "no_gc") {
        program.run();
        CHECK(follower.followed_ > 1000);
        CHECK((follower.hostage_blocks_ > 0) == (plan.name == "generational"));
      }
    }
  }
}

/// The map of the last pause.
class Maps final : public PauseObserver, public MoveObserver {
 public:
  explicit Maps(PinWorld& world) : world_(world) {
    world.runtime().add_observer(*this);
    world.runtime().add_move_observer(*this);
  }
  void survived(heap::Block /*block*/, std::span<const Survivor> survivors) override {
    for (const Survivor& survivor : survivors) {
      if (survivor.from != survivor.to) {
        moved_.push_back({survivor.to, survivor.to + survivor.bytes});
      }
    }
  }
  void step_ended() override {}
  void paused(const PauseReport& report) override {
    std::ranges::sort(moved_, {}, &AddressRange::base);
    map = map_heap({.heap = world_.runtime().heap(),
                    .pins = world_.pins(),
                    .options = world_.runtime().options(),
                    .moved = moved_},
                   report);
    moved_.clear();
  }

  HeapMap map;

 private:
  PinWorld& world_;
  std::vector<AddressRange> moved_;
};

TEST_CASE("a map shows a lonely pin in its cell, with its site, its age and the block it holds") {
  PinWorld world;
  Maps maps(world);
  const Root object(world.mutator(), world.make());
  pinning::PinSet set(world.pins(), pinning::Liveness::strong);
  const pinning::SiteId site = world.pins().sites().intern("reader");
  set.pin(object.get(), site);
  const std::uint64_t since = world.pins().clock();
  world.collect_full();
  const HeapMap& map = maps.map;
  CHECK(map.islands == 1);
  REQUIRE(map.islands_by_cell.size() == 1);
  const CellIslands& islands = map.islands_by_cell[0];
  const heap::Heap& heap = world.runtime().heap();
  CHECK(islands.cell == (object.get().address() - heap.base()) / map.cell_bytes);
  CHECK(islands.site == site);
  CHECK(islands.objects == 1);
  CHECK(islands.bytes == object.get().bytes());
  CHECK(islands.oldest == since);
  CHECK(map.cells[islands.cell] == 'h');
  CHECK(map.occupied[islands.cell] == '0');
  CHECK(map.bytes[static_cast<std::size_t>(CellKind::held)] ==
        heap.block_bytes() - object.get().bytes());
  CHECK(map.bytes[static_cast<std::size_t>(CellKind::uncommitted)] > 0);
  REQUIRE(map.hostage.has_value());
  CHECK(map.hostage->empty());  // without the pin it would take a block too

  set.unpin_all();
  world.collect_full();
  CHECK(maps.map.islands == 0);
  CHECK(maps.map.islands_by_cell.empty());
  CHECK(maps.map.held.empty());
}

TEST_CASE("of two blocks that a pin each keeps, the one that a slide would empty is hostage") {
  PinWorld world;
  Maps maps(world);
  const heap::Heap& heap = world.runtime().heap();
  pinning::PinSet set(world.pins(), pinning::Liveness::strong);
  const Root low(world.mutator(), world.make());
  const pinning::SiteId site = world.pins().sites().intern("reader");
  set.pin(low.get(), site);
  while (heap.block_of(world.make().address()) == heap.block_of(low.get().address())) {
  }
  const Root high(world.mutator(), world.make());
  set.pin(high.get(), site);
  world.collect_full();
  CHECK(maps.map.held.size() >= 2);
  REQUIRE(maps.map.hostage.has_value());
  REQUIRE(maps.map.hostage->size() == 1);
  const heap::Address last = std::max(low.get().address(), high.get().address());
  const std::size_t block = heap::index_of(heap.block_of(last));
  CHECK(maps.map.hostage->front().cell == block * heap.block_bytes() / maps.map.cell_bytes);
  CHECK(maps.map.hostage->front().bytes == static_cast<std::int64_t>(heap.block_bytes()));

  set.unpin_all();
  world.collect_full();
  REQUIRE(maps.map.hostage.has_value());
  CHECK(maps.map.hostage->empty());
}

TEST_CASE("a map tells what moved from what stayed") {
  PinWorld world;
  Maps maps(world);
  const auto bytes = [&](CellKind kind) { return maps.map.bytes[static_cast<std::size_t>(kind)]; };
  Neighbour neighbour(world);
  world.collect_young();  // promoted by copy
  CHECK(bytes(CellKind::live_moved) == 2 * world.make().bytes());
  CHECK(bytes(CellKind::live_stayed) == 0);
  world.collect_full();  // the one below it died: it slid
  CHECK(bytes(CellKind::live_moved) == world.make().bytes());
  world.collect_full();
  CHECK(bytes(CellKind::live_moved) == 0);
  CHECK(bytes(CellKind::live_stayed) == world.make().bytes());
}

}  // namespace
}  // namespace pinlab::collector::tests
