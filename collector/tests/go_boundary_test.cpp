// The acceptance tests of Go's runtime.Pinner that ask the check at the border to foreign code, by
// their numbers (src/runtime/pinner_test.go).
#include "pinning/boundary.hpp"
#include "collector/tests/go_tests.hpp"
#include "collector/tests/pin_world.hpp"

namespace pinlab::collector::tests {
namespace {

using heap::Address;
using heap::ObjectRef;
using pinning::first_unpinned;
using pinning::Pinner;

PINLAB_GO_TEST(13, "TestPinnerCgoCheckPtr2Ptr: a reference to what is not pinned is refused") {
  PinWorld world;
  const Root holder(world.mutator(), world.make(1));
  world.mutator().store(holder, 0, world.make());
  const ObjectRef target = holder.get().load(0);
  const auto found = first_unpinned(world.pins(), holder.get());
  REQUIRE(found);
  CHECK(found->holder == holder.get());
  CHECK(found->slot == 0);
  CHECK(found->object == target);
  Pinner pinner(world.pins());
  pinner.pin(target);
  CHECK_FALSE(first_unpinned(world.pins(), holder.get()));
}

PINLAB_GO_TEST(14, "TestPinnerCgoCheckPtr2UnsafePtr: whatever slot it lies in") {
  PinWorld world;
  const Root holder(world.mutator(), world.make(5));
  world.mutator().store(holder, 3, world.make());
  const auto found = first_unpinned(world.pins(), holder.get());
  REQUIRE(found);
  CHECK(found->slot == 3);
  Pinner pinner(world.pins());
  pinner.pin(found->object);
  CHECK_FALSE(first_unpinned(world.pins(), holder.get()));
}

PINLAB_GO_TEST(16, "TestPinnerCgoCheckInterface: a box on the way needs a pin of its own") {
  PinWorld world;
  const Root holder(world.mutator(), world.make(1));
  world.mutator().store(holder, 0, world.make(1));
  const Root box(world.mutator(), holder.get().load(0));
  world.mutator().store(box, 0, world.make());
  Pinner pinner(world.pins());
  pinner.pin(box.get().load(0));
  CHECK(first_unpinned(world.pins(), holder.get())->object == box.get());
  pinner.pin(box.get());
  CHECK_FALSE(first_unpinned(world.pins(), holder.get()));
}

PINLAB_GO_TEST(17, "TestPinnerCgoCheckSlice: a pin of any element is one of the whole array") {
  for (const std::size_t element : {std::size_t{0}, std::size_t{7}}) {
    PinWorld world;
    Neighbour neighbour(world);
    const Root slice(world.mutator(), world.make(1));
    world.mutator().store(slice, 0, world.make(0, 8 * sizeof(std::uint64_t)));
    const ObjectRef array = slice.get().load(0);
    CHECK(first_unpinned(world.pins(), slice.get()));
    Pinner pinner(world.pins());
    pinner.pin_interior(array.slot(element));
    CHECK_FALSE(first_unpinned(world.pins(), slice.get()));
    world.collect_young();
    CHECK(neighbour.has_moved());
    CHECK(slice.get().load(0) == array);
  }
}

PINLAB_GO_TEST(18, "TestPinnerCgoCheckString: bytes behind a header are pinned by their first") {
  PinWorld world;
  const Root string(world.mutator(), world.make(1));
  world.mutator().store(string, 0, world.make(0, 12));
  CHECK(first_unpinned(world.pins(), string.get()));
  Pinner pinner(world.pins());
  pinner.pin_interior(Address::of(string.get().load(0).payload().data()));
  CHECK_FALSE(first_unpinned(world.pins(), string.get()));
}

PINLAB_GO_TEST(19,
               "TestPinnerCgoCheckPinned2UnpinnedPanics: a pin of the outer excuses no inner one") {
  PinWorld world;
  const Root holder(world.mutator(), world.make(1));
  world.mutator().store(holder, 0, world.make());
  Pinner pinner(world.pins());
  pinner.pin(holder.get());
  CHECK(first_unpinned(world.pins(), holder.get()));
  CHECK(first_unpinned(world.pins(), holder.get(), pinning::Passing::kept));
}

PINLAB_GO_TEST(20, "TestPinnerCgoCheckPtr2Pinned2Unpinned: each hop needs its own pin") {
  PinWorld world;
  const Root outer(world.mutator(), world.make(1));
  world.mutator().store(outer, 0, world.make(1));
  const Root middle(world.mutator(), outer.get().load(0));
  world.mutator().store(middle, 0, world.make());
  Pinner pinner(world.pins());
  pinner.pin(middle.get());
  CHECK(first_unpinned(world.pins(), outer.get())->holder == middle.get());
  CHECK(first_unpinned(world.pins(), middle.get()));
  pinner.pin(middle.get().load(0));
  CHECK_FALSE(first_unpinned(world.pins(), outer.get()));
  CHECK_FALSE(first_unpinned(world.pins(), middle.get()));
  CHECK(first_unpinned(world.pins(), outer.get(), pinning::Passing::kept)->object == outer.get());
}

// cmd/cgo/internal/testerrors/ptr_test.go, with GOEXPERIMENT=cgocheck2.
TEST_CASE(
    "ptr_test barrier, barrierpinnedok: what is stored has to be pinned, what is passed not") {
  PinWorld world;
  const pinning::SiteId site = world.pins().sites().intern("a writer");
  const Root inner(world.mutator(), world.make());
  const Root outer(world.mutator(), world.make(1));
  world.mutator().store(outer, 0, inner.get());
  const auto check = [&](const Root& object, pinning::Passing passing) {
    pinning::check_store(world.pins(), object.get(), passing, site);
  };
  CHECK_NOTHROW(check(inner, pinning::Passing::argument));
  CHECK_THROWS_WITH_AS(
      check(inner, pinning::Passing::kept),
      "a writer stored the address of an unpinned object of 48 bytes in foreign memory (at heap "
      "offset 0)",
      pinning::StoreRefused);
  CHECK_THROWS_WITH_AS(
      check(outer, pinning::Passing::argument),
      "a writer gave foreign code an object that leads to an unpinned one of 48 bytes, through "
      "reference 0 of one of 56 bytes (at heap offset 0)",
      pinning::StoreRefused);
  Pinner pinner(world.pins());
  pinner.pin(inner.get());
  CHECK_NOTHROW(check(inner, pinning::Passing::kept));
  CHECK_NOTHROW(check(outer, pinning::Passing::argument));
  CHECK_THROWS_AS(check(outer, pinning::Passing::kept), pinning::StoreRefused);
  pinner.pin(outer.get());
  CHECK_NOTHROW(check(outer, pinning::Passing::kept));
}

static_assert(each_is_here_or_not<13>(std::make_integer_sequence<int, 8>()),
              "T13 to T20 are here, or rows of the table with their reason");

}  // namespace
}  // namespace pinlab::collector::tests
