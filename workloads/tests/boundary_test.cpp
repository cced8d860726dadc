// What foreign code sees of pinned objects: nothing, where pins last as long as it needs them; and
// every bug of that kind is seen. Numbers as in the project's list of pin tests.
#include "workloads/pin_pressure.hpp"
#include "workloads/tests/world.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace pinlab::workloads::tests {
namespace {

using Kind = PinLifetime::Kind;
using heap::ObjectRef;
using pinning::BoundaryFigures;
using pinning::Cover;
using pinning::ForeignMemory;

constexpr std::uint64_t kAll = heap::kBillion;
constexpr std::uint64_t kTenth = heap::kBillion / 10;
constexpr PinLifetime kShort = {Kind::exponential, 65536, 0};

collector::Options options_of(const std::string& plan) {
  collector::Options options = small_options();
  options.heap_max = std::uint64_t{2} << 20U;
  options.heap_block = std::uint64_t{16} << 10U;
  options.nursery_size = std::uint64_t{256} << 10U;
  options.plan = plan;
  options.verify = collector::VerifyLevel::cheap;
  return options;
}

/// A table of objects that are replaced in turn, each of which may be pinned.
struct Churned {
  BoundaryFigures boundary;
  std::uint64_t made = 0;
  std::uint64_t sum = 0;  ///< over what the program reads
  std::uint64_t collections = 0;
  std::uint64_t moved = 0;  ///< objects that the program saw at another place

  explicit Churned(const PinPressureOptions& options,
                   const collector::Options& heap = options_of("generational")) {
    constexpr std::uint64_t kSlots = 500;
    World world(heap);
    PinPressure pins(world.runtime, options);
    const collector::Root table(*world.mutator, world.mutator->allocate({.references = kSlots}));
    std::vector<PinToken> tokens(kSlots);
    std::vector<ObjectRef> places(kSlots);
    heap::Random random(3);
    for (std::uint64_t i = 0; i < 20'000; ++i) {
      const PinScope call(pins);
      const std::uint64_t slot = random.below(kSlots);
      const ObjectRef before = table.get().load(slot);
      if (before) {
        sum = sum * 31 + before.slot(0).word();
        moved += before != places[slot] ? 1U : 0U;
      }
      const ObjectRef object = world.make(64 + 8 * random.below(16));
      object.slot(0).word() = i;
      world.mutator->store(table.get(), slot, object);
      places[slot] = object;
      pins.dropped(tokens[slot]);
      tokens[slot] = pins.born(object);
    }
    collections = world.runtime.collections();
    boundary = pins.boundary();
    made = pins.made();
  }
};

PinLifetime lifetime_for(const pinning::ShapeFacts& facts) {
  const bool bounded = !facts.uses.has(pinning::PinUse::operation);
  return bounded ? PinLifetime{Kind::scope, 0, 0} : kShort;
}

TEST_CASE("no shape that holds still exposes an object, under any plan, and neighbours move") {
  for (const heap::Named<pinning::PinShape>& entry : pinning::pin_shapes()) {
    const pinning::ShapeFacts& facts = entry.make()->facts();
    // One that keeps nothing alive exposes what the program drops; a limit would end the program.
    if (!facts.holds_still || !facts.keeps_alive || entry.name == "limited") {
      continue;
    }
    for (const char* plan : {"generational", "semispace", "mark_sweep"}) {
      CAPTURE(entry.name);
      CAPTURE(plan);
      const Churned run({.share = kTenth,
                         .lifetime = lifetime_for(facts),
                         .shape = std::string(entry.name),
                         .store_check = pinning::StoreCheck::all},
                        options_of(plan));
      CHECK(run.boundary.stored > 1000);
      CHECK(run.boundary.exposure == 0);
      CHECK(run.boundary.violations() == 0);
      CHECK(run.boundary.broken == 0);
      CHECK(run.boundary.bad_reads == 0);
      CHECK((run.moved > 0) == (std::string(plan) != "mark_sweep"));
    }
  }
}

TEST_CASE("a hidden address is exposed all the time, and a number or a copy never is") {
  const Churned hidden({.share = kTenth, .shape = "none"});
  CHECK(hidden.boundary.exposure == hidden.boundary.need);
  CHECK(hidden.boundary.moved > 0);
  CHECK(hidden.boundary.bad_reads > 0);
  for (const char* shape : {"handle", "off_heap"}) {
    const Churned run({.share = kTenth, .shape = shape});
    CHECK(run.boundary.stored == 0);
    CHECK(run.boundary.violations() == 0);
  }
}

TEST_CASE("N13 an unpin before the last access is caught by the canary, if anything moves") {
  const PinPressureOptions right = {.share = kTenth, .lifetime = kShort};
  PinPressureOptions early = right;
  early.early = 65536;
  const Churned moving(early);
  CHECK(moving.moved > 0);
  CHECK(moving.boundary.exposure > 0);
  CHECK(moving.boundary.moved > 0);
  CHECK(moving.boundary.bad_reads > 0);
  REQUIRE(moving.boundary.first);
  CHECK(Churned(right).boundary.violations() == 0);
  // What Go's users have today: the same bug, and nothing moves. Only what dies is seen.
  const Churned still(early, options_of("mark_sweep"));
  CHECK(still.boundary.exposure > 0);
  CHECK(still.boundary.moved == 0);
}

TEST_CASE("N15 a program that pins correctly reads the same with moving on and off") {
  for (const double share : {0.0, 0.01, 0.2, 1.0}) {
    const PinPressureOptions options = {.share = static_cast<std::uint64_t>(share * 1e9),
                                        .lifetime = kShort};
    const Churned still(options, options_of("mark_sweep"));
    CHECK(still.moved == 0);
    for (const char* plan : {"generational", "semispace"}) {
      const Churned moving(options, options_of(plan));
      CHECK(moving.sum == still.sum);
      CHECK(moving.made == still.made);
      CHECK(moving.boundary.need == still.boundary.need);
      CHECK(moving.moved > 0);
    }
  }
}

TEST_CASE("a pin that ends late is overhang from the last access on, and nothing else") {
  constexpr std::uint64_t kLength = 200'000;
  World world;
  PinPressure pins(world.runtime, {.share = kAll, .late = 50'000});
  const ObjectRef object = world.make(92);
  const PinToken token = pins.born(object);
  World::discard(pins.born(world.make(kLength - 8)));
  pins.dropped(token);
  const BoundaryFigures figures = pins.boundary();
  CHECK(figures.overhang == heap::Wide{50'000} * object.bytes());
  CHECK(figures.exposure == 0);
  CHECK(figures.need == heap::Wide{kLength - 50'000} * object.bytes());
}

TEST_CASE("a batch that ends together pins its members beyond their need") {
  World world;
  PinPressure pins(world.runtime, {.share = kAll, .batch = 2});
  const ObjectRef first = world.make(92);
  const PinToken early = pins.born(first);
  const PinToken last = pins.born(world.make(92));
  pins.dropped(early);
  const std::uint64_t done = pins.clock();
  World::discard(pins.born(world.make(1000)));  // the next batch
  CHECK(pins.boundary().overhang == heap::Wide{pins.clock() - done} * first.bytes());
  pins.dropped(last);
  CHECK(pins.boundary().exposure == 0);
}

TEST_CASE("a weak pin exposes its object from the object's death on") {
  collector::Options options = options_of("generational");
  options.pin_liveness = pinning::Liveness::weak;
  const Churned run({.share = kTenth, .lifetime = {Kind::fixed, 1U << 20U, 0}}, options);
  CHECK(run.boundary.freed > 0);
  CHECK(run.boundary.moved == 0);
  CHECK(run.boundary.broken == 0);
  CHECK(run.boundary.exposure > 0);
  CHECK(run.boundary.exposure < run.boundary.need);
}

TEST_CASE("the store check refuses what leads to an object that is not pinned") {
  for (const auto check :
       {pinning::StoreCheck::off, pinning::StoreCheck::arguments, pinning::StoreCheck::all}) {
    for (const bool is_argument : {false, true}) {
      World world;
      PinPressure pins(world.runtime,
                       {.share = kAll,
                        .lifetime = {is_argument ? Kind::scope : Kind::forever, 0, 0},
                        .store_check = check});
      const collector::Root holder(*world.mutator, world.mutator->allocate({.references = 1}));
      world.mutator->store(holder, 0, world.make());
      const bool refused = check == pinning::StoreCheck::all ||
                           (check == pinning::StoreCheck::arguments && is_argument);
      if (refused) {
        CHECK_THROWS_AS(World::discard(pins.born(holder.get())), pinning::StoreRefused);
      } else {
        CHECK_NOTHROW(World::discard(pins.born(holder.get())));
      }
    }
  }
}

/// Collections until the forgotten pin is found: young ones, then full ones.
int fulls_until_leak(World& world, int most) {
  world.mutator->collect_young();
  for (int fulls = 1; fulls <= most; ++fulls) {
    try {
      world.mutator->collect_full();
    } catch (const collector::PinLeaked&) {
      return fulls;
    }
  }
  return 0;
}

TEST_CASE("a pin that the program forgets is found by the first full collection that could") {
  for (const PinLeakKind kind :
       {PinLeakKind::unreachable, PinLeakKind::self, PinLeakKind::global}) {
    CAPTURE(static_cast<int>(kind));
    World world;
    {
      PinPressure pins(world.runtime, {.share = kAll, .leak = kind});
      PinToken token = 0;
      {
        const collector::Root object(*world.mutator, world.make());
        token = pins.born(object.get());
        world.mutator->collect_full();
        pins.dropped(token);  // forgotten here: while the object is there, the set may be too
        const int expected = kind == PinLeakKind::unreachable ? 1 : 0;
        CHECK(fulls_until_leak(world, 2) == expected);
      }
      const int expected = kind == PinLeakKind::self ? 1 : 0;
      CHECK(fulls_until_leak(world, 2) == expected);
      CHECK(world.runtime.pins().counts().leaked == (kind == PinLeakKind::global ? 0 : 1));
      CHECK(pins.boundary().exposure == 0);
    }
    CHECK(world.runtime.pins().held() == 0);
  }
}

TEST_CASE("an address that no pin covers is followed, and what becomes of its object is counted") {
  World world;
  ForeignMemory foreign(world.runtime.pins());
  collector::Root object(*world.mutator, world.make());
  object.get().slot(0).word() = 77;
  const ForeignMemory::Ticket ticket = foreign.store(object.get(), 0, Cover::none, 0);
  foreign.read(ticket);
  CHECK(foreign.figures(0).bad_reads == 0);
  world.mutator->collect_young();
  CHECK(foreign.figures(0).moved == 1);
  CHECK(foreign.figures(0).bad_reads == 1);  // the old place holds a forwarding address
  foreign.read(ticket);
  CHECK(foreign.figures(0).bad_reads == 2);
  object.set({});
  world.mutator->collect_full();
  CHECK(foreign.figures(0).freed == 1);
  CHECK(foreign.figures(100).exposure == 100 * 64);
  foreign.release(ticket, 200);
  CHECK(foreign.figures(999).exposure == 200 * 64);
  CHECK(foreign.figures(999).violations() == 2);
}

TEST_CASE("every so many-th pin carries its site, the others none") {
  for (const std::uint64_t period : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{4}}) {
    struct Sites final : collector::PauseObserver {
      void paused(const collector::PauseReport& report) override { sites = report.sites; }
      std::vector<collector::SiteHostage> sites;
    } seen;
    World world;
    world.runtime.add_observer(seen);
    PinPressure pins(world.runtime,
                     {.share = kAll, .lifetime = {Kind::forever, 0, 0}, .site_sampling = period});
    for (int i = 0; i < 100; ++i) {
      World::discard(pins.born(world.make()));
    }
    world.mutator->collect_full();
    const std::uint64_t named = period == 0 ? 0 : 100 / period;
    std::uint64_t found = 0;
    for (const collector::SiteHostage& site : seen.sites) {
      found += site.site != 0 ? site.pins : 0;
    }
    CHECK(found == named);
  }
}

}  // namespace
}  // namespace pinlab::workloads::tests
