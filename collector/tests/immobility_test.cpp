// What may not move without being pinned: ambiguous roots, what immovable objects lead to, and what
// slots refer to that nobody can update.
#include "collector/old_route.hpp"
#include "collector/tests/random_program.hpp"

#include <functional>
#include <string>
#include <vector>

namespace pinlab::collector::tests {
namespace {

using heap::Address;
using heap::ObjectRef;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kBlock = 16 * kKiB;

Options small_heap() {
  Options options;
  options.heap_max = 8192 * kKiB;
  options.heap_block = kBlock;
  options.nursery_size = 256 * kKiB;
  options.nursery_survivals = 0;
  options.gap_min = 256;
  options.compact_effort = CompactEffort::exhaustive;
  options.verify = VerifyLevel::full;
  options.verify_when = VerifyWhen::before_after;
  return options;
}

struct World final : PauseObserver {
  explicit World(const Options& options = small_heap())
      : runtime(options), mutator(runtime.attach()) {
    runtime.add_observer(*this);
  }
  void paused(const PauseReport& report) override { last = report; }

  ObjectRef make(std::uint32_t references = 1) {
    for (unsigned i = 0; i < 3; ++i) {
      static_cast<void>(mutator->allocate({.references = 0, .bytes = 100}));  // room to slide to
    }
    return mutator->allocate({.references = references, .bytes = 40});
  }
  std::uint32_t global(ObjectRef object) { return runtime.globals().add(object); }
  ObjectRef at(std::uint32_t index) { return runtime.globals().get(index); }
  void collect(bool young) {
    if (young) {
      mutator->collect_young();
    } else {
      mutator->collect_full(CompactEffort::exhaustive);
    }
  }

  Runtime runtime;
  std::unique_ptr<Mutator> mutator;
  PauseReport last;
};

TEST_CASE("a word that points into an object keeps it alive and in place, interior ones too") {
  for (const bool young : {true, false}) {
    for (const std::uint64_t inside : {0U, 1U, 8U, 55U}) {
      CAPTURE(young);
      CAPTURE(inside);
      World world;
      const ObjectRef only_a_word = world.make();
      const std::uint32_t child = world.global(world.make(0));
      world.mutator->store(only_a_word, 0, world.at(child));
      const ObjectRef child_before = world.at(child);
      only_a_word.slot(1).word() = 77;
      const std::uint32_t word =
          world.runtime.ambiguous().add((only_a_word.address() + inside).value());
      world.collect(young);
      CHECK(world.last.ambiguous_objects == 1);
      CHECK(world.last.ambiguous_bytes == 56);
      CHECK(world.last.alive_by_ambiguous_alone == 1);
      CHECK(world.last.pins == 0);
      CHECK(only_a_word.slot(1).word() == 77);
      CHECK(world.at(child) != child_before);
      CHECK(only_a_word.load(0) == world.at(child));  // what it refers to moves, and it knows
      world.runtime.ambiguous().end(word);
      world.collect(false);
      CHECK(world.last.survivor_objects == 1);
    }
  }
}

TEST_CASE("a word that points into no object refers to nothing") {
  for (const bool young : {true, false}) {
    World world;
    const ObjectRef first = world.make();
    const std::uint32_t global = world.global(first);
    const heap::Heap& heap = world.runtime.heap();
    for (const std::uintptr_t word :
         {std::uintptr_t{1}, first.address().value() - (std::uintptr_t{1} << 40U),
          heap.base().value() - 1, heap.base().value() + 100 * kBlock,
          heap.blocks_range().limit.value() + 4096, first.range().limit.value()}) {
      static_cast<void>(world.runtime.ambiguous().add(word));
    }
    world.collect(young);
    CHECK(world.last.ambiguous_objects == 0);
    CHECK(world.at(global) != first);
  }
}

TEST_CASE("a word keeps a large object, and what is dead and gone it does not call back") {
  World world;
  const ObjectRef large = world.mutator->allocate({.references = 0, .bytes = 3 * kBlock});
  const std::uint32_t word =
      world.runtime.ambiguous().add((large.address() + 2 * kBlock).value());
  world.collect(false);
  CHECK(world.last.survivor_objects == 1);
  world.runtime.ambiguous().end(word);
  world.collect(false);
  CHECK(world.last.survivor_objects == 0);
  static_cast<void>(world.runtime.ambiguous().add((large.address() + 2 * kBlock).value()));
  world.collect(false);
  CHECK(world.last.survivor_objects == 0);
}

TEST_CASE("pins and words that are transitive hold what they lead to, as deep as is said") {
  for (const bool young : {true, false}) {
    for (const bool pinned : {true, false}) {
      for (const std::uint32_t depth : {0U, 1U, 2U, Options::kAnyDepth}) {
        CAPTURE(young);
        CAPTURE(pinned);
        CAPTURE(depth);
        Options options = small_heap();
        options.pin_transitive = depth;
        World world(options);
        std::vector<std::uint32_t> chain;
        std::vector<ObjectRef> before;
        for (unsigned i = 0; i < 5; ++i) {
          before.push_back(world.make());
          chain.push_back(world.global(before.back()));
        }
        for (unsigned i = 0; i + 1 < 5; ++i) {
          world.mutator->store(before[i], 0, before[i + 1]);
        }
        world.mutator->store(before[4], 0, before[0]);  // a cycle
        pinning::PinSet pins(world.runtime.pins(), pinning::Liveness::strong);
        if (pinned) {
          pins.pin(before[0], 0);
        } else {
          static_cast<void>(world.runtime.ambiguous().add(before[0].address().value()));
        }
        world.collect(young);
        for (unsigned i = 0; i < 5; ++i) {
          CAPTURE(i);
          CHECK((world.at(chain[i]) == before[i]) == (i <= depth));
        }
        CHECK(world.last.flowed_objects == std::min(depth, 4U));
      }
    }
  }
}

TEST_CASE("an old pinned object holds young ones that it leads to, through old ones too") {
  Options options = small_heap();
  options.pin_transitive = 2;
  World world(options);
  const std::uint32_t head = world.global(world.make());
  const std::uint32_t next = world.global(world.make());
  world.collect(false);
  const ObjectRef young = world.make();
  const std::uint32_t last = world.global(young);
  world.mutator->store(world.at(next), 0, young);
  world.mutator->store(world.at(head), 0, world.at(next));
  pinning::PinSet pins(world.runtime.pins(), pinning::Liveness::strong);
  pins.pin(world.at(head), 0);
  world.collect(true);
  CHECK(world.at(last) == young);
  CHECK(world.last.flowed_objects == 1);
  CHECK(world.last.pins == 0);  // no young one
}

TEST_CASE("a parent's children stay, it moves itself, keeps none alive and holds no grandchild") {
  for (const bool young : {true, false}) {
    CAPTURE(young);
    Options options = small_heap();
    options.pin_transitive = Options::kAnyDepth;  // of pins and words, and of no parent
    World world(options);
    const ObjectRef parent = world.make(2);
    const ObjectRef child = world.make();
    const ObjectRef grandchild = world.make();
    const std::uint32_t root = world.global(parent);
    const std::uint32_t below = world.global(grandchild);
    world.mutator->store(parent, 0, child);
    world.mutator->store(child, 0, grandchild);
    CHECK(world.runtime.pins().parents().mark(parent));
    world.collect(young);
    CHECK(world.at(root) != parent);
    CHECK(world.at(root).load(0) == child);
    CHECK(world.at(below) != grandchild);
    CHECK(world.last.child_objects == 1);
    CHECK(world.runtime.pins().parents().is_marked(world.at(root)));
    world.mutator->store(world.at(root), 0, {});
    world.collect(false);
    CHECK(world.last.survivor_objects == 2);  // the child is dead
    world.runtime.globals().set(root, {});
    world.collect(false);
    CHECK(world.runtime.pins().parents().empty());
  }
}

TEST_CASE("with ambiguous stacks what a Root holds stays, and what a Global holds moves") {
  for (const bool young : {true, false}) {
    for (const bool ambiguous : {true, false}) {
      Options options = small_heap();
      options.ambiguous_stacks = ambiguous;
      World world(options);
      const ObjectRef before = world.make();
      const Root root(*world.mutator, before);
      const ObjectRef other = world.make();
      const std::uint32_t global = world.global(other);
      const std::uint64_t graph = world.runtime.graph_digest(*world.mutator);
      world.collect(young);
      CHECK((root.get() == before) == ambiguous);
      CHECK(world.at(global) != other);
      CHECK(world.runtime.graph_digest(*world.mutator) == graph);
    }
  }
}

TEST_CASE("what ambiguous roots cost is told apart from what pins cost") {
  Options options = small_heap();
  options.nursery_size = 0;
  World world(options);
  pinning::PinSet pins(world.runtime.pins(), pinning::Liveness::strong);
  for (unsigned block = 0; block < 8; ++block) {
    for (unsigned i = 0; i < kBlock / 512; ++i) {
      const ObjectRef object = world.mutator->allocate({.references = 0, .bytes = 504});
      if (i == 20 && block < 2) {
        pins.pin(object, 0);
      } else if (i == 20) {
        static_cast<void>(world.runtime.ambiguous().add(object.address().value() + 300));
      }
    }
  }
  world.collect(false);
  CHECK(world.last.pins == 2);
  CHECK(world.last.ambiguous_objects == 6);
  CHECK(world.last.ambiguous_hostage == static_cast<std::int64_t>(6 * kBlock));
  CHECK(world.last.hostage == static_cast<std::int64_t>(7 * kBlock));  // eight blocks for one
}

void run(const Options& options, std::uint64_t seed) {
  CAPTURE(options.plan);
  CAPTURE(options.nursery_route);
  CAPTURE(options.old_route);
  CAPTURE(options.pin_spread);
  CAPTURE(options.pin_transitive);
  CAPTURE(seed);
  RandomProgram program(options, {.seed = seed,
                                  .steps = 2000,
                                  .pin_percent = options.nursery_route == "lock" ? 0U : 6U,
                                  .ambiguous_percent = 10});
  program.run();
  program.unpin_everything();
  program.collect();
}

constexpr std::uint32_t kDepths[] = {0, 1, Options::kAnyDepth};

TEST_CASE("random programs agree with the model under every nursery route and reason") {
  for (const auto& route : nursery_routes()) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      Options options = small_heap();
      options.nursery_route = route.name;
      options.nursery_survivals = 1;
      options.pin_transitive = kDepths[seed - 1];
      options.pin_spread = seed == 2 ? "line" : "object";
      run(options, seed);
    }
  }
}

TEST_CASE("random programs agree with the model under every old route, plan and reason") {
  for (const auto& route : old_routes()) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      Options options = small_heap();
      options.old_route = route.name;
      options.gap_reuse = "first_fit";
      options.pin_transitive = kDepths[seed - 1];
      run(options, seed);
    }
  }
  for (const char* plan : {"semispace", "mark_sweep"}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      Options options = small_heap();
      options.plan = plan;
      options.pin_transitive = kDepths[seed - 1];
      run(options, seed);
    }
  }
}

TEST_CASE("runs with ambiguous roots are the same wherever the heap lies") {
  std::vector<std::uint64_t> digests;
  std::vector<std::unique_ptr<RandomProgram>> programs;  // each at addresses of its own
  for (unsigned run = 0; run < 2; ++run) {
    Options options = small_heap();
    options.pin_transitive = 1;
    programs.push_back(std::make_unique<RandomProgram>(
        options, ProgramMix{.seed = 5, .steps = 2000, .ambiguous_percent = 10}));
    programs.back()->run();
    digests.push_back(programs.back()->runtime().heap_digest(programs.back()->mutator()));
  }
  CHECK(digests[0] == digests[1]);
}

}  // namespace
}  // namespace pinlab::collector::tests
