// The acceptance tests of Go's runtime.Pinner, by their numbers: src/runtime/pinner_test.go, as it
// stands since Go 1.22. Go's objects never move; here they do, and every test that says that a pin
// holds something in place has a neighbour that is seen to move.
#include "pinning/boundary.hpp"
#include "collector/tests/go_tests.hpp"
#include "collector/tests/pin_world.hpp"

#include <array>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

namespace pinlab::collector::tests {
namespace {

using heap::Address;
using heap::ObjectRef;
using pinning::first_unpinned;
using pinning::Pinner;

/// Memory that is in no heap of ours, with a header as an object has one.
constexpr std::uint64_t kStaticObject = heap::Header(2, 0).word();

ObjectRef static_object() {
  return ObjectRef(Address::of(&kStaticObject));
}

PINLAB_GO_TEST(1, "TestPinnerSimple: a single pin makes no overflow record and holds the address") {
  PinWorld world;
  Neighbour below(world);
  const Root object(world.mutator(), world.make());
  Neighbour above(world);
  const ObjectRef there = object.get();
  CHECK_FALSE(world.pins().is_pinned(there));
  Pinner pinner(world.pins());
  pinner.pin(there);
  CHECK(world.pins().is_pinned(there));
  CHECK(world.pins().extra_pins(there) == 0);
  CHECK(world.pins().overflow_records() == 0);
  world.collect_young();
  CHECK(object.get() == there);
  CHECK(below.has_moved());
  CHECK(above.has_moved());
  world.collect_full();
  CHECK(object.get() == there);
  CHECK(below.has_moved());
  CHECK(above.has_moved());
  pinner.unpin();
  CHECK_FALSE(world.pins().is_pinned(there));
}

PINLAB_GO_TEST(2, "TestPinnerPinKeepsAliveAndReleases: a pin is a root until it ends") {
  PinWorld world;
  Neighbour neighbour(world);
  const ObjectRef object = world.make();
  mark(object, 4711);
  const std::uint32_t weak = world.runtime().weaks().add(object);
  Pinner pinner(world.pins());
  pinner.pin(object);
  world.collect_young();
  CHECK(neighbour.has_moved());
  world.collect_full();
  CHECK(neighbour.has_moved());
  world.collect_full();
  CHECK(world.runtime().weaks().get(weak) == object);
  CHECK(mark_of(object) == 4711);
  pinner.unpin();
  world.collect_full();
  world.collect_full();
  CHECK_FALSE(world.runtime().weaks().get(weak));
  CHECK(world.runtime().heap().object_containing(object.address()) != object);
}

PINLAB_GO_TEST(3, "TestPinnerMultiplePinsSame: a hundred pins are counted and end together") {
  PinWorld world;
  Neighbour neighbour(world);
  const Root object(world.mutator(), world.make());
  const ObjectRef there = object.get();
  Pinner pinner(world.pins());
  for (int i = 0; i < 100; ++i) {
    pinner.pin(there);
  }
  CHECK(world.pins().extra_pins(there) == 99);
  CHECK(world.pins().overflow_records() == 1);
  world.collect_young();
  CHECK(neighbour.has_moved());
  CHECK(object.get() == there);
  CHECK(world.pins().extra_pins(there) == 99);
  pinner.unpin();
  CHECK_FALSE(world.pins().is_pinned(there));
  CHECK(world.pins().extra_pins(there) == 0);
  CHECK(world.pins().overflow_records() == 0);
}

PINLAB_GO_TEST(4, "TestPinnerTwoPinner: an object is held until the last of two pinners ends") {
  for (const bool first_ends_first : {true, false}) {
    for (const bool from_another_thread : {true, false}) {
      PinWorld world;
      Neighbour neighbour(world);
      const Root object(world.mutator(), world.make());
      const ObjectRef there = object.get();
      Pinner first(world.pins());
      Pinner second(world.pins());
      const auto unpin = [&](Pinner& pinner) {
        if (from_another_thread) {
          std::thread([&] { pinner.unpin(); }).join();
        } else {
          pinner.unpin();
        }
      };
      first.pin(there);
      CHECK(world.pins().overflow_records() == 0);
      second.pin(there);
      CHECK(world.pins().extra_pins(there) == 1);
      unpin(first_ends_first ? first : second);
      CHECK(world.pins().is_pinned(there));
      CHECK(world.pins().overflow_records() == 0);
      world.collect_young();
      CHECK(neighbour.has_moved());
      CHECK(object.get() == there);
      unpin(first_ends_first ? second : first);
      CHECK_FALSE(world.pins().is_pinned(there));
    }
  }
}

PINLAB_GO_TEST(5,
               "TestPinnerPinZerosizeObj: what has no size is pinned, in the heap and out of it") {
  PinWorld world;
  Pinner pinner(world.pins());
  pinner.pin(static_object());
  CHECK(world.pins().is_pinned(static_object()));
  CHECK(pinner.empty());
  pinner.unpin();
  CHECK(world.pins().is_pinned(static_object()));

  Neighbour neighbour(world);
  const Root empty(world.mutator(), world.make(0, 0));
  const ObjectRef there = empty.get();
  CHECK(there.bytes() == heap::kGranuleBytes);
  pinner.pin(there);
  CHECK(world.pins().is_pinned(there));
  world.collect_young();
  CHECK(neighbour.has_moved());
  CHECK(empty.get() == there);
}

PINLAB_GO_TEST(6, "TestPinnerPinGlobalPtr: what never moves is accepted, and counted apart") {
  PinWorld world;
  Pinner pinner(world.pins());
  pinner.pin(static_object());
  CHECK(world.pins().counts().needless_of(pinning::Needless::static_memory) == 1);
  CHECK(world.pins().counts().made == 0);
  const ObjectRef large = world.make(0, std::uint64_t{64} << 10U);
  REQUIRE(world.runtime().heap().is_large(large.address()));
  pinner.pin(large);
  CHECK(world.pins().is_pinned(large));
  CHECK(world.pins().counts().made == 1);
  CHECK(world.pins().counts().needless_of(pinning::Needless::large) == 1);
}

PINLAB_GO_TEST(7, "TestPinnerPinTinyObj: counts of the smallest objects side by side keep apart") {
  PinWorld world;
  Neighbour neighbour(world);
  std::vector<ObjectRef> tiny;
  std::vector<std::uint32_t> roots;
  Pinner pinner(world.pins());
  for (int i = 0; i < 64; ++i) {
    tiny.push_back(world.make(0, 0));
    roots.push_back(world.runtime().globals().add(tiny.back()));
    pinner.pin(tiny.back());
    pinner.pin(tiny.back());
  }
  CHECK(world.pins().overflow_records() == 64);
  world.collect_young();
  CHECK(neighbour.has_moved());
  for (std::size_t i = 0; i < tiny.size(); ++i) {
    const ObjectRef object = tiny[i];
    CHECK(world.runtime().globals().get(roots[i]) == object);
    CHECK(world.pins().is_pinned(object));
    CHECK(world.pins().extra_pins(object) == 1);
    CHECK(object.bytes() == heap::kGranuleBytes);
  }
  pinner.unpin();
  for (const ObjectRef object : tiny) {
    CHECK_FALSE(world.pins().is_pinned(object));
  }
  CHECK(world.pins().overflow_records() == 0);
}

PINLAB_GO_TEST(8, "TestPinnerInterface: a cell and what it refers to are pinned one by one") {
  for (const bool pin_the_cell : {true, false}) {
    PinWorld world;
    const Root cell(world.mutator(), world.make(1));
    world.mutator().store(cell, 0, world.make());
    const ObjectRef cell_there = cell.get();
    const ObjectRef target_there = cell_there.load(0);
    Pinner pinner(world.pins());
    pinner.pin(pin_the_cell ? cell_there : target_there);
    CHECK(world.pins().is_pinned(cell_there) == pin_the_cell);
    CHECK(world.pins().is_pinned(target_there) == !pin_the_cell);
    world.collect_young();
    CHECK((cell.get() == cell_there) == pin_the_cell);
    CHECK((cell.get().load(0) == target_there) == !pin_the_cell);
  }
}

template <class Argument>
concept CanBePinned = requires(Pinner& pinner, Argument argument) {
  pinner.pin(argument);
};

PINLAB_GO_TEST(
    9, "TestPinnerPinNonPtrPanics: what is no reference does not compile; null is an error") {
  static_assert(CanBePinned<ObjectRef>);
  static_assert(!CanBePinned<int> && !CanBePinned<std::uintptr_t> && !CanBePinned<std::string>);
  static_assert(!CanBePinned<void*> && !CanBePinned<Address> && !CanBePinned<heap::Shape>);
  PinWorld world;
  Pinner pinner(world.pins());
  CHECK_THROWS_AS(pinner.pin(ObjectRef()), pinning::PinError);
  CHECK(world.pins().counts().needless_of(pinning::Needless::null) == 1);
  const std::uint64_t on_the_stack = 0;
  pinner.pin_interior(Address::of(&on_the_stack));
  CHECK(world.pins().counts().needless_of(pinning::Needless::foreign) == 1);
  CHECK(pinner.empty());
}

PINLAB_GO_TEST(10, "TestPinnerReuse: the check at the border follows what is pinned now") {
  PinWorld world;
  Neighbour neighbour(world);
  const Root holder(world.mutator(), world.make(1));
  world.mutator().store(holder, 0, world.make());
  const ObjectRef target = holder.get().load(0);
  Pinner pinner(world.pins());
  CHECK(first_unpinned(world.pins(), holder.get()));
  pinner.pin(target);
  CHECK_FALSE(first_unpinned(world.pins(), holder.get()));
  pinner.unpin();
  CHECK(first_unpinned(world.pins(), holder.get()));
  pinner.pin(target);
  CHECK_FALSE(first_unpinned(world.pins(), holder.get()));
  world.collect_young();
  CHECK(neighbour.has_moved());
  CHECK(holder.get().load(0) == target);
  CHECK_FALSE(first_unpinned(world.pins(), holder.get()));
}

PINLAB_GO_TEST(11,
               "TestPinnerEmptyUnpin: to unpin without pins does nothing, as often as one likes") {
  PinWorld world;
  Pinner pinner(world.pins());
  pinner.unpin();
  pinner.unpin();
  pinner.pin(world.make());
  pinner.unpin();
  pinner.unpin();
  CHECK(world.pins().counts().made == 1);
  CHECK(world.pins().counts().ended == 1);
}

PINLAB_GO_TEST(12,
               "TestPinnerLeakPanics: a pinner that is lost with pins in it is reported, once") {
  for (const bool owned_by_an_object : {false, true}) {
    PinWorld world;
    const Root object(world.mutator(), world.make());
    const pinning::SiteId site = world.pins().sites().intern("leaky");
    std::vector<pinning::PinLeak> leaks;
    world.pins().set_leak_handler([&](const pinning::PinLeak& leak) {
      CHECK_FALSE(world.pins().is_pinned(object.get()));  // released before the report
      leaks.push_back(leak);
    });
    {
      Root owner(world.mutator(), owned_by_an_object ? world.make() : ObjectRef());
      Pinner pinner(world.pins(), owner.get());
      pinner.pin(object.get(), site);
      pinner.pin(object.get(), site);
      world.collect_full();
      CHECK(leaks.empty());
      owner.set({});
      world.collect_full();
      world.collect_full();
      CHECK(leaks.size() == (owned_by_an_object ? 1 : 0));
    }
    REQUIRE(leaks.size() == 1);
    CHECK(leaks[0].site == site);
    CHECK(leaks[0].pins == 2);
    CHECK(leaks[0].bytes == 2 * object.get().bytes());
    CHECK(world.pins().counts().leaked == 2);
  }
}

PINLAB_GO_TEST(21, "TestPinnerConstStringData: read-only data is pinned before, during and after") {
  static const std::array<char, 16> kText = {"a string"};
  PinWorld world;
  Pinner pinner(world.pins());
  const ObjectRef text(Address::of(kText.data()));
  CHECK(world.pins().is_pinned(text));
  pinner.pin(text);
  CHECK(world.pins().is_pinned(text));
  CHECK_FALSE(first_unpinned(world.pins(), text, pinning::Passing::kept));
  pinner.unpin();
  CHECK(world.pins().is_pinned(text));
}

static_assert(
    each_is_here_or_not<1>(std::make_integer_sequence<int, 12>()) &&
        each_is_here_or_not<21>(std::make_integer_sequence<int, 1>()),
    "T1 to T12 and T21 are here, or rows of the table with their reason; T13 to T20 are in "
    "go_boundary_test.cpp");

}  // namespace
}  // namespace pinlab::collector::tests
