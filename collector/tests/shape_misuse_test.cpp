// Misuse of the C++ types of shapes: a move leaves something behind that is trapped, and an end is
// once. Each error names the shape, the site and the object, and changes no count. What every
// shape refuses alike is in shape_contract_test.cpp.
#include "pinning/shapes/explicit_pin.hpp"
#include "pinning/shapes/limited.hpp"
#include "pinning/shapes/off_heap.hpp"
#include "pinning/shapes/pin_group.hpp"
#include "pinning/shapes/pinned.hpp"
#include "pinning/shapes/pinned_handle.hpp"
#include "pinning/shapes/pointer_pin.hpp"
#include "pinning/shapes/ptrguard.hpp"
#include "pinning/shapes/strong_pin.hpp"
#include "pinning/shapes/submit_batch.hpp"
#include "pinning/shapes/unreachable_error.hpp"
#include "pinning/shapes/weak_pin.hpp"
#include "collector/tests/pin_world.hpp"

#include <array>
#include <chrono>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>

namespace pinlab::collector::tests {
namespace {

using heap::ObjectRef;
using pinning::PinError;

/// A world with one object that someone else pins too, so that a count that is too low shows.
struct Scene {
  Scene() : below(world.make()), object(world.mutator(), world.make()), other(world.pins()) {
    static_cast<void>(world.make());
    other.pin(object.get());
    site = world.pins().sites().intern("a careless site");
  }
  ~Scene() { other.unpin(); }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  [[nodiscard]] std::uint64_t extra() { return world.pins().extra_pins(object.get()); }

  /// `act` is refused for the reason, by a text that names everything, and counts stay.
  template <class Act>
  void refuses(std::string_view shape, std::string_view why, Act&& act) {
    CAPTURE(shape);
    CAPTURE(why);
    const std::uint64_t held = world.pins().held();
    const std::uint64_t before = extra();
    std::string text;
    try {
      act();
    } catch (const PinError& error) {
      text = error.what();
    }
    CAPTURE(text);
    CHECK(text.starts_with(std::string(shape) + ": "));
    CHECK(text.find(why) != std::string::npos);
    CHECK(text.find("(site: a careless site, object: heap offset " +
                    std::to_string(object.get().address() - world.runtime().heap().base()) + ")") !=
          std::string::npos);
    CHECK(world.pins().held() == held);
    CHECK(extra() == before);
    CHECK(world.pins().is_pinned(object.get()));
  }

  PinWorld world;
  ObjectRef below;  ///< so that the object's offset is not 0
  Root object;
  pinning::Pinner other;
  pinning::SiteId site = 0;
};

// NOLINTBEGIN(*-use-after-move): it is what is tested
template <class Pin>
void check_single(std::string_view shape) {
  Scene scene;
  Pin first(scene.world.pins(), scene.object.get(), scene.site);
  CHECK(scene.extra() == 1);
  Pin second(std::move(first));
  CHECK(scene.extra() == 1);
  scene.refuses(shape, "unpin after a move", [&] { first.unpin(); });
  scene.refuses(shape, "address of a pin after a move",
                [&] { static_cast<void>(first.address()); });
  scene.refuses(shape, "a loss after a move", [&] { first.lose(); });
  CHECK(second.address() == scene.object.get().address());
  second.unpin();
  CHECK(scene.extra() == 0);
  scene.refuses(shape, "has ended already", [&] { second.unpin(); });
  scene.refuses(shape, "address of a pin that has ended",
                [&] { static_cast<void>(second.address()); });
  scene.refuses(shape, "a loss of a pin that has ended", [&] { second.lose(); });
}

TEST_CASE("a pin of one object ends once, and what a move leaves behind is trapped") {
  check_single<pinning::Pinned>("pinned");
  check_single<pinning::PointerPin>("pointer_pin");
  check_single<pinning::CheckedPin>("unreachable_error");
  check_single<pinning::ExplicitPin>("explicit_pin");
  check_single<pinning::WeakPin>("weak_pin");
  check_single<pinning::StrongPin>("strong_pin");
}

template <class Set>
void check_set(std::string_view shape, Scene& scene, Set first) {
  first.pin(scene.object.get(), scene.site);
  Set second(std::move(first));
  CHECK(scene.extra() == 1);
  scene.refuses(shape, "unpin after a move", [&] { first.unpin(); });
  scene.refuses(shape, "a pin after a move",
                [&] { static_cast<void>(first.pin(scene.object.get(), scene.site)); });
  scene.refuses(shape, "a loss after a move", [&] { first.lose(); });
  CHECK(first.empty());
  Set third(std::move(second));
  scene.refuses(shape, "unpin after a move", [&] { second.unpin(); });
  third.unpin();
  third.unpin();  // of an empty set: the rule says that it does nothing
  CHECK(scene.extra() == 0);
}

TEST_CASE("a set that was moved from is trapped, and an empty one may be unpinned again") {
  Scene scene;
  pinning::PinRegistry& pins = scene.world.pins();
  pinning::PinLimit limit(100, 0);
  check_set("pinner", scene, pinning::Pinner(pins));
  check_set("pin_group", scene, pinning::PinGroup(pins));
  check_set("ptrguard", scene, pinning::PtrGuard(pins));
  check_set("limited", scene, pinning::LimitedPinner(pins, limit));
  CHECK(limit.held() == 0);
}

TEST_CASE("a pinner that was closed refuses, and has ended its pins") {
  Scene scene;
  pinning::Pinner pinner(scene.world.pins());
  pinner.pin(scene.object.get(), scene.site);
  pinner.close();
  CHECK(scene.extra() == 0);
  const std::uint64_t made = scene.world.pins().counts().made;
  const auto refuses = [&](pinning::Pinner& closed) {
    scene.refuses("pinner", "a pin after close",
                  [&] { closed.pin(scene.object.get(), scene.site); });
    scene.refuses("pinner", "a pin after close",
                  [&] { closed.pin_interior(scene.object.get().address(), scene.site); });
  };
  refuses(pinner);
  pinning::Pinner moved(std::move(pinner));  // a closed one stays closed
  refuses(moved);
  pinning::Pinner assigned(scene.world.pins());
  assigned = std::move(moved);
  refuses(assigned);
  CHECK(scene.world.pins().counts().made == made);
}

/// What `act` is refused with; empty where it is not.
template <class Act>
std::string refusal_of(Act&& act) {
  try {
    act();
  } catch (const PinError& error) {
    return error.what();
  }
  return {};
}

/// False where it did not come true in a time that is more than long enough.
template <class Holds>
bool comes_true(Holds&& holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) {
      return false;
    }
    std::this_thread::yield();
  }
  return true;
}

// The close is held up where it ends its pins: a pin that came now would be made after they ended.
TEST_CASE("a pinner refuses pins from where its close begins, before its pins have ended") {
  Scene scene;
  pinning::Pinner pinner(scene.world.pins());
  pinner.pin(scene.object.get(), scene.site);
  pinning::PinSet* its_set = nullptr;
  scene.world.pins().for_each_set([&](pinning::PinSet& set) {
    for (const pinning::PinSet::Entry& entry : set.entries()) {
      its_set = entry.site == scene.site ? &set : its_set;
    }
  });
  REQUIRE(its_set != nullptr);
  std::thread closer;
  {
    const std::lock_guard held_up(its_set->lock());
    closer = std::thread([&] { pinner.close(); });
    CHECK(comes_true([&] {
      const std::string refusal = refusal_of([&] { pinner.pin({}, scene.site); });
      return refusal.find("a pin after close") != std::string::npos;
    }));
  }
  closer.join();
  CHECK(pinner.empty());
  CHECK(scene.extra() == 0);
}

// The pin is held up between its look whether the pinner is open and the pin itself, where a set
// that keeps nothing alive is entered in a list that somebody reads; its site is named in between.
TEST_CASE("a pin that found its pinner open, and comes after its close, is taken back") {
  using Pin = void (*)(pinning::Pinner&, ObjectRef);
  for (const Pin pin : std::initializer_list<Pin>{
           [](pinning::Pinner&pinner, ObjectRef object) { pinner.pin(object); },
           [](pinning::Pinner&pinner, ObjectRef object) {
             const std::array<ObjectRef, 2> list = {object, object};
             pinner.pin_all(list);
           },
           [](pinning::Pinner&pinner, ObjectRef object) {
             pinner.pin_interior(object.address() + 8);
           }}) {
    PinWorld world;
    pinning::PinRegistry& pins = world.pins();
    pins.set_liveness(pinning::Liveness::weak);
    pins.sampler().set_period(1);
    const Root object(world.mutator(), world.make());
    pinning::Pinner pinner(pins);
    std::string refusal;
    std::thread late;
    pins.for_each_set([&](pinning::PinSet& /*set*/) {
      REQUIRE_FALSE(late.joinable());  // there is one set
      const std::size_t sites = pins.sites().size();
      late = std::thread([&] { refusal = refusal_of([&] { pin(pinner, object.get()); }); });
      CHECK(comes_true([&] { return pins.sites().size() > sites; }));
      pinner.close();
    });
    late.join();
    CHECK(refusal.starts_with("pinner: a pin after close (site: "));
    CHECK(pinner.empty());
    CHECK_FALSE(pins.is_pinned(object.get()));
    CHECK(pins.held() == 0);
  }
}

TEST_CASE("a completion too many says which operation came last, and ends nothing") {
  static_assert(!std::is_move_constructible_v<pinning::SubmitBatch>);
  Scene scene;
  pinning::SubmitBatch batch(scene.world.pins());
  const auto complete = [&] { batch.complete(); };
  batch.pin(scene.object.get(), scene.site);
  batch.complete();
  scene.refuses("submit_batch", "a completion of which none is outstanding", complete);
  CHECK(batch.size() == 1);  // until wait()
  batch.wait();
  CHECK(scene.extra() == 0);
  const std::array<ObjectRef, 1> again = {scene.object.get()};
  batch.pin_all(again, scene.site);
  batch.complete();
  scene.refuses("submit_batch", "a completion of which none is outstanding", complete);
  batch.wait();
}

TEST_CASE("ids of handles that have ended, or never were, are told apart from those that live") {
  Scene scene;
  pinning::PinRegistry& pins = scene.world.pins();
  pinning::HandleId id = 0;
  const auto resolve = [&] { static_cast<void>(pinning::Handle::resolve(pins, id)); };
  {
    const pinning::PinnedHandle ended(pins, scene.object.get(), scene.site);
    id = ended.id();
    CHECK(pinning::Handle::resolve(pins, id) == scene.object.get());
  }
  scene.refuses("handle", "a stale id", resolve);
  for (const pinning::HandleId never : {pinning::HandleId{0}, pinning::HandleId{1} << 40U}) {
    id = never;
    CHECK_THROWS_AS(resolve(), PinError);
  }
}

TEST_CASE("an address at which no object lies is refused, and pins nothing") {
  Scene scene;
  const heap::Heap& heap = scene.world.runtime().heap();
  const heap::Address nowhere = heap.range_of(heap::Block{heap.block_count() - 1}).base + 64;
  pinning::Pinner pinner(scene.world.pins());
  const std::uint64_t made = scene.world.pins().counts().made;
  CHECK_THROWS_WITH_AS(pinner.pin_interior(nowhere, scene.site),
                       ("pinner: no object lies at the address (site: a careless site, object: "
                        "heap offset " +
                        std::to_string(nowhere - heap.base()) + ")")
                           .c_str(),
                       PinError);
  CHECK(scene.world.pins().counts().made == made);
  CHECK(scene.world.pins().counts().needless_of(pinning::Needless::no_object) == 1);
  // A list with null in it is refused as a whole.
  const std::array<ObjectRef, 2> list = {scene.object.get(), ObjectRef()};
  CHECK_THROWS_WITH_AS(pinner.pin_all(list, scene.site),
                       "pinner: argument is null (site: a careless site, object: null)", PinError);
  CHECK(scene.world.pins().counts().made == made);
  CHECK(pinner.empty());
}

TEST_CASE("a handle that takes another's place ends its own entry") {
  PinWorld world;
  const Root one(world.mutator(), world.make());
  const Root two(world.mutator(), world.make());
  pinning::Handle handle(world.pins(), one.get());
  const pinning::HandleId old = handle.id();
  handle = pinning::Handle(world.pins(), two.get());
  CHECK(handle.get() == two.get());
  CHECK_THROWS_AS(static_cast<void>(pinning::Handle::resolve(world.pins(), old)), PinError);
}

TEST_CASE("handles and copies that were moved from are trapped") {
  Scene scene;
  pinning::PinRegistry& pins = scene.world.pins();
  pinning::Handle handle(pins, scene.object.get(), scene.site);
  const pinning::Handle owner(std::move(handle));
  scene.refuses("handle", "used after a move", [&] { static_cast<void>(handle.get()); });
  CHECK(owner.get() == scene.object.get());
  pinning::PinnedHandle pinned(pins, scene.object.get(), scene.site);
  const pinning::PinnedHandle keeper(std::move(pinned));
  scene.refuses("pinned_handle", "address of a pin after a move",
                [&] { static_cast<void>(pinned.pointer()); });
  CHECK(keeper.pointer() == scene.object.get().address());
  pinning::OffHeapCopy copy(pins, scene.object.get(), scene.site);
  const pinning::OffHeapCopy kept(std::move(copy));
  scene.refuses("off_heap", "used after a move", [&] { static_cast<void>(copy.bytes()); });
}
// NOLINTEND(*-use-after-move)

TEST_CASE("a set that is dropped full says of which shape, site and object it was") {
  Scene scene;
  std::string text;
  scene.world.pins().set_leak_handler(
      [&](const pinning::PinLeak& leak) { text = scene.world.pins().sentence_of(leak); });
  const std::string offset =
      std::to_string(scene.object.get().address() - scene.world.runtime().heap().base());
  const auto check_dropped = [&](const std::string& shape, auto set) {
    text.clear();
    set.pin(scene.object.get(), scene.site);
    { const auto dropped = std::move(set); }
    CAPTURE(text);
    CHECK(text.starts_with(shape + ": a set ended with 1 pins of "));
    CHECK(text.find("made by a careless site") != std::string::npos);
    CHECK(text.find("heap offset " + offset) != std::string::npos);
    CHECK(scene.extra() == 0);
  };
  pinning::PinRegistry& pins = scene.world.pins();
  pinning::PinLimit limit(100, 0);
  check_dropped("pinner", pinning::Pinner(pins));
  check_dropped("pin_group", pinning::PinGroup(pins));
  check_dropped("ptrguard", pinning::PtrGuard(pins));
  check_dropped("limited", pinning::LimitedPinner(pins, limit));
  CHECK(limit.held() == 0);
  text.clear();
  { const pinning::CheckedPin dropped(pins, scene.object.get(), scene.site); }
  CHECK(text.starts_with("unreachable_error: a set ended with 1 pins of "));
}

}  // namespace
}  // namespace pinlab::collector::tests
