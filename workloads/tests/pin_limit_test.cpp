// What becomes of a pin beyond the limit, by pin.limit_answer.
#include "collector/safe_region.hpp"
#include "workloads/pin_pressure.hpp"
#include "workloads/tests/world.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <string>

namespace pinlab::workloads::tests {
namespace {

using Kind = PinLifetime::Kind;
using pinning::LimitAnswer;

constexpr std::uint64_t kAll = heap::kBillion;

/// Pins of everything that is born, at most four.
PinPressureOptions limited(LimitAnswer answer, PinLifetime lifetime, std::uint32_t batch = 1) {
  return {.share = kAll, .lifetime = lifetime, .batch = batch, .limit = 4, .limit_answer = answer};
}

TEST_CASE("a pin that the limit refuses is not made, and the program goes on without") {
  for (const std::uint32_t batch : {1U, 3U, 5U}) {  // the last is larger than the limit
    World world;
    PinPressure pins(world.runtime, limited(LimitAnswer::fail, {Kind::fixed, 640, 0}, batch));
    for (int i = 0; i < 1000; ++i) {
      const heap::ObjectRef object = world.make();
      static_cast<void>(pins.born(object));
      REQUIRE(pins.held() <= 4);
      REQUIRE(world.runtime.pins().held() == pins.held());
    }
    CHECK(pins.made() + pins.limit_figures().refused == 1000);
    CHECK(pins.made() > 100);
    CHECK(pins.limit_figures().refused > 100);
  }
}

TEST_CASE("refused pins of dropped objects leave no trace") {
  World world;
  PinPressure pins(world.runtime, limited(LimitAnswer::fail, {Kind::object, 0, 0}));
  std::vector<PinToken> tokens;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 10; ++i) {
      tokens.push_back(pins.born(world.make()));
    }
    CHECK(pins.held() == 4);
    for (const PinToken token : tokens) {
      pins.dropped(token);
    }
    tokens.clear();
    CHECK(pins.held() == 0);
  }
  CHECK(pins.limit_figures().refused == 18);
}

TEST_CASE("beyond the limit objects are copied, and the copies end as the pins would have") {
  for (const PinLifetime lifetime :
       {PinLifetime{Kind::scope, 0, 0}, PinLifetime{Kind::fixed, 640, 0},
        PinLifetime{Kind::forever, 0, 0}}) {
    World world;
    PinPressure pins(world.runtime, limited(LimitAnswer::copy, lifetime));
    {
      const PinScope call(pins);
      for (int i = 0; i < 100; ++i) {
        const heap::ObjectRef object = world.make();
        static_cast<void>(pins.born(object));
        REQUIRE(pins.held() <= 4);
      }
    }
    const pinning::PinCounts counts = world.runtime.pins().counts();
    CHECK(counts.made + pins.limit_figures().copied == 100);
    CHECK(pins.limit_figures().copied == counts.work_of(pinning::ShapeWork::copies));
    CHECK(pins.limit_figures().copied_bytes == 64 * pins.limit_figures().copied);
    const PlacementFigures placed = pins.placement_figures();
    CHECK(placed.apart + placed.beside == counts.made);  // a copy has no place in the heap
  }
}

TEST_CASE("a pin that waits gets the room of the first that ends, and time has passed") {
  World world;
  PinPressure pins(world.runtime, limited(LimitAnswer::block, {Kind::fixed, 6400, 0}));
  for (int i = 0; i < 100; ++i) {
    static_cast<void>(pins.born(world.make()));
    REQUIRE(pins.held() <= 4);
  }
  CHECK(pins.made() == 100);                // none is lost
  CHECK(pins.limit_figures().waits == 24);  // four end together, as they were born together
  CHECK(pins.clock() == 100 * 64 + pins.limit_figures().waited);
  CHECK(pins.limit_figures().waited > 20 * (6400 - 4 * 64));
}

TEST_CASE("a pin that waits for what only its own thread could end is beyond the limit") {
  for (const Kind kind : {Kind::object, Kind::forever, Kind::scope}) {
    World world;
    PinPressure pins(world.runtime, limited(LimitAnswer::block, {kind, 0, 0}));
    for (int i = 0; i < 4; ++i) {
      static_cast<void>(pins.born(world.make()));
    }
    std::string said;
    try {
      static_cast<void>(pins.born(world.make()));
    } catch (const PinLimitReached& error) {
      said = error.what();
    }
    CHECK(said.find("no thread can make") != std::string::npos);
  }
}

/// Another thread that waits for an end, and what it was told.
class Waiter {
 public:
  Waiter(World& world, PinPressure& pins)
      : told_(std::async(std::launch::async, [&world, &pins, seen = pins.room().ends()] {
          const auto mutator = world.runtime.attach();
          return pins.room().wait_for_end(*mutator, seen);
        })) {}

  [[nodiscard]] bool is_done_within(std::chrono::milliseconds time) const {
    return told_.wait_for(time) == std::future_status::ready;
  }
  [[nodiscard]] bool told() { return told_.get(); }

 private:
  std::future<bool> told_;
};

constexpr std::chrono::milliseconds kMoment{30};
constexpr std::chrono::milliseconds kLong{120'000};  // a limit on what ends by itself

TEST_CASE("a thread waits until another ends a pin, or none is left that could") {
  enum class Other { ends_a_pin, is_done, waits_too };
  for (const Other other : {Other::ends_a_pin, Other::is_done, Other::waits_too}) {
    CAPTURE(static_cast<int>(other));
    World world;
    PinPressure pins(world.runtime, {.limit = 4, .limit_answer = LimitAnswer::block});
    pins.room().begin_threads(2);
    REQUIRE(pins.room().ask(4, 0) == Granted::pins);
    const std::uint64_t seen = pins.room().ends();
    pins.room().give_back();
    // An end that was not seen yet is no wait, however often it is asked for.
    CHECK(pins.room().wait_for_end(*world.mutator, seen));
    CHECK(pins.room().wait_for_end(*world.mutator, seen));
    bool told = false;
    {
      const collector::SafeRegion outside(*world.mutator);
      Waiter waiter(world, pins);
      CHECK_FALSE(waiter.is_done_within(kMoment));
      if (other == Other::ends_a_pin) {
        pins.room().give_back();
      } else if (other == Other::is_done) {
        pins.room().end_thread();
      } else {
        Waiter second(world, pins);
        CHECK(second.is_done_within(kLong));
        CHECK_FALSE(second.told());
      }
      CHECK(waiter.is_done_within(kLong));
      pins.room().give_back();  // whoever still waits wrongly ends here
      told = waiter.told();
    }
    CHECK(told == (other == Other::ends_a_pin));
  }
}

TEST_CASE("a thread that went on after an end is not one of those that wait") {
  World world;
  PinPressure pins(world.runtime, {.limit = 4, .limit_answer = LimitAnswer::block});
  pins.room().begin_threads(2);
  REQUIRE(pins.room().ask(4, 0) == Granted::pins);
  const collector::SafeRegion outside(*world.mutator);
  for (int round = 0; round < 3; ++round) {
    Waiter waiter(world, pins);
    CHECK_FALSE(waiter.is_done_within(kMoment));
    pins.room().give_back();
    CHECK(waiter.is_done_within(kLong));
    CHECK(waiter.told());
  }
}

TEST_CASE("a batch is one set where the shape is a set, and as many pins where it is none") {
  for (const char* shape : {"pinner", "pin_group", "pinned", "handle"}) {
    World world;
    const PinPressureOptions options = {.share = kAll, .batch = 8, .shape = shape};
    PinPressure pins(world.runtime, options);
    std::vector<PinToken> tokens;
    for (int i = 0; i < 24; ++i) {
      tokens.push_back(pins.born(world.make()));
    }
    std::size_t full = 0;
    world.runtime.pins().for_each_set(
        [&](const pinning::PinSet& set) { full += set.empty() ? 0U : 1U; });
    const std::string name = shape;
    CHECK(full == (name == "handle" ? 0U : name == "pinned" ? 24U : 3U));
    for (std::size_t i = 0; i < 8; ++i) {
      pins.dropped(tokens[i]);
    }
    CHECK(pins.held() == 16);
  }
}

TEST_CASE("limited needs a limit, and a sentence says so") {
  CHECK_THROWS_AS(check_pin_options({.share = 1, .shape = "limited"}), collector::OptionsError);
  CHECK_NOTHROW(check_pin_options({.share = 1, .shape = "limited", .limit = 5}));
}

}  // namespace
}  // namespace pinlab::workloads::tests
