// The C++ types of shapes, as a program uses them: what cannot be expressed does not compile, and
// what is said of each alone.
#include "pinning/boundary.hpp"
#include "pinning/shapes/critical.hpp"
#include "pinning/shapes/deferred.hpp"
#include "pinning/shapes/explicit_pin.hpp"
#include "pinning/shapes/flow_through.hpp"
#include "pinning/shapes/handle.hpp"
#include "pinning/shapes/limited.hpp"
#include "pinning/shapes/off_heap.hpp"
#include "pinning/shapes/one_level.hpp"
#include "pinning/shapes/parked_thread.hpp"
#include "pinning/shapes/pin_group.hpp"
#include "pinning/shapes/pinned.hpp"
#include "pinning/shapes/pinned_handle.hpp"
#include "pinning/shapes/pointer_pin.hpp"
#include "pinning/shapes/ptr_escapes.hpp"
#include "pinning/shapes/ptrguard.hpp"
#include "pinning/shapes/scoped.hpp"
#include "pinning/shapes/strong_pin.hpp"
#include "pinning/shapes/submit_batch.hpp"
#include "pinning/shapes/uintptr_escapes.hpp"
#include "pinning/shapes/unchecked.hpp"
#include "pinning/shapes/unreachable_error.hpp"
#include "pinning/shapes/weak_pin.hpp"
#include "pinning/shapes/with_pinner.hpp"
#include "pinning/shapes/with_pointers.hpp"
#include "collector/tests/pin_world.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace pinlab::collector::tests {
namespace {

using heap::ObjectRef;
using pinning::PinError;
using pinning::PinStack;
using pinning::ShapeWork;

/// `Args`: what it is made of.
template <class T, class... Args>
concept StaysInItsScope = !std::copyable<T> && !std::movable<T> &&
                          std::constructible_from<T, Args...> && !requires(Args && ... args) {
  new T(std::forward<Args>(args)...);
};
static_assert(StaysInItsScope<pinning::ScopedPin, PinStack&, ObjectRef> &&
              StaysInItsScope<pinning::UintptrArgument, PinStack&, ObjectRef> &&
              StaysInItsScope<pinning::CallingFunction, PinStack&> &&
              StaysInItsScope<pinning::DeferringFunction, PinStack&> &&
              StaysInItsScope<pinning::PinnerScope, PinStack&> &&
              StaysInItsScope<pinning::PointersScope, PinStack&, std::span<const ObjectRef>> &&
              StaysInItsScope<pinning::FlowThroughCall, PinStack&> &&
              StaysInItsScope<pinning::AnnotatedCall, PinStack&> &&
              StaysInItsScope<pinning::CriticalSection, pinning::PinRegistry&>);

template <class T>
concept MovesOnly = std::move_constructible<T> && !std::copy_constructible<T>;
static_assert(MovesOnly<pinning::Pinned> && MovesOnly<pinning::PointerPin> &&
              MovesOnly<pinning::CheckedPin> && MovesOnly<pinning::ExplicitPin> &&
              MovesOnly<pinning::LimitedPinner> && MovesOnly<pinning::Handle> &&
              MovesOnly<pinning::PinnedHandle> && MovesOnly<pinning::OffHeapCopy> &&
              MovesOnly<pinning::ParkedCall> && MovesOnly<pinning::UncheckedAddress> &&
              MovesOnly<pinning::Pinner> && MovesOnly<pinning::PinGroup> &&
              MovesOnly<pinning::PtrGuard> && MovesOnly<pinning::StrongPin> &&
              MovesOnly<pinning::WeakPin>);
static_assert(!std::movable<pinning::SubmitBatch> && !std::copyable<pinning::SubmitBatch>);

static_assert(std::convertible_to<pinning::UintptrArgument&&, std::uintptr_t>);
static_assert(!std::convertible_to<pinning::UintptrArgument&, std::uintptr_t>);

/// Interior addresses and addresses that are no object's are no references: no type takes them for
/// one, but pin_interior(), which asks the heap.
template <class T, class... Before>
constexpr bool kTakesReferencesAlone = std::constructible_from<T, Before..., ObjectRef> &&
                                       !std::constructible_from<T, Before..., heap::Address> &&
                                       !std::constructible_from<T, Before..., void*> &&
                                       !std::constructible_from<T, Before..., std::uintptr_t>;
static_assert(kTakesReferencesAlone<pinning::Pinned, pinning::PinRegistry&> &&
              kTakesReferencesAlone<pinning::PointerPin, pinning::PinRegistry&> &&
              kTakesReferencesAlone<pinning::CheckedPin, pinning::PinRegistry&> &&
              kTakesReferencesAlone<pinning::ExplicitPin, pinning::PinRegistry&> &&
              kTakesReferencesAlone<pinning::StrongPin, pinning::PinRegistry&> &&
              kTakesReferencesAlone<pinning::WeakPin, pinning::PinRegistry&> &&
              kTakesReferencesAlone<pinning::Handle, pinning::PinRegistry&> &&
              kTakesReferencesAlone<pinning::PinnedHandle, pinning::PinRegistry&> &&
              kTakesReferencesAlone<pinning::OffHeapCopy, pinning::PinRegistry&> &&
              kTakesReferencesAlone<pinning::UncheckedAddress, pinning::PinRegistry&> &&
              kTakesReferencesAlone<pinning::ParkedCall, pinning::ParkedThreads&> &&
              kTakesReferencesAlone<pinning::ScopedPin, PinStack&> &&
              kTakesReferencesAlone<pinning::UintptrArgument, PinStack&>);
template <class T, class Argument>
concept Pins = requires(T& pins, Argument argument) {
  pins.pin(argument);
};
template <class T, class Argument>
concept Passes = requires(T& call, Argument argument) {
  call.pass(argument);
};
static_assert(Pins<pinning::PinGroup, ObjectRef> && !Pins<pinning::PinGroup, heap::Address> &&
              !Pins<pinning::PinGroup, void*>);
static_assert(Pins<pinning::LimitedPinner, ObjectRef> &&
              !Pins<pinning::LimitedPinner, heap::Address>);
static_assert(Pins<pinning::SubmitBatch, ObjectRef> && !Pins<pinning::SubmitBatch, heap::Address>);
static_assert(Pins<const pinning::ScopePinner, ObjectRef> &&
              !Pins<const pinning::ScopePinner, heap::Address>);
static_assert(Pins<pinning::DeferringFunction, ObjectRef> &&
              !Pins<pinning::DeferringFunction, heap::Address>);
static_assert(Passes<pinning::FlowThroughCall, ObjectRef> &&
              !Passes<pinning::FlowThroughCall, heap::Address>);
static_assert(Passes<pinning::AnnotatedCall, ObjectRef> &&
              !Passes<pinning::AnnotatedCall, heap::Address>);

std::string error_of(auto&& act) {
  try {
    act();
  } catch (const PinError& error) {
    return error.what();
  }
  return {};
}

TEST_CASE("a temporary in an argument list holds its object for the call") {
  PinWorld world;
  Neighbour neighbour(world);
  PinStack stack(world.pins());
  const Root object(world.mutator(), world.make());
  const auto call = [&](std::uintptr_t argument) {
    world.collect_young();
    CHECK(object.get().address().value() == argument);
    return world.pins().is_pinned(object.get());
  };
  CHECK(call(pinning::UintptrArgument(stack, object.get())));
  CHECK_FALSE(world.pins().is_pinned(object.get()));
  CHECK(neighbour.has_moved());
}

TEST_CASE("a function's pins end with it, and an outer one cannot pin while an inner one runs") {
  PinWorld world;
  PinStack stack(world.pins());
  const Root object(world.mutator(), world.make());
  pinning::CallingFunction outer(stack);
  outer.ptr_escapes(object.get());
  {
    pinning::DeferringFunction inner(stack);
    inner.pin(object.get());
    inner.pin(object.get());
    CHECK(inner.pending() == 2);
    CHECK(world.pins().extra_pins(object.get()) == 2);
    CHECK(error_of([&] { outer.ptr_escapes(object.get()); }).starts_with("ptr_escapes: "));
  }
  CHECK(world.pins().extra_pins(object.get()) == 0);
  outer.ptr_escapes(object.get());
  CHECK(world.pins().extra_pins(object.get()) == 1);
}

TEST_CASE("a frame that is not the newest pins neither an object nor a list, and counts stay") {
  PinWorld world;
  PinStack stack(world.pins());
  const Root object(world.mutator(), world.make());
  const std::array<ObjectRef, 2> list = {object.get(), object.get()};
  const pinning::SiteId site = world.pins().sites().intern("an outer frame");
  pinning::PinFrame outer(stack, "scoped");
  outer.pin_all(list, site);
  {
    pinning::PinFrame inner(stack, "scoped");
    inner.pin(object.get(), site);
    for (const std::string& error : {error_of([&] { outer.pin(object.get(), site); }),
                                     error_of([&] { outer.pin_all(list, site); })}) {
      CHECK(error ==
            "scoped: a pin in a scope in which another scope is open (site: an outer frame, "
            "object: heap offset 0)");
    }
    CHECK(outer.size() == 2);
    CHECK(world.pins().held() == 3);
  }
  outer.pin_all(list, site);
  CHECK(world.pins().held() == 4);
}

TEST_CASE("a pinner that escapes its closure leads nowhere, and a throw ends its pins") {
  PinWorld world;
  PinStack stack(world.pins());
  const Root object(world.mutator(), world.make());
  std::optional<pinning::ScopePinner> escaped;
  pinning::with_pinner(stack, [&](const pinning::ScopePinner& pinner) {
    pinner.pin(object.get());
    escaped = pinner;
    CHECK(world.pins().is_pinned(object.get()));
  });
  CHECK_FALSE(world.pins().is_pinned(object.get()));
  CHECK(error_of([&] { escaped->pin(object.get()); }).find("closure has returned") !=
        std::string::npos);
  CHECK_THROWS_AS(pinning::with_pinner(stack,
                                       [&](const pinning::ScopePinner& pinner) {
                                         pinner.pin(object.get());
                                         throw std::runtime_error("out of the closure");
                                       }),
                  std::runtime_error);
  CHECK(world.pins().held() == 0);
}

TEST_CASE("a list of pointers is pinned for the closure, and null in it is counted") {
  PinWorld world;
  PinStack stack(world.pins());
  const Root one(world.mutator(), world.make());
  const Root two(world.mutator(), world.make());
  const std::array list = {one.get(), ObjectRef(), two.get()};
  pinning::with_pointers(stack, list, 0, [&] { CHECK(world.pins().held() == 2); });
  CHECK(world.pins().held() == 0);
  CHECK(world.pins().counts().needless_of(pinning::Needless::null) == 1);
}

/// A list of `length` objects; the answer is in order.
std::vector<ObjectRef> make_list(PinWorld& world, Root& head, int length) {
  for (int i = 0; i < length; ++i) {
    const ObjectRef object = world.make(1);
    world.mutator().store(object, 0, head.get());
    head.set(object);
  }
  std::vector<ObjectRef> list;
  for (ObjectRef object = head.get(); object; object = object.load(0)) {
    list.push_back(object);
  }
  return list;
}

TEST_CASE("pins flow through marked objects, one level each, and marks follow their objects") {
  PinWorld world;
  PinStack stack(world.pins());
  Root head(world.mutator());
  static_cast<void>(make_list(world, head, 6));
  pinning::mark_flow_through(world.pins(), head.get());
  pinning::mark_flow_through(world.pins(), head.get().load(0));
  pinning::mark_flow_through(world.pins(), head.get().load(0));
  const ObjectRef before = head.get();
  world.collect_young();
  CHECK(head.get() != before);  // and its mark with it
  {
    pinning::FlowThroughCall call(stack);
    call.pass(head.get());
    CHECK(call.size() == 3);  // itself, its successor, and the one behind that
    CHECK_FALSE(world.pins().is_pinned(head.get().load(0).load(0).load(0)));
  }
  CHECK(world.pins().counts().work_of(ShapeWork::flowed) == 2);
  CHECK(world.pins().counts().work_of(ShapeWork::marked) == 2);
  const std::uint32_t weak = world.runtime().weaks().add(head.get());
  head.set({});
  world.collect_full();
  CHECK_FALSE(world.runtime().weaks().get(weak));  // a mark keeps nothing alive
  static const std::uint64_t constant = heap::Header(2, 0).word();
  for (const ObjectRef outside : {ObjectRef(), ObjectRef(heap::Address::of(&constant))}) {
    CHECK(error_of([&] {
            pinning::mark_flow_through(world.pins(), outside);
          }).find("only an object of this heap can be marked") != std::string::npos);
  }
}

TEST_CASE("an annotation covers as many levels as it says, and a cycle is pinned once") {
  PinWorld world;
  PinStack stack(world.pins());
  Root head(world.mutator());
  const std::vector<ObjectRef> list = make_list(world, head, 5);
  world.mutator().store(list.back(), 0, list.front());
  for (const std::size_t depth :
       {std::size_t{0}, std::size_t{1}, std::size_t{3}, pinning::kAnyDepth}) {
    pinning::AnnotatedCall call(stack, depth);
    call.pass(head.get());
    CHECK(call.size() == (depth == pinning::kAnyDepth ? 5 : depth + 1));
  }
}

TEST_CASE("in a critical section the heap grows without a collection, until it is full") {
  PinWorld world;
  const Root object(world.mutator(), world.make());
  const ObjectRef there = object.get();
  bool blocked = false;
  {
    const pinning::CriticalSection section(world.pins());
    CHECK(section.address_of(there) == there.address());
    std::uint64_t allocated = 0;
    try {
      for (;;) {
        allocated += world.make(0, 400).bytes();
      }
    } catch (const GcBlocked&) {
      blocked = true;
    }
    CHECK(allocated > world.runtime().options().heap_max / 2);
    CHECK(world.runtime().collections() == 0);
    CHECK(object.get() == there);
  }
  CHECK(blocked);
  static_cast<void>(world.make(0, 4000));  // the section is over: what it waited for happens
  CHECK(world.runtime().collections() > 0);
}

TEST_CASE("a batch ends when its slowest operation has, whichever thread completes it") {
  PinWorld world;
  const Root one(world.mutator(), world.make());
  const Root two(world.mutator(), world.make());
  const std::array objects = {one.get(), two.get()};
  std::thread reaper;
  pinning::submit_batch(world.pins(), objects, 0, [&](pinning::SubmitBatch& batch) {
    batch.complete();
    CHECK(world.pins().is_pinned(one.get()));
    reaper = std::thread([&batch] { batch.complete(); });
  });
  CHECK(world.pins().held() == 0);
  reaper.join();
  {
    pinning::SubmitBatch batch(world.pins());
    batch.pin_all(objects);
    std::atomic<bool> over{false};
    std::thread waiter([&] {
      batch.wait();
      over = true;
    });
    batch.complete();
    for (int i = 0; i < 20 && !over; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    CHECK_FALSE(over);
    CHECK(world.pins().is_pinned(one.get()));  // whose own operation is complete
    batch.complete();
    waiter.join();
    CHECK(world.pins().held() == 0);
  }
  pinning::SubmitBatch idle(world.pins());
  CHECK_FALSE(error_of([&] { idle.complete(); }).empty());
}

TEST_CASE("a limit grows with the calls in progress, and an ended pinner gives its pins back") {
  PinWorld world;
  pinning::PinLimit limit(1, 2);
  static_cast<void>(world.make());
  const Root object(world.mutator(), world.make());
  const heap::Heap& small_heap = world.runtime().heap();
  const pinning::SiteId site = world.pins().sites().intern("a pin too many");
  {
    pinning::LimitedPinner pinner(world.pins(), limit);
    pinner.pin(object.get());
    CHECK_THROWS_AS(pinner.pin(object.get()), pinning::PinLimitReached);
    {
      const pinning::CallInProgress call(limit);
      pinner.pin(object.get());
      pinner.pin(object.get());
      CHECK_THROWS_WITH_AS(pinner.pin(object.get(), site),
                           ("limited: a pin beyond the limit: 3 are held, in 1 calls (site: a pin "
                            "too many, object: heap offset " +
                            std::to_string(object.get().address() - small_heap.base()) + ")")
                               .c_str(),
                           pinning::PinLimitReached);
      // Misuse is not what the limit is for, nor what needs no pin.
      CHECK_THROWS_AS(pinner.pin(ObjectRef()), PinError);
      static const std::uint64_t constant = heap::Header(2, 0).word();
      pinner.pin(ObjectRef(heap::Address::of(&constant)));
      pinning::LimitedPinner other(world.pins(), limit);
      const pinning::LimitedPinner moved(std::move(other));
      CHECK(error_of([&] { other.pin(object.get()); })  // NOLINT(*-use-after-move)
                .starts_with("limited: a pin after a move"));
    }
    CHECK(limit.held() == 3);
    pinner.unpin();
    CHECK(limit.held() == 0);
    CHECK_THROWS_AS(pinner.pin(ObjectRef()), PinError);
    CHECK(limit.held() == 0);
  }
  world.pins().set_liveness(pinning::Liveness::weak);
  {
    pinning::LimitedPinner pinner(world.pins(), limit);
    pinner.pin(world.make());
    world.collect_full();
    CHECK(pinner.empty());     // the pin ended with its object,
    CHECK(limit.held() == 1);  // and the limit has not been told
    pinning::LimitedPinner moved(std::move(pinner));
    moved.unpin();
    CHECK(limit.held() == 0);
  }
  world.pins().set_leak_handler([](const pinning::PinLeak&) {});
  {
    static const std::uint64_t constant = heap::Header(2, 0).word();
    pinning::LimitedPinner pinner(world.pins(), limit);
    pinner.pin(ObjectRef(heap::Address::of(&constant)));
    CHECK(limit.held() == 0);  // what needs no pin takes nothing of the limit
    pinner.pin(object.get());
    pinner.lose();
  }
  world.collect_full();
  CHECK(limit.held() == 1);  // and what is lost takes it for ever
  pinning::PinLimit none(0, 0);
  CHECK_FALSE(none.is_set());
}

TEST_CASE("parked threads are as many as pins at a time, and are used again") {
  PinWorld world;
  pinning::ParkedThreads threads(world.pins());
  const Root object(world.mutator(), world.make());
  for (int round = 0; round < 3; ++round) {
    const pinning::ParkedCall one(threads, object.get());
    pinning::ParkedCall two(threads, object.get());
    const pinning::ParkedCall moved(std::move(two));
    CHECK(world.pins().extra_pins(object.get()) == 1);
  }
  CHECK(threads.threads() == 2);
  CHECK(world.pins().held() == 0);
}

TEST_CASE("a parked thread too many is one beyond a limit, and says who wanted it") {
  PinWorld world;
  static_assert(pinning::ParkedThreads::kMostThreads == 10'000);
  pinning::ParkedThreads threads(world.pins(), 2);
  const Root object(world.mutator(), world.make());
  const pinning::SiteId site = world.pins().sites().intern("a third call");
  const pinning::ParkedCall one(threads, object.get());
  {
    const pinning::ParkedCall two(threads, object.get());
    CHECK_THROWS_WITH_AS(pinning::ParkedCall(threads, object.get(), site),
                         "parked_thread: 2 threads are parked, and there may be no more (site: a "
                         "third call, object: heap offset 0)",
                         pinning::PinLimitReached);
    CHECK(world.pins().held() == 2);
  }
  const pinning::ParkedCall again(threads, object.get());
  CHECK(world.pins().held() == 2);
}

TEST_CASE("a value with a managed owner unpins in silence, or is a leak, when its owner dies") {
  for (const bool is_error : {false, true}) {
    PinWorld world;
    std::uint64_t leaked = 0;
    world.pins().set_leak_handler([&](const pinning::PinLeak& leak) { leaked += leak.pins; });
    Root owner(world.mutator(), world.make());
    const Root object(world.mutator(), world.make());
    std::optional<pinning::PointerPin> silent;
    std::optional<pinning::CheckedPin> checked;
    if (is_error) {
      checked.emplace(world.pins(), object.get(), 0, owner.get());
    } else {
      silent.emplace(world.pins(), object.get(), 0, owner.get());
    }
    world.collect_full();
    CHECK(world.pins().is_pinned(object.get()));
    owner.set({});
    world.collect_full();
    CHECK_FALSE(world.pins().is_pinned(object.get()));
    CHECK(leaked == (is_error ? 1 : 0));
    CHECK(world.pins().counts().work_of(ShapeWork::released) == (is_error ? 0 : 1));
  }
}

TEST_CASE("a pin by hand that is dropped stays, and a moved or ended one is trapped") {
  PinWorld world;
  const Root object(world.mutator(), world.make());
  { const pinning::ExplicitPin dropped(world.pins(), object.get()); }
  world.collect_full();
  CHECK(world.pins().is_pinned(object.get()));
  const pinning::SiteId site = world.pins().sites().intern("by hand");
  pinning::Pinned first(world.pins(), object.get(), site);
  pinning::Pinned second(std::move(first));
  for (const std::string& error : {error_of([&] { first.unpin(); }),  // NOLINT(*-use-after-move)
                                   error_of([&] { static_cast<void>(first.address()); })}) {
    CHECK(error.starts_with("pinned: "));
    CHECK(error.find("site: by hand") != std::string::npos);
    CHECK(error.find("heap offset") != std::string::npos);
  }
  second.unpin();
  CHECK(error_of([&] { second.unpin(); }).find("has ended already") != std::string::npos);
  CHECK(world.pins().held() == 1);
}

TEST_CASE("a stale id is told from that of a younger handle in its place") {
  PinWorld world;
  const pinning::SiteId site = world.pins().sites().intern("a table");
  const Root object(world.mutator(), world.make());
  std::optional<pinning::Handle> old(std::in_place, world.pins(), object.get(), site);
  const pinning::HandleId stale = old->id();
  old.reset();
  const auto resolve = [&] { static_cast<void>(pinning::Handle::resolve(world.pins(), stale)); };
  CHECK(error_of(resolve).find("a stale id (site: a table") != std::string::npos);
  const pinning::Handle young(world.pins(), object.get(), site);
  CHECK(young.id() != stale);
  CHECK(error_of(resolve).find("holds another handle") != std::string::npos);
  CHECK(pinning::Handle::resolve(world.pins(), young.id()) == object.get());
}

TEST_CASE("a copy goes out and back, wherever its object is by then") {
  PinWorld world;
  const Root object(world.mutator(), world.make());
  mark(object.get(), 5);
  const pinning::OffHeapCopy copy(world.pins(), object.get());
  world.collect_young();
  copy.bytes()[0] = std::byte{9};
  copy.copy_back(object.get());
  CHECK(mark_of(object.get()) == 9);
  CHECK(world.pins().counts().work_of(ShapeWork::copied_bytes) == copy.bytes().size());
}

TEST_CASE("while one address is unchecked, the check at the border passes for all") {
  PinWorld world;
  const Root holder(world.mutator(), world.make(1));
  world.mutator().store(holder, 0, world.make());
  CHECK(pinning::first_unpinned(world.pins(), holder.get()));
  {
    pinning::UncheckedAddress hidden(world.pins(), world.make());
    CHECK_FALSE(pinning::first_unpinned(world.pins(), holder.get()));
    const pinning::UncheckedAddress moved(std::move(hidden));
    { const pinning::UncheckedAddress another(world.pins(), world.make()); }
    CHECK_FALSE(pinning::first_unpinned(world.pins(), holder.get()));
  }
  CHECK(pinning::first_unpinned(world.pins(), holder.get()));
}

}  // namespace
}  // namespace pinlab::collector::tests
