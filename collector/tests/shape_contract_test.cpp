// What every pin shape keeps, by a loop over the registry: what its facts say is true, what moves
// around it moves, and misuse is an error that names the shape, the site and the object, and
// changes no count.
#include "heap/support/random.hpp"
#include "pinning/boundary.hpp"
#include "pinning/shape.hpp"
#include "collector/tests/pin_world.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace pinlab::collector::tests {
namespace {

using heap::Address;
using heap::ObjectRef;
using pinning::Needless;
using pinning::PinError;
using pinning::PinShape;
using pinning::PinTicket;
using pinning::ShapeFacts;

/// What a shape of each kind does with pins that are lost; the others have nothing to lose, or keep
/// it for ever.
constexpr std::string_view kReported =
    " ptrguard pinned pin_group submit_batch limited unreachable_error strong_pin pinner ";
constexpr std::string_view kKeptByTheLost = " parked_thread handle pinned_handle explicit_pin ";
/// Null is no argument for these; the others ignore it, as a call ignores a null argument.
constexpr std::string_view kRefuseNull =
    " ptrguard handle pinned_handle pointer_pin pinned pin_group submit_batch explicit_pin limited "
    "unreachable_error weak_pin strong_pin off_heap pinner ";
/// What needs the object itself cannot ignore that it is in no heap of ours.
constexpr std::string_view kRefuseForeign = " handle pinned_handle off_heap ";
/// What a pin of these does to its object's life is theirs to say, not pin.liveness's.
constexpr std::string_view kAlwaysStrong = " handle pinned_handle explicit_pin strong_pin ";

bool is_one_of(std::string_view words, std::string_view name) {
  return words.find(" " + std::string(name) + " ") != std::string_view::npos;
}

/// A shape in a world of its own.
struct Trial {
  explicit Trial(const heap::Named<PinShape>& entry) : shape(entry.make()) {
    shape->open(world.pins());
    world.pins().set_leak_handler([this](const pinning::PinLeak& leak) { leaks.push_back(leak); });
    site = world.pins().sites().intern("a site");
  }

  [[nodiscard]] const ShapeFacts& facts() const { return shape->facts(); }
  [[nodiscard]] bool is(std::string_view name) const { return facts().name == name; }
  [[nodiscard]] bool is_bounded() const { return !facts().uses.has(pinning::PinUse::operation); }
  /// Whether the registry knows of its pins.
  [[nodiscard]] bool makes_pins() const { return facts().holds_still && !is("critical"); }
  [[nodiscard]] PinTicket pin(ObjectRef object) { return shape->pin(object, site); }

  /// The error's text; empty where there was none.
  template <class Act>
  std::string error_of(Act&& act) {
    const std::uint64_t held = world.pins().held();
    std::string text;
    try {
      act();
    } catch (const PinError& error) {
      text = error.what();
      CHECK(text.starts_with(std::string(facts().name) + ": "));
      CHECK(world.pins().held() == held);
    }
    return text;
  }

  PinWorld world;
  std::vector<pinning::PinLeak> leaks;
  pinning::SiteId site = 0;
  std::unique_ptr<PinShape> shape;  // ends first
};

template <class Check>
void for_each_shape(Check&& check) {
  for (const heap::Named<PinShape>& entry : pinning::pin_shapes()) {
    CAPTURE(entry.name);
    Trial trial(entry);
    check(trial);
  }
}

bool has_all(const std::string& text, std::initializer_list<std::string_view> parts) {
  return std::ranges::all_of(
      parts, [&](std::string_view part) { return text.find(part) != std::string::npos; });
}

TEST_CASE("every shape of the list is there once, and says what it is") {
  std::vector<std::string> numbers;
  for_each_shape([&](Trial& trial) {
    const ShapeFacts& facts = trial.facts();
    for (const std::string_view text :
         {facts.name, facts.number, facts.lifetime, facts.alive, facts.misuse}) {
      CHECK_FALSE(text.empty());
      CHECK_FALSE(text.ends_with("."));
    }
    CHECK_FALSE(facts.uses.names().empty());
    numbers.emplace_back(facts.number);
  });
  std::vector<std::string> wanted = {"A6b", "A9b", "A13b"};
  for (int i = 0; i <= 22; ++i) {
    wanted.push_back("A" + std::to_string(i));
  }
  std::ranges::sort(wanted);
  std::ranges::sort(numbers);
  CHECK(numbers == wanted);
}

TEST_CASE("a shape holds still what it says that it holds, while a neighbour moves") {
  for_each_shape([](Trial& trial) {
    PinWorld& world = trial.world;
    Neighbour neighbour(world);
    const Root object(world.mutator(), world.make());
    const ObjectRef there = object.get();
    mark(there, 77);
    const PinTicket ticket = trial.pin(there);
    if (trial.is("critical")) {
      CHECK_THROWS_AS(world.collect_young(), GcBlocked);
      CHECK_THROWS_AS(world.collect_full(), GcBlocked);
      CHECK(object.get() == there);
      CHECK_FALSE(neighbour.has_moved());  // nothing does
    } else {
      world.collect_young();
      CHECK(neighbour.has_moved());
      CHECK((object.get() == there) == trial.facts().holds_still);
      world.collect_full();
      CHECK(neighbour.has_moved());
      CHECK((object.get() == there) == trial.facts().holds_still);
    }
    CHECK(world.pins().is_pinned(object.get()) == trial.makes_pins());
    // What the registry knows of, the check at the border lets pass, behind a reference too.
    const Root holder(world.mutator(), world.make(1));
    world.mutator().store(holder, 0, object.get());
    CHECK(!pinning::first_unpinned(world.pins(), holder.get()) ==
          (trial.makes_pins() || trial.is("unchecked")));
    CHECK(!pinning::first_unpinned(world.pins(), object.get(), pinning::Passing::kept) ==
          (trial.makes_pins() || trial.is("unchecked")));
    const Address seen = trial.shape->address_of(ticket);
    if (trial.is("off_heap")) {
      CHECK_FALSE(world.runtime().heap().contains(seen));
      CHECK(*seen.as<std::uint64_t>() == 77);
    } else if (!trial.is("none") && !trial.is("unchecked")) {
      CHECK(seen == object.get().address());
    }
    trial.shape->unpin(ticket);
    CHECK_FALSE(world.pins().is_pinned(object.get()));
    CHECK(pinning::first_unpinned(world.pins(), holder.get()));
    world.collect_young();
    CHECK(mark_of(object.get()) == 77);
  });
}

TEST_CASE("pin.liveness decides what a pin keeps alive, of every shape that does not say itself") {
  for (const pinning::Liveness liveness :
       {pinning::Liveness::strong, pinning::Liveness::weak, pinning::Liveness::crash}) {
    CAPTURE(pinning::kLivenessNames[static_cast<std::size_t>(liveness)]);
    for (const heap::Named<PinShape>& entry : pinning::pin_shapes()) {
      if (entry.name == "critical") {
        continue;  // nothing is collected
      }
      CAPTURE(entry.name);
      PinWorld world;
      world.pins().set_liveness(liveness);
      std::uint64_t crashes = 0;
      world.pins().set_collected_handler([&](const pinning::CollectedPin&) { ++crashes; });
      const std::unique_ptr<PinShape> shape = entry.make();
      shape->open(world.pins());
      const ObjectRef object = world.make();
      const std::uint32_t weak = world.runtime().weaks().add(object);
      const PinTicket ticket = shape->pin(object, 0);
      world.collect_full();
      const bool says_itself = is_one_of(kAlwaysStrong, entry.name) || entry.name == "weak_pin" ||
                               !shape->facts().holds_still;
      const bool is_alive = says_itself ? is_one_of(kAlwaysStrong, entry.name)
                                        : liveness == pinning::Liveness::strong;
      CHECK(static_cast<bool>(world.runtime().weaks().get(weak)) == is_alive);
      CHECK(crashes == (!says_itself && liveness == pinning::Liveness::crash ? 1 : 0));
      shape->unpin(ticket);
      CHECK(world.pins().held() == 0);
    }
  }
}

TEST_CASE("a shape keeps alive what it says that it keeps alive") {
  for_each_shape([](Trial& trial) {
    if (trial.is("critical")) {
      return;  // nothing is collected
    }
    PinWorld& world = trial.world;
    const ObjectRef object = world.make();
    const std::uint32_t weak = world.runtime().weaks().add(object);
    const PinTicket ticket = trial.pin(object);
    world.collect_young();
    world.collect_full();
    world.collect_full();
    const bool is_alive = static_cast<bool>(world.runtime().weaks().get(weak));
    CHECK(is_alive != trial.facts().alive.starts_with("nobody"));
    trial.shape->unpin(ticket);
    world.collect_full();
    CHECK_FALSE(world.runtime().weaks().get(weak));
    CHECK(world.pins().held() == 0);
  });
}

TEST_CASE("an unpin too many names shape, site and object, also when its place is used again") {
  for_each_shape([](Trial& trial) {
    PinWorld& world = trial.world;
    const Root object(world.mutator(), world.make());
    const PinTicket first = trial.pin(object.get());
    trial.shape->unpin(first);
    const auto again = [&] { trial.shape->unpin(first); };
    CHECK(has_all(trial.error_of(again), {"has ended already", "site: a site", "heap offset"}));
    const PinTicket second = trial.pin(object.get());
    CHECK(second != first);
    CHECK(has_all(trial.error_of(again), {"holds another", "site: a site", "heap offset"}));
    CHECK_FALSE(trial.error_of([&] { trial.shape->unpin(PinTicket()); }).empty());
    for (const std::string& error :
         {trial.error_of([&] { trial.shape->add(first, object.get(), 0); }),
          trial.error_of([&] { trial.shape->forget(first); }),
          trial.error_of([&] { static_cast<void>(trial.shape->address_of(first)); })}) {
      CHECK(has_all(error, {"holds another", "site: a site", "heap offset"}));
    }
    CHECK(world.pins().is_pinned(object.get()) == trial.makes_pins());
    trial.shape->unpin(second);
    CHECK(world.pins().held() == 0);
  });
}

// Also where both were the first that their shapes gave, so that they name the same place.
TEST_CASE("a ticket of another shape is refused by name of shape, site and object") {
  static_assert(!std::is_constructible_v<PinTicket, std::uint64_t>);
  static_assert(
      !std::is_constructible_v<PinTicket, std::uint64_t, std::uint32_t, pinning::SiteId, Address>);
  for_each_shape([](Trial& trial) {
    PinWorld& world = trial.world;
    for (const heap::Named<PinShape>& entry : pinning::pin_shapes()) {
      CAPTURE(entry.name);
      const std::unique_ptr<PinShape> other = entry.make();
      other->open(world.pins());
      const Root object(world.mutator(), world.make());
      const PinTicket own = trial.pin(object.get());
      const PinTicket foreign =
          other->pin(object.get(), world.pins().sites().intern("another site"));
      CHECK(own != foreign);
      for (const std::string& error :
           {trial.error_of([&] { trial.shape->unpin(foreign); }),
            trial.error_of([&] { trial.shape->add(foreign, object.get(), 0); }),
            trial.error_of([&] { trial.shape->forget(foreign); }),
            trial.error_of([&] { static_cast<void>(trial.shape->address_of(foreign)); })}) {
        CHECK(has_all(error, {"not its own", "site: another site", "heap offset"}));
      }
      other->unpin(foreign);
      trial.shape->unpin(own);
      CHECK(world.pins().held() == 0);
    }
  });
}

TEST_CASE("an error of a ticket that outlived its pin names that pin, not the one in its place") {
  for_each_shape([](Trial& trial) {
    PinWorld& world = trial.world;
    const Root old(world.mutator(), world.make());
    const Root young(world.mutator(), world.make());
    const PinTicket stale = trial.pin(old.get());
    trial.shape->unpin(stale);
    const PinTicket fresh =
        trial.shape->pin(young.get(), world.pins().sites().intern("another site"));
    const std::string offset =
        std::to_string(old.get().address() - world.runtime().heap().base()) + ")";
    CHECK(has_all(trial.error_of([&] { trial.shape->unpin(stale); }),
                  {"holds another", "site: a site", offset}));
    trial.shape->unpin(fresh);
  });
}

constexpr std::uint64_t kStaticObject = heap::Header(2, 0).word();

TEST_CASE("what is no object of the heap makes no pin, and is counted by its reason") {
  for_each_shape([](Trial& trial) {
    PinWorld& world = trial.world;
    const std::uint64_t on_the_stack = heap::Header(2, 0).word();
    const auto count_of = [&](Needless reason) {
      return world.pins().counts().needless_of(reason);
    };
    const auto try_to_pin = [&](Address address, std::string_view refusing, const char* object) {
      const std::string error = trial.error_of([&] {
        const PinTicket ticket = trial.shape->pin(ObjectRef(address), trial.site);
        CHECK(world.pins().held() == 0);
        trial.shape->unpin(ticket);
      });
      CHECK(error.empty() != is_one_of(refusing, trial.facts().name));
      CHECK((error.empty() || has_all(error, {"site: a site", object})));
    };
    try_to_pin({}, kRefuseNull, "object: null");
    CHECK(count_of(Needless::null) == 1);
    try_to_pin(Address::of(&kStaticObject), kRefuseForeign, "object: outside the heap");
    CHECK(count_of(Needless::static_memory) == 1);
    try_to_pin(Address::of(&on_the_stack), kRefuseForeign, "object: outside the heap");
    CHECK(count_of(Needless::foreign) == 1);
    CHECK(world.pins().counts().made == 0);

    const heap::Heap& heap = world.runtime().heap();
    const Address nowhere = heap.range_of(heap::Block{heap.block_count() - 1}).base + 64;
    CHECK(has_all(
        trial.error_of([&] { static_cast<void>(trial.shape->pin_interior(nowhere, trial.site)); }),
        {"no object", "site: a site", "heap offset"}));
    CHECK(count_of(Needless::no_object) == 1);

    if (trial.makes_pins()) {
      const Root empty(world.mutator(), world.make(0, 0));
      trial.shape->unpin(trial.pin(empty.get()));
      CHECK(count_of(Needless::zero_size) == 1);
      const Root large(world.mutator(), world.make(0, std::uint64_t{64} << 10U));
      trial.shape->unpin(trial.pin(large.get()));
      CHECK(count_of(Needless::large) == 1);
    }
    CHECK(world.pins().held() == 0);
  });
}

TEST_CASE("an interior address stands for its object") {
  for_each_shape([](Trial& trial) {
    PinWorld& world = trial.world;
    const Root object(world.mutator(), world.make(0, 100));
    const PinTicket ticket = trial.shape->pin_interior(object.get().address() + 50, trial.site);
    CHECK(world.pins().is_pinned(object.get()) == trial.makes_pins());
    trial.shape->unpin(ticket);
    CHECK_FALSE(world.pins().is_pinned(object.get()));
  });
}

TEST_CASE("a pin after close is an error, and close has ended all that were there") {
  for_each_shape([](Trial& trial) {
    PinWorld& world = trial.world;
    const Root object(world.mutator(), world.make());
    const PinTicket ticket = trial.pin(object.get());
    static_cast<void>(trial.pin(object.get()));
    trial.shape->close();
    CHECK(world.pins().held() == 0);
    CHECK(has_all(trial.error_of([&] { static_cast<void>(trial.pin(object.get())); }),
                  {"after close", "site: a site", "heap offset"}));
    CHECK_FALSE(trial.error_of([&] { trial.shape->unpin(ticket); }).empty());
    world.collect_full();  // also a critical section is over
    CHECK(trial.leaks.empty());
  });
}

TEST_CASE("a shape that is dropped full is a leak, or releases, or leaves its pins: as it says") {
  for_each_shape([](Trial& trial) {
    PinWorld& world = trial.world;
    const Root object(world.mutator(), world.make());
    static_cast<void>(trial.pin(object.get()));
    const std::string name(trial.facts().name);
    trial.shape.reset();
    CHECK(trial.leaks.size() == (is_one_of(kReported, name) ? 1 : 0));
    CHECK(world.pins().held() == (name == "explicit_pin" ? 1 : 0));
    if (!trial.leaks.empty()) {
      CHECK(trial.leaks[0].site == trial.site);
      CHECK(trial.leaks[0].pins == 1);
      CHECK(trial.leaks[0].bytes == object.get().bytes());
    }
  });
}

TEST_CASE("a pin that the program forgets is reported, released, or there for ever: as it says") {
  for_each_shape([](Trial& trial) {
    PinWorld& world = trial.world;
    const ObjectRef object = world.make();
    const std::uint32_t weak = world.runtime().weaks().add(object);
    const PinTicket ticket = trial.pin(object);
    const std::string_view name = trial.facts().name;
    const std::string refused = trial.error_of([&] { trial.shape->forget(ticket); });
    CHECK(refused.empty() != trial.is_bounded());
    if (!refused.empty()) {
      CHECK(has_all(refused, {"cannot be forgotten", "site: a site", "heap offset"}));
      CHECK(world.pins().is_pinned(object) == trial.makes_pins());
      trial.shape->unpin(ticket);  // nothing was changed
      return;
    }
    CHECK_FALSE(trial.error_of([&] { trial.shape->unpin(ticket); }).empty());
    world.collect_full();
    world.collect_full();
    world.collect_full();
    CHECK(trial.leaks.size() == (is_one_of(kReported, name) ? 1 : 0));
    CHECK(world.pins().counts().work_of(pinning::ShapeWork::released) ==
          (name == "pointer_pin" ? 1 : 0));
    CHECK(static_cast<bool>(world.runtime().weaks().get(weak)) == is_one_of(kKeptByTheLost, name));
    CHECK(trial.shape->pin(world.make(), trial.site) != ticket);  // it can still be used
  });
}

TEST_CASE("a set takes more objects under its ticket, and what is no set says so") {
  for_each_shape([](Trial& trial) {
    PinWorld& world = trial.world;
    const Root first(world.mutator(), world.make());
    const Root second(world.mutator(), world.make());
    const PinTicket ticket = trial.pin(first.get());
    const std::string error =
        trial.error_of([&] { trial.shape->add(ticket, second.get(), trial.site); });
    CHECK(error.empty() == trial.facts().is_set);
    CHECK(world.pins().is_pinned(second.get()) == trial.facts().is_set);
    trial.shape->unpin(ticket);
    CHECK_FALSE(world.pins().is_pinned(first.get()));
    CHECK_FALSE(world.pins().is_pinned(second.get()));
  });
}

TEST_CASE("scopes end the newest first, and other shapes in any order") {
  for_each_shape([](Trial& trial) {
    PinWorld& world = trial.world;
    const Root object(world.mutator(), world.make());
    const PinTicket older = trial.pin(object.get());
    const PinTicket newer = trial.pin(object.get());
    const std::string error = trial.error_of([&] { trial.shape->unpin(older); });
    CHECK(error.empty() != trial.is_bounded());
    trial.shape->unpin(newer);
    if (!error.empty()) {
      CHECK(has_all(error, {"made later", "site: a site", "heap offset"}));
      trial.shape->unpin(older);
    }
    CHECK(world.pins().held() == 0);
    CHECK_FALSE(world.pins().is_pinned(object.get()));
  });
}

struct Held {
  PinTicket ticket;
  std::uint32_t root;
  ObjectRef there;
  std::uint64_t number;
};

TEST_CASE("a random program pins with every shape, and every pin is right at every step") {
  for_each_shape([](Trial& trial) {
    PinWorld& world = trial.world;
    heap::Random random(5);
    std::vector<Held> held;
    std::uint64_t moved = 0;
    Root bystander(world.mutator());
    std::uint64_t bystanders_moved = 0;
    for (std::uint64_t step = 0; step < 300; ++step) {
      if (step % 10 == 0) {
        bystander.set(world.make());
      }
      const ObjectRef bystander_was = bystander.get();
      const std::uint64_t dice = random.below(20);
      if (dice < 9 || held.empty()) {
        static_cast<void>(world.make(0, 8 * random.below(60)));  // dies below what comes after it
        if (held.size() < 12) {
          const ObjectRef made = world.make(0, 40);
          mark(made, step);
          held.push_back({trial.pin(made), world.runtime().globals().add(made), made, step});
        }
      } else if (dice < 17) {
        const std::size_t i = trial.is_bounded() ? held.size() - 1 : random.below(held.size());
        trial.shape->unpin(held[i].ticket);
        world.runtime().globals().end(held[i].root);
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(i));
      } else if (!(trial.is("critical") && !held.empty())) {
        dice == 19 ? world.collect_full() : world.collect_young();
      }
      bystanders_moved += bystander.get() == bystander_was ? 0U : 1U;
      for (const Held& one : held) {
        const ObjectRef now = world.runtime().globals().get(one.root);
        REQUIRE(mark_of(now) == one.number);
        REQUIRE((now == one.there || !trial.facts().holds_still));
        REQUIRE(world.pins().is_pinned(now) == trial.makes_pins());
        moved += now == one.there ? 0U : 1U;
      }
      REQUIRE(world.pins().held() == (trial.makes_pins() ? held.size() : 0));
    }
    CHECK((moved > 0) != trial.facts().holds_still);
    CHECK((bystanders_moved > 0 || trial.is("critical")));  // under which nothing does
    while (!held.empty()) {
      trial.shape->unpin(held.back().ticket);
      held.pop_back();
    }
    CHECK(world.pins().counts().made == world.pins().counts().ended);
  });
}

TEST_CASE("the shapes for a use are those that hold still and can express it") {
  const std::string async = pinning::shapes_that_express(pinning::PinUse::operation);
  CHECK(has_all(async, {"pinner", "ptrguard", "submit_batch", "parked_thread"}));
  for (const char* other : {"scoped", "with_pinner", "critical", "handle", "off_heap", "none"}) {
    CHECK((", " + async + ",").find(", " + std::string(other) + ",") == std::string::npos);
  }
}

}  // namespace
}  // namespace pinlab::collector::tests
