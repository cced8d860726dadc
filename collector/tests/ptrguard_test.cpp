// The tests of ansiwen's PtrGuard and of go-ceph that ask about foreign slots, by their numbers;
// P3, P4 and P7, which ask about sets, are in pin_sets_test.cpp.
#include "pinning/shapes/ptrguard.hpp"

#include "heap/support/random.hpp"
#include "collector/tests/pin_world.hpp"

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace pinlab::collector::tests {
namespace {

using heap::ObjectRef;
using pinning::PtrGuard;

TEST_CASE("P1 a foreign slot holds the address while it is pinned, and null after") {
  PinWorld world;
  Neighbour neighbour(world);
  const Root object(world.mutator(), world.make());
  mark(object.get(), 11);
  void* slot = nullptr;
  PtrGuard guard(world.pins());
  guard.pin(object.get()).store(&slot);
  const void* const there = slot;
  world.collect_young();
  world.collect_full();
  CHECK(neighbour.has_moved());
  CHECK(slot == there);
  CHECK(object.get().address() == heap::Address::of(there));
  CHECK(mark_of(ObjectRef(heap::Address::of(slot))) == 11);
  guard.unpin();
  CHECK(slot == nullptr);
  CHECK_FALSE(world.pins().is_pinned(object.get()));
  CHECK(world.pins().counts().work_of(pinning::ShapeWork::slots_nulled) == 1);
}

TEST_CASE("P2 one pin stored in 1024 slots is one pin, and all of them are null after") {
  PinWorld world;
  const Root object(world.mutator(), world.make());
  std::vector<void*> slots(1024);
  PtrGuard guard(world.pins());
  const PtrGuard::Pointer pointer = guard.pin(object.get());
  for (void*& slot : slots) {
    pointer.store(&slot);
  }
  CHECK(guard.size() == 1);
  CHECK(std::ranges::all_of(
      slots, [&](const void* slot) { return heap::Address::of(slot) == object.get().address(); }));
  guard.unpin();
  CHECK(std::ranges::all_of(slots, [](const void* slot) { return slot == nullptr; }));
}

TEST_CASE("a pointer stores no address any more once its pin has ended, or its guard has moved") {
  PinWorld world;
  const Root object(world.mutator(), world.make());
  const pinning::SiteId site = world.pins().sites().intern("a late store");
  const std::string where = "(site: a late store, object: heap offset " +
                            std::to_string(object.get().address() - world.runtime().heap().base()) +
                            ")";
  void* slot = nullptr;
  const auto refuses = [&](const PtrGuard::Pointer& pointer) {
    std::string text;
    try {
      pointer.store(&slot);
    } catch (const pinning::PinError& error) {
      text = error.what();
    }
    CHECK(text.starts_with("ptrguard: a store of the address of a pin that has ended"));
    CHECK(text.find(where) != std::string::npos);
    CHECK(slot == nullptr);
  };
  PtrGuard guard(world.pins());
  const PtrGuard::Pointer first = guard.pin(object.get(), site);
  first.store(&slot);
  guard.unpin();
  refuses(first);
  const PtrGuard::Pointer second = guard.pin(object.get(), site);
  refuses(first);  // the guard holds the object again, and that is another pin
  PtrGuard moved(std::move(guard));
  refuses(second);
  const PtrGuard::Pointer third = moved.pin(object.get(), site);
  world.pins().set_leak_handler([](const pinning::PinLeak&) {});
  moved.lose();
  refuses(third);
}

TEST_CASE("P5 a guard is used again after its unpin, and holds again") {
  PinWorld world;
  PtrGuard guard(world.pins());
  for (int round = 0; round < 3; ++round) {
    Neighbour neighbour(world);  // young, as the object is
    const Root object(world.mutator(), world.make());
    void* slot = nullptr;
    const ObjectRef there = object.get();
    guard.pin(there).store(&slot);
    world.collect_young();
    CHECK(neighbour.has_moved());
    CHECK(object.get() == there);
    guard.unpin();
    CHECK(slot == nullptr);
    CHECK(guard.empty());
  }
}

template <class Slot>
concept CanBeStoredIn = requires(const PtrGuard::Pointer& pointer, Slot slot) {
  pointer.store(slot);
};
template <class Argument>
concept CanBeGuarded = requires(PtrGuard& guard, Argument argument) {
  guard.pin(argument);
};

TEST_CASE("P6 what is no reference cannot be pinned, and what is no slot cannot be stored in") {
  static_assert(CanBeStoredIn<void**>);
  static_assert(!CanBeStoredIn<void*> && !CanBeStoredIn<int*> && !CanBeStoredIn<std::uintptr_t*>);
  static_assert(CanBeGuarded<ObjectRef>);
  static_assert(!CanBeGuarded<int> && !CanBeGuarded<void*> && !CanBeGuarded<heap::Address>);
  static_assert(!std::is_copy_constructible_v<PtrGuard>);
  PinWorld world;
  PtrGuard guard(world.pins());
  CHECK_THROWS_AS(static_cast<void>(guard.pin(ObjectRef())), pinning::PinError);
  PtrGuard moved(std::move(guard));
  CHECK_THROWS_AS(static_cast<void>(guard.pin(world.make())), pinning::PinError);  // NOLINT
  CHECK_THROWS_AS(guard.unpin(), pinning::PinError);
}

TEST_CASE("P8 five thousand guards, toggled: every slot is right at every step, and null at last") {
  // go-ceph takes 20,000 guards and 100,000 toggles: so does P8 of pin_sets_test.cpp, without
  // slots.
  constexpr std::size_t kGuards = 5'000;
  Options options = moving_options();
  options.verify = VerifyLevel::none;
  PinWorld world(options);
  std::vector<std::uint32_t> roots;
  std::vector<PtrGuard> guards;
  std::vector<void*> slots(kGuards);
  std::vector<heap::Address> seen(kGuards);
  std::uint64_t moved = 0;  // of those that nobody guarded
  guards.reserve(kGuards);
  for (std::uint64_t i = 0; i < kGuards; ++i) {
    const ObjectRef object = world.make(0, 8 + 8 * (i % 8));
    mark(object, i);
    roots.push_back(world.runtime().globals().add(object));
    guards.emplace_back(world.pins());
  }
  heap::Random random(8);
  for (int step = 0; step < 25'000; ++step) {
    const std::size_t i = random.below(kGuards);
    const ObjectRef now = world.runtime().globals().get(roots[i]);
    if (guards[i].empty()) {
      REQUIRE(slots[i] == nullptr);
      moved += seen[i] && seen[i] != now.address() ? 1U : 0U;
      seen[i] = now.address();
      guards[i].pin(now).store(&slots[i]);
    } else {
      REQUIRE(heap::Address::of(slots[i]) == now.address());
      REQUIRE(mark_of(ObjectRef(heap::Address::of(slots[i]))) == i);
      guards[i].unpin();
      REQUIRE(slots[i] == nullptr);
    }
    if (step % 2'500 == 0) {
      step % 7'500 == 0 ? world.collect_full() : world.collect_young();
    }
  }
  CHECK(moved > 0);
  for (PtrGuard& guard : guards) {
    guard.unpin();
  }
  CHECK(std::ranges::all_of(slots, [](const void* slot) { return slot == nullptr; }));
  CHECK(world.pins().held() == 0);
}

TEST_CASE("a guard that is dropped nulls its slots and is a leak, one that is lost leaves them") {
  PinWorld world;
  std::uint64_t leaked = 0;
  world.pins().set_leak_handler([&](const pinning::PinLeak& leak) { leaked += leak.pins; });
  const Root object(world.mutator(), world.make());
  void* slot = nullptr;
  {
    PtrGuard dropped(world.pins());
    dropped.pin(object.get()).store(&slot);
  }
  CHECK(slot == nullptr);
  CHECK(leaked == 1);
  CHECK_FALSE(world.pins().is_pinned(object.get()));
  {
    PtrGuard lost(world.pins());
    lost.pin(object.get()).store(&slot);
    lost.lose();
  }
  CHECK(heap::Address::of(slot) == object.get().address());
  CHECK(world.pins().is_pinned(object.get()));
  world.collect_full();
  CHECK(leaked == 2);
  CHECK_FALSE(world.pins().is_pinned(object.get()));
}

TEST_CASE("P9 to release a guard that holds nothing does nothing, as often as one likes") {
  PinWorld world;
  PtrGuard guard(world.pins());
  guard.unpin();
  void* slot = nullptr;
  guard.pin(world.make()).store(&slot);
  guard.unpin();
  int other = 0;
  slot = &other;  // foreign code uses its slot for something else by now
  guard.unpin();
  CHECK(slot == &other);
  CHECK(world.pins().counts().ended == 1);
}

}  // namespace
}  // namespace pinlab::collector::tests
