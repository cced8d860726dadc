// The pinned space: who comes there by each placement, that nothing moves out of it, and what
// becomes of its gaps.
#include "collector/nursery_route.hpp"
#include "collector/old_route.hpp"
#include "collector/tests/random_program.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

namespace pinlab::collector::tests {
namespace {

using heap::ObjectRef;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kBlock = 16 * kKiB;
constexpr auto kApart = std::to_array<PinPlacement>(
    {PinPlacement::pinned_space, PinPlacement::migrate, PinPlacement::pretenure});

Options small_heap(PinPlacement placement) {
  Options options;
  options.heap_max = 8192 * kKiB;
  options.heap_block = kBlock;
  options.nursery_size = 256 * kKiB;
  options.gap_min = 256;
  options.pin_placement = placement;
  options.verify = VerifyLevel::full;
  options.verify_when = VerifyWhen::before_after;
  return options;
}

/// Sums of what collections report.
struct Figures {
  std::uint64_t born_apart = 0;
  std::uint64_t migrated = 0;
  std::uint64_t most_blocks = 0;
  std::uint64_t live_apart = 0;
  std::uint64_t young_islands = 0;
  std::uint64_t fulls = 0;
};

struct Summing final : PauseObserver {
  Figures sums;

  void paused(const PauseReport& report) override {
    sums.born_apart += report.born_apart_objects;
    sums.migrated += report.migrated_objects;
    sums.most_blocks = std::max(sums.most_blocks, report.pinned_blocks);
    sums.live_apart += report.pinned_space_live;
    sums.young_islands += report.kind == PauseKind::young ? report.islands : 0;
    sums.fulls += report.kind == PauseKind::full ? 1U : 0U;
  }
};

Figures run_random(const Options& options, std::uint64_t seed) {
  Summing observer;
  RandomProgram program(options, {.seed = seed, .steps = 2500, .pin_percent = 15});
  program.runtime().add_observer(observer);
  program.run();
  if (options.pin_placement == PinPlacement::migrate) {
    CHECK(program.arrived() > 50);
  }
  program.unpin_everything();
  program.collect();
  return observer.sums;
}

void check_acted(PinPlacement placement, const Figures& sums) {
  CHECK(sums.most_blocks > 0);
  CHECK(sums.live_apart > 0);
  if (placement == PinPlacement::migrate) {
    CHECK(sums.migrated > 50);
    CHECK(sums.born_apart == 0);
  } else {
    CHECK(sums.born_apart > 50);
    CHECK(sums.migrated == 0);
  }
}

TEST_CASE("every placement agrees with the model under every nursery route") {
  for (const PinPlacement placement : kApart) {
    for (const auto& route : nursery_routes()) {
      if (route.name == "lock") {
        continue;
      }
      CAPTURE(static_cast<int>(placement));
      CAPTURE(route.name);
      Options options = small_heap(placement);
      options.nursery_route = route.name;
      options.nursery_survivals = 2;
      check_acted(placement, run_random(options, 3));
    }
  }
}

TEST_CASE("migrants agree with the model where everything is born old") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    Options options = small_heap(PinPlacement::migrate);
    options.nursery_size = 0;
    options.pin_spread = seed % 2 == 0 ? "line" : "object";
    check_acted(PinPlacement::migrate, run_random(options, seed));
  }
}

TEST_CASE("every placement agrees with the model under every old route and gap reuse") {
  for (const PinPlacement placement : kApart) {
    std::size_t turn = 0;
    for (const auto& route : old_routes()) {
      for (unsigned reuses = 0; reuses < 3; ++reuses, ++turn) {
        const auto& reuse = heap::gap_reuses()[turn % heap::gap_reuses().size()];
        CAPTURE(static_cast<int>(placement));
        CAPTURE(route.name);
        CAPTURE(reuse.name);
        Options options = small_heap(placement);
        options.old_route = route.name;
        options.gap_reuse = reuse.name;
        options.pin_spread = turn % 2 == 0 ? "object" : "page";
        options.spread_page = 4096;
        check_acted(placement, run_random(options, 1 + turn));
      }
    }
  }
}

/// A program with one root, in which objects are born apart.
struct World {
  explicit World(const Options& options)
      : runtime(options),
        mutator(runtime.attach()),
        pins(runtime.pins(), pinning::Liveness::strong),
        root(*mutator) {
    runtime.add_observer(observer);
  }
  [[nodiscard]] bool is_apart(ObjectRef object) { return runtime.heap().is_apart(object.address()); }

  Runtime runtime;
  Summing observer;
  std::unique_ptr<Mutator> mutator;
  pinning::PinSet pins;
  Root root;
};

TEST_CASE("what is born apart never moves, though nothing pins it, and dies as everything does") {
  World world(small_heap(PinPlacement::pinned_space));
  world.root.set(world.mutator->allocate_apart({.references = 1, .bytes = 200}));
  const ObjectRef object = world.root.get();
  CHECK(world.is_apart(object));
  CHECK_FALSE(world.runtime.heap().is_young(object.address()));
  for (unsigned i = 0; i < 3; ++i) {
    static_cast<void>(world.mutator->allocate_apart({.references = 0, .bytes = 3000}));
    world.mutator->collect_young();
    world.mutator->collect_full(CompactEffort::exhaustive);
    CHECK(world.root.get() == object);
  }
  CHECK(world.runtime.heap().pinned_blocks() == 1);
  world.root.set({});
  world.mutator->collect_full(CompactEffort::exhaustive);
  CHECK(world.runtime.heap().pinned_blocks() == 0);
  CHECK(world.runtime.heap().used_blocks() == 0);
}

TEST_CASE("an object born apart holds young ones, first references and later ones alike") {
  World world(small_heap(PinPlacement::pinned_space));
  const ObjectRef first = world.mutator->allocate({.references = 0, .bytes = 8});
  first.slot(0).word() = 7;
  world.root.set(world.mutator->allocate_apart({.references = 2, .bytes = 0}, first));
  const ObjectRef second = world.mutator->allocate({.references = 0, .bytes = 8});
  second.slot(0).word() = 9;
  world.mutator->store(world.root, 1, second);
  for (unsigned i = 0; i < 3; ++i) {
    world.mutator->collect_young();
    CHECK(world.root.get().load(0).slot(0).word() == 7);
    CHECK(world.root.get().load(1).slot(0).word() == 9);
    world.mutator->collect_full(CompactEffort::exhaustive);
  }
}

TEST_CASE("a young migrant is in the pinned space after one collection, with all that it holds") {
  for (const auto& route : nursery_routes()) {
    CAPTURE(route.name);
    Options options = small_heap(PinPlacement::migrate);
    options.nursery_route = route.name;
    World world(options);
    const ObjectRef leaf = world.mutator->allocate({.references = 0, .bytes = 8});
    leaf.slot(0).word() = 5;
    world.root.set(world.mutator->allocate({.references = 1, .bytes = 80}, leaf));
    Root other(*world.mutator, world.mutator->allocate({.references = 1, .bytes = 0},
                                                       world.root.get()));
    const std::uint32_t waiter = world.runtime.migrants().add(world.root.get());
    world.mutator->collect_young();
    const ObjectRef object = world.runtime.migrants().get(waiter);
    CHECK(world.is_apart(object));
    CHECK(world.root.get() == object);
    CHECK(other.get().load(0) == object);
    CHECK(object.load(0).slot(0).word() == 5);
    world.runtime.migrants().end(waiter);
    world.pins.pin(object, 0);
    for (unsigned i = 0; i < 3 && route.name != "lock"; ++i) {
      world.mutator->collect_young();
      world.mutator->collect_full(CompactEffort::exhaustive);
    }
    CHECK(world.root.get() == object);
    CHECK(object.load(0).slot(0).word() == 5);
    CHECK(world.observer.sums.migrated == 1);
    CHECK(world.observer.sums.young_islands == 0);
    world.pins.unpin_all();
  }
}

TEST_CASE("a young migrant leaves a pinned neighbour, whatever else stays in its block") {
  for (const auto& route : nursery_routes()) {
    if (route.name == "lock") {
      continue;
    }
    CAPTURE(route.name);
    Options options = small_heap(PinPlacement::migrate);
    options.nursery_route = route.name;
    World world(options);
    const ObjectRef pinned = world.mutator->allocate({.references = 0, .bytes = 80});
    world.pins.pin(pinned, 0);
    world.root.set(world.mutator->allocate({.references = 1, .bytes = 80}));
    const std::uint32_t first = world.runtime.migrants().add(world.root.get());
    const std::uint32_t second = world.runtime.migrants().add(world.root.get());
    world.mutator->collect_young();
    CHECK(world.is_apart(world.root.get()));
    CHECK(world.runtime.migrants().get(first) == world.root.get());
    CHECK(world.runtime.migrants().get(second) == world.root.get());
    CHECK(world.observer.sums.migrated == 1);
    world.runtime.migrants().end(first);
    world.runtime.migrants().end(second);
    world.mutator->collect_full();
    world.pins.unpin_all();
  }
}

TEST_CASE("migrants and ambiguous words agree with the model, on cards that are dirty") {
  for (const auto& route : nursery_routes()) {
    if (route.name == "lock") {
      continue;
    }
    CAPTURE(route.name);
    Options options = small_heap(PinPlacement::migrate);
    options.nursery_route = route.name;
    options.gap_reuse = "first_fit";  // migrants go to gaps beside old ones
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      RandomProgram program(
          options, {.seed = seed, .steps = 2500, .pin_percent = 20, .ambiguous_percent = 10});
      program.run();
      program.unpin_everything();
      program.collect();
    }
  }
}

TEST_CASE("an old migrant is in the pinned space after a full collection, with every edge to it") {
  for (const auto& route : old_routes()) {
    CAPTURE(route.name);
    Options options = small_heap(PinPlacement::migrate);
    options.old_route = route.name;
    World world(options);
    world.root.set(world.mutator->allocate({.references = 2, .bytes = 80}));
    world.mutator->store(world.root, 1, world.root.get());  // to itself
    Root other(*world.mutator,
               world.mutator->allocate({.references = 1, .bytes = 0}, world.root.get()));
    const std::uint32_t weak = world.runtime.weaks().add(world.root.get());
    world.mutator->collect_full();
    CHECK_FALSE(world.runtime.heap().is_young(world.root.get().address()));
    const ObjectRef before = world.root.get();
    const std::uint32_t waiter = world.runtime.migrants().add(before);
    world.mutator->collect_young();
    CHECK(world.root.get() == before);  // young collections leave it
    world.mutator->collect_full();
    const ObjectRef object = world.runtime.migrants().get(waiter);
    CHECK(world.is_apart(object));
    CHECK(world.root.get() == object);
    CHECK(object.load(1) == object);
    CHECK(other.get().load(0) == object);
    CHECK(world.runtime.weaks().get(weak) == object);
    CHECK(world.observer.sums.migrated == 1);
    world.runtime.migrants().end(waiter);
    world.pins.pin(object, 0);
    world.mutator->collect_full(CompactEffort::exhaustive);
    CHECK(world.root.get() == object);
    world.pins.unpin_all();
  }
}

TEST_CASE("a migrant is kept while it waits, and is none once it is pinned, or waits no more") {
  World world(small_heap(PinPlacement::migrate));
  Migrants& migrants = world.runtime.migrants();
  const std::uint32_t waiter =
      migrants.add(world.mutator->allocate({.references = 0, .bytes = 40}));
  world.mutator->collect_young();
  CHECK(world.is_apart(migrants.get(waiter)));
  migrants.end(waiter);
  world.mutator->collect_full();
  CHECK(world.runtime.heap().used_blocks() == 0);

  const ObjectRef pinned = world.mutator->allocate({.references = 0, .bytes = 40});
  world.pins.pin(pinned, 0);
  const std::uint32_t late = migrants.add(pinned);
  world.mutator->collect_young();
  CHECK(migrants.get(late) == pinned);
  CHECK_FALSE(world.is_apart(pinned));
  migrants.end(late);
}

TEST_CASE("the gaps of the pinned space go to what is born there, and to nobody else") {
  Options options = small_heap(PinPlacement::pinned_space);
  options.gap_reuse = "first_fit";
  World world(options);
  constexpr std::uint32_t kObjects = 64;
  world.root.set(world.mutator->allocate({.references = kObjects, .bytes = 0}));
  const auto make = [&](std::uint32_t slot) {
    const ObjectRef made = world.mutator->allocate_apart({.references = 0, .bytes = 496});
    world.mutator->store(world.root, slot, made);
    return made;
  };
  for (std::uint32_t slot = 0; slot < kObjects; ++slot) {
    make(slot);
  }
  for (std::uint32_t slot = 0; slot < kObjects; slot += 2) {
    world.mutator->store(world.root, slot, ObjectRef());
  }
  world.mutator->collect_full();
  const std::uint32_t blocks = world.runtime.heap().pinned_blocks();
  for (unsigned i = 0; i < 4000; ++i) {
    const ObjectRef other = world.mutator->allocate({.references = 0, .bytes = 100});
    REQUIRE_FALSE(world.is_apart(other));
  }
  for (std::uint32_t slot = 0; slot < kObjects; slot += 2) {
    CHECK(world.is_apart(make(slot)));
  }
  CHECK(world.runtime.heap().pinned_blocks() == blocks);
}

TEST_CASE("a large object is apart wherever it is") {
  World world(small_heap(PinPlacement::pinned_space));
  const ObjectRef object = world.mutator->allocate_apart({.references = 0, .bytes = 5 * kBlock});
  CHECK(world.runtime.heap().is_large(object.address()));
  CHECK(world.is_apart(object));
  CHECK(world.runtime.heap().pinned_blocks() == 0);
}

TEST_CASE("a pinned space that finds no block collects, and then says that memory is out") {
  Options options = small_heap(PinPlacement::pinned_space);
  options.heap_max = 32 * kBlock;
  World world(options);
  for (unsigned i = 0; i < 20'000; ++i) {  // garbage: 10 MB
    static_cast<void>(world.mutator->allocate_apart({.references = 0, .bytes = 500}));
  }
  CHECK(world.observer.sums.fulls >= 20'000 * 500 / options.heap_max - 1);
  const auto keep_all = [&] {
    for (;;) {
      world.root.set(
          world.mutator->allocate_apart({.references = 1, .bytes = 500}, world.root.get()));
    }
  };
  CHECK_THROWS_AS(keep_all(), HeapExhausted);
}

TEST_CASE("a placement that the options cannot have is refused, with what could be had") {
  const auto refused = [](const Options& options, const std::string& why) {
    try {
      const Runtime runtime(options);
      FAIL("it is taken");
    } catch (const OptionsError& error) {
      CAPTURE(error.what());
      CHECK(std::string(error.what()).find(why) != std::string::npos);
    }
  };
  for (const PinPlacement placement : kApart) {
    Options options = small_heap(placement);
    for (const char* plan : {"semispace", "mark_sweep", "no_gc"}) {
      options.plan = plan;
      refused(options, "take plan=generational");
    }
    options = small_heap(placement);
    options.heap_max = options.heap_block = 8192 * kKiB;
    refused(options, "a smaller heap.block");
  }
}

TEST_CASE("placements end in the same heap every time") {
  for (const PinPlacement placement : kApart) {
    const auto digest = [&] {
      RandomProgram program(small_heap(placement), {.seed = 11, .steps = 1500});
      program.run();
      return program.runtime().heap_digest(program.mutator());
    };
    CHECK(digest() == digest());
  }
}

}  // namespace
}  // namespace pinlab::collector::tests
