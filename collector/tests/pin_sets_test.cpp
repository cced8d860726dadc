// Sets of pins as objects of the program: who owns them, what moving, losing and sharing them does
// (N: holes of Go's that its tests do not ask about), and what the tests of ansiwen's PtrGuard
// asked before there was a Pinner (P). Numbers as in the project's list of pin tests.
#include "heap/support/random.hpp"
#include "pinning/shapes/handle.hpp"
#include "pinning/shapes/scoped.hpp"
#include "collector/tests/pin_world.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace pinlab::collector::tests {
namespace {

using heap::ObjectRef;
using pinning::Pinner;
using pinning::PinSet;

TEST_CASE("N10 a set whose owner only its own pinned objects reach is a leak, and is reported") {
  // The hole in Go: a struct that embeds its Pinner and pins itself is never found.
  PinWorld world;
  std::uint64_t leaked = 0;
  world.pins().set_leak_handler([&](const pinning::PinLeak& leak) { leaked += leak.pins; });
  Root owner(world.mutator(), world.make(1));
  Pinner pinner(world.pins(), owner.get());
  const ObjectRef buffer = world.make(1);
  world.mutator().store(buffer, 0, owner.get());
  world.mutator().store(owner.get(), 0, buffer);
  pinner.pin(buffer);
  pinner.pin(owner.get());
  world.collect_full();
  CHECK(leaked == 0);
  owner.set({});
  world.collect_full();
  CHECK(leaked == 2);
  CHECK(pinner.empty());
}

TEST_CASE("N11 pins go along with a pinner that is moved, and the one left behind is trapped") {
  static_assert(!std::is_copy_constructible_v<Pinner> && !std::is_copy_assignable_v<Pinner>);
  static_assert(!std::is_move_constructible_v<pinning::ScopedPin>);
  PinWorld world;
  const Root object(world.mutator(), world.make());
  Pinner first(world.pins());
  first.pin(object.get());
  Pinner second(std::move(first));
  CHECK(second.size() == 1);
  CHECK_THROWS_AS(first.pin(object.get()), pinning::PinError);  // NOLINT(*-use-after-move)
  CHECK_THROWS_AS(first.unpin(), pinning::PinError);
  CHECK(first.empty());
  std::uint64_t leaked = 0;
  world.pins().set_leak_handler([&](const pinning::PinLeak& leak) { leaked += leak.pins; });
  second = Pinner(world.pins());  // what it held is lost, and that is a leak
  CHECK(leaked == 1);
  CHECK_FALSE(world.pins().is_pinned(object.get()));
}

TEST_CASE("N12 threads that pin and unpin neighbours at once leave every count right") {
  PinWorld world;
  std::vector<ObjectRef> objects;
  Pinner base(world.pins());
  for (int i = 0; i < 16; ++i) {
    objects.push_back(world.make(0, 0));
    base.pin(objects.back());
  }
  const auto work = [&](std::uint64_t seed) {
    heap::Random random(seed);
    Pinner pinner(world.pins());
    for (int i = 0; i < 20'000; ++i) {
      pinner.pin(objects[random.below(objects.size())]);
      if (random.below(8) == 0) {
        pinner.unpin();
      }
    }
    pinner.unpin();
  };
  std::thread other(work, 1);
  work(2);
  other.join();
  CHECK(world.pins().overflow_records() == 0);
  CHECK(std::ranges::all_of(objects, [&](ObjectRef o) { return world.pins().is_pinned(o); }));
  base.unpin();
  CHECK(std::ranges::none_of(objects, [&](ObjectRef o) { return world.pins().is_pinned(o); }));
}

TEST_CASE(
    "N12 a pin that races with close is ended with the others, or refused, and none is left") {
  PinWorld world;
  const Root object(world.mutator(), world.make());
  const std::vector<ObjectRef> objects(3, object.get());
  const pinning::SiteId site = world.pins().sites().intern("a racer");
  for (int round = 0; round < 1000; ++round) {
    Pinner pinner(world.pins());
    std::atomic<bool> pins{false};
    std::string refused;
    std::thread racer([&] {
      try {
        for (;;) {
          round % 2 == 0 ? pinner.pin(objects[0], site) : pinner.pin_all(objects, site);
          pins.store(true, std::memory_order_relaxed);
        }
      } catch (const pinning::PinError& error) {
        refused = error.what();
      }
    });
    while (!pins.load(std::memory_order_relaxed)) {
      std::this_thread::yield();
    }
    pinner.close();
    racer.join();
    REQUIRE(refused.starts_with("pinner: a pin after close (site: a racer, object: heap offset "));
    REQUIRE(pinner.empty());
    REQUIRE(world.pins().held() == 0);
    REQUIRE_FALSE(world.pins().is_pinned(object.get()));
    REQUIRE(world.pins().overflow_records() == 0);
  }
}

TEST_CASE("N12 pins of a set that race with its unpins are held or ended, and counted so") {
  PinWorld world;
  const Root object(world.mutator(), world.make());
  constexpr std::uint64_t kPins = 20'000;
  PinSet set(world.pins(), pinning::Liveness::strong);
  std::atomic<bool> done{false};
  std::thread racer([&] {
    for (std::uint64_t i = 0; i < kPins; ++i) {
      set.pin(object.get(), 0);
    }
    done.store(true, std::memory_order_relaxed);
  });
  while (!done.load(std::memory_order_relaxed)) {
    set.unpin_all();
  }
  racer.join();
  CHECK(world.pins().counts().made == kPins);
  CHECK(world.pins().held() == set.size());
  CHECK(world.pins().is_pinned(object.get()) == !set.empty());
  set.unpin_all();
  CHECK(world.pins().counts().ended == kPins);
  CHECK_FALSE(world.pins().is_pinned(object.get()));
  CHECK(world.pins().overflow_records() == 0);
}

TEST_CASE("P3 a thousand objects in one set live without a root, and all die after it") {
  PinWorld world;
  Neighbour neighbour(world);
  Pinner pinner(world.pins());
  std::vector<std::uint32_t> weak;
  std::vector<ObjectRef> objects;
  for (std::uint64_t i = 0; i < 1024; ++i) {
    objects.push_back(world.make());
    mark(objects.back(), i);
    weak.push_back(world.runtime().weaks().add(objects.back()));
    pinner.pin(objects.back());
  }
  world.collect_young();
  world.collect_full();
  CHECK(neighbour.has_moved());
  for (std::uint64_t i = 0; i < 1024; ++i) {
    REQUIRE(world.runtime().weaks().get(weak[i]) == objects[i]);
    REQUIRE(mark_of(objects[i]) == i);
  }
  pinner.unpin();
  world.collect_full();
  CHECK(std::ranges::none_of(
      weak, [&](std::uint32_t w) { return static_cast<bool>(world.runtime().weaks().get(w)); }));
}

TEST_CASE("P4 a sibling that is not pinned dies in the collection that the pinned one survives") {
  PinWorld world;
  Neighbour neighbour(world);
  const std::uint32_t sibling = world.runtime().weaks().add(world.make());
  const ObjectRef object = world.make();
  const std::uint32_t pinned = world.runtime().weaks().add(object);
  Pinner pinner(world.pins());
  pinner.pin(object);
  world.collect_young();
  CHECK(neighbour.has_moved());
  CHECK_FALSE(world.runtime().weaks().get(sibling));
  CHECK(world.runtime().weaks().get(pinned) == object);
}

TEST_CASE("P7 the leak handler is not called for a set that never pinned, or has unpinned") {
  PinWorld world;
  int calls = 0;
  world.pins().set_leak_handler([&](const pinning::PinLeak&) { ++calls; });
  {
    Pinner never(world.pins());
    Pinner over(world.pins());
    over.pin(world.make());
    over.unpin();
    Root owner(world.mutator(), world.make());
    Pinner owned(world.pins(), owner.get());
    owner.set({});
    world.collect_full();
  }
  CHECK(calls == 0);
}

TEST_CASE("P8 twenty thousand guards and a hundred thousand toggles: each is right at every step") {
  constexpr std::size_t kGuards = 20'000;
  Options options = moving_options();
  options.verify = VerifyLevel::none;
  PinWorld world(options);
  std::vector<ObjectRef> objects;  // as last seen; pinned ones are still there
  std::vector<std::uint32_t> roots;
  std::vector<Pinner> guards;
  for (std::uint64_t i = 0; i < kGuards; ++i) {
    objects.push_back(world.make(0, 8 + 8 * (i % 8)));
    mark(objects.back(), i);
    roots.push_back(world.runtime().globals().add(objects.back()));
    guards.emplace_back(world.pins());
  }
  heap::Random random(8);
  std::uint64_t moved = 0;  // of those that nobody pinned
  for (int step = 0; step < 100'000; ++step) {
    const std::size_t i = random.below(kGuards);
    const ObjectRef now = world.runtime().globals().get(roots[i]);
    REQUIRE(mark_of(now) == i);
    if (guards[i].empty()) {
      moved += now == objects[i] ? 0U : 1U;
      guards[i].pin(now);
      objects[i] = now;
    } else {
      REQUIRE(now == objects[i]);
      guards[i].unpin();
    }
    REQUIRE(world.pins().is_pinned(now) == !guards[i].empty());
    if (step % 10'000 == 0) {
      step % 30'000 == 0 ? world.collect_full() : world.collect_young();
    }
  }
  CHECK(moved > 0);
  for (std::size_t i = 0; i < kGuards; ++i) {
    guards[i].unpin();
    REQUIRE_FALSE(world.pins().is_pinned(world.runtime().globals().get(roots[i])));
  }
  CHECK(world.pins().held() == 0);
  world.runtime().verify(world.mutator(), VerifyLevel::full);
}

TEST_CASE("a handle keeps its object alive, and follows it where it goes") {
  PinWorld world;
  const ObjectRef object = world.make();
  mark(object, 5);
  const std::uint32_t weak = world.runtime().weaks().add(object);
  std::optional<pinning::Handle> handle(std::in_place, world.pins(), object);
  const pinning::HandleId id = handle->id();
  world.collect_young();
  CHECK(handle->get() != object);
  CHECK(mark_of(handle->get()) == 5);
  CHECK(pinning::Handle::resolve(world.pins(), id) == handle->get());
  handle.reset();
  world.collect_full();
  CHECK_FALSE(world.runtime().weaks().get(weak));
  CHECK_THROWS_AS(pinning::Handle(world.pins(), ObjectRef()), pinning::PinError);
}

TEST_CASE("scoped pins end with their block, the newest first, and ignore what needs none") {
  PinWorld world;
  Neighbour neighbour(world);
  const Root object(world.mutator(), world.make());
  const ObjectRef there = object.get();
  pinning::PinStack stack(world.pins());
  {
    const pinning::ScopedPin outer(stack, there);
    const pinning::ScopedPin null(stack, ObjectRef());
    {
      const pinning::ScopedPin inner(stack, there);
      CHECK(world.pins().extra_pins(there) == 1);
      CHECK(stack.depth() == 3);
    }
    CHECK(world.pins().extra_pins(there) == 0);
    world.collect_young();
    CHECK(neighbour.has_moved());
    CHECK(object.get() == there);
  }
  CHECK_FALSE(world.pins().is_pinned(there));
  CHECK(world.pins().counts().needless_of(pinning::Needless::null) == 1);
}

}  // namespace
}  // namespace pinlab::collector::tests
