// Which objects are pinned: how many, which, at what age, and who says when it ends.
#include "workloads/pin_pressure.hpp"

#include "workloads/tests/world.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

namespace pinlab::workloads::tests {
namespace {

using Kind = PinLifetime::Kind;

constexpr PinLifetime kForever = {Kind::forever, 0, 0};
constexpr PinLifetime kShort = {Kind::fixed, 65536, 0};
constexpr std::uint64_t kAll = heap::kBillion;

class TwoSites final : public SiteNames {
 public:
  [[nodiscard]] std::string name(std::uint32_t site) const override {
    return site == 0 ? "parser.cpp:10 make_token" : "server.cpp:99 make_buffer";
  }
  [[nodiscard]] std::string stack(std::uint32_t site) const override {
    return name(site) + " < main";
  }
};

/// Pins made when `objects` are born one after another.
std::uint64_t made_of(const PinPressureOptions& options, int objects, std::uint64_t bytes = 56) {
  World world;
  PinPressure pins(world.runtime, options);
  for (int i = 0; i < objects; ++i) {
    static_cast<void>(pins.born(world.make(bytes)));
  }
  return pins.made();
}

TEST_CASE("without a share, a number or a rate nothing is pinned and no clock runs") {
  World world;
  PinPressure pins(world.runtime, {});
  CHECK_FALSE(pins.enabled());
  CHECK(pins.born(world.make()) == 0);
  pins.dropped(0);
  CHECK(pins.clock() == 0);
  CHECK(pins.made() == 0);
}

TEST_CASE("a share of the objects is pinned, within four standard deviations") {
  for (const double share : {0.001, 0.01, 0.2, 0.9}) {
    constexpr int kObjects = 200'000;
    const auto made = static_cast<double>(
        made_of({.share = static_cast<std::uint64_t>(share * 1e9), .lifetime = kShort}, kObjects));
    CHECK(std::abs(made - share * kObjects) < 4 * std::sqrt(kObjects * share * (1 - share)));
  }
  CHECK(made_of({.share = kAll, .lifetime = kShort}, 1000) == 1000);
}

TEST_CASE("batches keep the share, and their objects follow each other") {
  constexpr int kObjects = 400'000;
  constexpr std::uint32_t kBatch = 10;
  World world;
  PinPressure pins(world.runtime, {.share = 10'000'000, .lifetime = kShort, .batch = kBatch});
  std::uint64_t before = 0;
  int run = 0;
  bool whole = true;
  for (int i = 0; i < kObjects; ++i) {
    static_cast<void>(pins.born(world.make()));
    if (pins.made() > before) {
      ++run;
    } else {
      whole = whole && run % int{kBatch} == 0;
      run = 0;
    }
    before = pins.made();
  }
  CHECK(whole);
  const double expected = 0.01 * kObjects;
  CHECK(std::abs(static_cast<double>(pins.made()) - expected) <
        4 * std::sqrt(expected / kBatch) * kBatch);
}

TEST_CASE("a number of pins is held, but for those that ended since the last object was born") {
  constexpr std::uint64_t kMean = std::uint64_t{1} << 20U;
  for (const PinLifetime lifetime :
       {PinLifetime{Kind::fixed, kMean, 0}, PinLifetime{Kind::exponential, kMean, 0},
        PinLifetime{Kind::pareto, 1500, kMean / 3}}) {
    World world;
    PinPressure pins(world.runtime, {.count = 500, .lifetime = lifetime});
    std::uint64_t least = 500;
    for (int i = 0; i < 200'000; ++i) {
      static_cast<void>(pins.born(world.make()));
      least = i > 1000 ? std::min(least, pins.held()) : least;
    }
    CHECK(least > 490);
    CHECK(pins.peak() == 500);
    CHECK(pins.peak_bytes() == 500 * 64);
    CHECK(pins.made() > 2000);
  }
}

TEST_CASE("pins with the lifetime of their objects end when those are dropped, and not before") {
  World world;
  PinPressure pins(world.runtime, {.share = kAll});
  const heap::ObjectRef object = world.make();
  const PinToken token = pins.born(object);
  CHECK(token != 0);
  CHECK(world.runtime.pins().is_pinned(object));
  CHECK(pins.held() == 1);
  pins.dropped(token);
  CHECK_FALSE(world.runtime.pins().is_pinned(object));
  CHECK(pins.held() == 0);
  CHECK(pins.peak() == 1);
  CHECK(pins.peak_bytes() == object.bytes());
}

TEST_CASE("pins for ever end with the run, and that is no leak") {
  World world;
  {
    PinPressure pins(world.runtime, {.share = kAll, .lifetime = kForever});
    for (int i = 0; i < 100; ++i) {
      CHECK(pins.born(world.make()) == 0);
    }
    CHECK(pins.held() == 100);
    CHECK(world.runtime.pins().held() == 100);
  }
  CHECK(world.runtime.pins().held() == 0);
  CHECK(world.runtime.pins().counts().leaked == 0);
}

TEST_CASE("a batch ends when the last of its members is dropped") {
  World world;
  PinPressure pins(world.runtime, {.share = kAll, .batch = 4});
  std::vector<heap::ObjectRef> objects;
  std::vector<PinToken> tokens;
  for (int i = 0; i < 8; ++i) {
    objects.push_back(world.make());
    tokens.push_back(pins.born(objects.back()));
  }
  for (const std::size_t i : {3U, 5U, 0U, 2U, 7U}) {
    pins.dropped(tokens[i]);
  }
  CHECK(pins.held() == 8);
  pins.dropped(tokens[1]);
  CHECK(pins.held() == 4);
  CHECK_FALSE(world.runtime.pins().is_pinned(objects[3]));
  CHECK(world.runtime.pins().is_pinned(objects[7]));
  pins.dropped(tokens[4]);
  pins.dropped(tokens[6]);
  CHECK(pins.held() == 0);
}

TEST_CASE("a batch that is not full waits for the members to come") {
  World world;
  PinPressure pins(world.runtime, {.share = kAll, .batch = 2});
  const PinToken first = pins.born(world.make());
  pins.dropped(first);
  CHECK(pins.held() == 1);
  pins.dropped(pins.born(world.make()));
  CHECK(pins.held() == 0);
}

TEST_CASE("scopes end their own pins, the newest first, and nest") {
  for (const char* shape : {"scoped", "pinner"}) {
    World world;
    PinPressure pins(world.runtime,
                     {.share = kAll, .lifetime = {Kind::scope, 0, 0}, .shape = shape});
    static_cast<void>(pins.born(world.make()));
    {
      const PinScope outer(pins);
      static_cast<void>(pins.born(world.make()));
      {
        const PinScope inner(pins);
        static_cast<void>(pins.born(world.make()));
        static_cast<void>(pins.born(world.make()));
        CHECK(pins.held() == 4);
      }
      CHECK(pins.held() == 2);
    }
    CHECK(pins.held() == 1);
  }
}

TEST_CASE("an object is pinned once it has survived so many collections, where it is by then") {
  for (const std::uint32_t age : {1U, 2U}) {
    collector::Options options = small_options();
    options.nursery_survivals = 3;
    World world(options);
    PinPressure pins(world.runtime, {.share = kAll, .lifetime = kForever, .age = age});
    const collector::Root root(*world.mutator, world.make());
    static_cast<void>(pins.born(root.get()));
    for (std::uint32_t i = 0; i < age; ++i) {
      static_cast<void>(pins.born(world.make()));
      CHECK_FALSE(world.runtime.pins().is_pinned(root.get()));
      world.mutator->collect_young();
    }
    static_cast<void>(pins.born(world.make()));
    CHECK(world.runtime.pins().is_pinned(root.get()));
    CHECK(pins.held() == 1);
  }
}

TEST_CASE("with age old an object is pinned once it is out of the nursery") {
  collector::Options options = small_options();
  options.nursery_survivals = 2;
  World world(options);
  PinPressure pins(world.runtime, {.share = kAll, .lifetime = kForever, .age_old = true});
  const collector::Root root(*world.mutator, world.make());
  static_cast<void>(pins.born(root.get()));
  int collections = 0;
  while (!world.runtime.pins().is_pinned(root.get())) {
    CHECK(world.runtime.heap().is_nursery(root.get().address()));
    world.mutator->collect_young();
    static_cast<void>(pins.born(world.make()));
    REQUIRE(++collections < 10);
  }
  CHECK_FALSE(world.runtime.heap().is_nursery(root.get().address()));
  CHECK(collections > 1);
}

TEST_CASE("what dies or is dropped before it is of age is never pinned") {
  World world;
  PinPressure pins(world.runtime, {.share = kAll, .lifetime = kForever, .age = 1});
  const PinToken dead = pins.born(world.make());
  const collector::Root kept(*world.mutator, world.make());
  pins.dropped(pins.born(kept.get()));
  world.mutator->collect_young();
  static_cast<void>(pins.born(world.make()));
  CHECK(pins.made() == 0);
  pins.dropped(dead);
}

TEST_CASE("a number and a rate find another object for each that died too young") {
  for (const PinPressureOptions& options :
       {PinPressureOptions{.count = 10, .lifetime = kForever, .age = 1},
        PinPressureOptions{.rate = std::uint64_t{1} << 20U, .lifetime = kForever, .age = 1}}) {
    World world;
    PinPressure pins(world.runtime, options);
    for (int i = 0; i < 100; ++i) {
      static_cast<void>(pins.born(world.make()));  // dies at once
    }
    world.mutator->collect_young();
    const collector::Root survivor(*world.mutator, world.make());
    static_cast<void>(pins.born(survivor.get()));
    world.mutator->collect_young();
    static_cast<void>(pins.born(world.make()));
    CHECK(pins.made() == 1);
    CHECK(world.runtime.pins().is_pinned(survivor.get()));
  }
}

TEST_CASE("a rate is owed an object for each that is dropped before its pin is made, and no more") {
  PinPressureOptions options = {.rate = std::uint64_t{1} << 20U, .lifetime = kForever};
  constexpr int kObjects = 20'000;
  const std::uint64_t due = made_of(options, kObjects);
  for (const bool migrates : {false, true}) {
    collector::Options heap = small_options();
    heap.nursery_size = std::uint64_t{8} << 20U;  // nothing is collected
    if (migrates) {
      options.placement = collector::PinPlacement::migrate;
      heap.pin_placement = options.placement;
    }
    options.age = migrates ? 0 : 1;
    World world(heap);
    PinPressure pins(world.runtime, options);
    std::uint64_t chosen = 0;
    std::uint64_t dropped = 0;
    for (int i = 0; i < kObjects; ++i) {
      const PinToken token = pins.born(world.make());
      if (token != 0 && ++chosen % 3 != 0 && i < kObjects - 500) {  // all that is owed is found
        pins.dropped(token);
        ++dropped;
      }
    }
    CHECK(dropped > 1000);
    CHECK(chosen == due + dropped);
    CHECK(pins.made() == 0);
  }
}

TEST_CASE("only objects of the chosen sites are pinned, by name or by call stack") {
  const TwoSites names;
  for (const char* pattern : {"parser.cpp*", "*make_token", "*make_token < main"}) {
    World world;
    PinPressure pins(
        world.runtime,
        {.share = kAll, .lifetime = kForever, .target = "site", .site_pattern = pattern});
    pins.use_names(names);
    for (std::uint32_t i = 0; i < 100; ++i) {
      static_cast<void>(pins.born(world.make(), i % 2));
    }
    CHECK(pins.made() == 50);
    REQUIRE(pins.site_figures().size() == 1);
    CHECK(world.runtime.pins().sites().name(pins.site_figures()[0].site) == names.name(0));
    CHECK(pins.site_figures()[0].stack == names.stack(0));
  }
}

TEST_CASE("only objects of the chosen sizes are pinned") {
  const PinPressureOptions options = {
      .share = kAll, .lifetime = kForever, .target = "size", .size_least = 64, .size_most = 128};
  CHECK(made_of(options, 10, 48) == 0);
  CHECK(made_of(options, 10, 56) == 10);
  CHECK(made_of(options, 10, 120) == 10);
  CHECK(made_of(options, 10, 128) == 0);
}

TEST_CASE("shapes that leave objects movable do, and keep alive as they say") {
  for (const char* shape : {"handle", "none"}) {
    World world;
    PinPressure pins(world.runtime, {.share = kAll, .shape = shape});
    const heap::ObjectRef object = world.make();
    const std::uint32_t weak = world.runtime.weaks().add(object);
    const PinToken token = pins.born(object);
    CHECK_FALSE(world.runtime.pins().is_pinned(object));
    CHECK(pins.held() == 1);
    world.mutator->collect_full();
    CHECK(static_cast<bool>(world.runtime.weaks().get(weak)) == (std::string(shape) == "handle"));
    pins.dropped(token);
    world.mutator->collect_full();
    CHECK_FALSE(world.runtime.weaks().get(weak));
    world.runtime.weaks().end(weak);
  }
}

TEST_CASE("a limit ends the run at the first pin beyond it, and open calls raise it") {
  World world;
  PinPressure pins(
      world.runtime,
      {.share = kAll, .lifetime = {Kind::scope, 0, 0}, .limit = 2, .limit_per_call = 1});
  {
    const PinScope call(pins);
    for (int i = 0; i < 3; ++i) {
      static_cast<void>(pins.born(world.make()));
    }
    CHECK_THROWS_AS(static_cast<void>(pins.born(world.make())), PinLimitReached);
  }
  CHECK(pins.held() == 0);
}

}  // namespace
}  // namespace pinlab::workloads::tests
