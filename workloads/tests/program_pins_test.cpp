// Pins that programs make one by one, and end when they like: the shape, the limit, and room that
// comes back.
#include "workloads/program_pins.hpp"
#include "workloads/tests/use_case_world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

namespace pinlab::workloads::tests {
namespace {

using pinning::LimitAnswer;

/// At most five, which every program passes.
PinPressureOptions limited(LimitAnswer answer) {
  return {.limit = 5, .limit_answer = answer};
}

/// A program that pins what it likes, where nothing but its own next steps ends a pin.
struct Played {
  std::uint64_t made = 0;
  pinning::ShapeWorkTally::Values work = {};
  LimitFigures limit;
  std::string error;
};

Played play(std::string_view workload, const Settings& settings, const PinPressureOptions& limit) {
  const auto entries = workloads();
  const WorkloadEntry& entry = *std::ranges::find(entries, workload, &WorkloadEntry::name);
  heap::ParameterValues values({entry.parameters.begin(), entry.parameters.end()});
  for (const auto& [name, text] : settings) {
    values.set(name, text);
  }
  const std::unique_ptr<Workload> program = entry.make(values);
  World world(use_case_heap());
  Played played;
  {
    PinPressure pins(world.runtime, limit);
    WorkloadContext context{.runtime = world.runtime,
                            .mutator = *world.mutator,
                            .pins = pins,
                            .random = heap::Random(1)};
    try {
      program->run(context);
    } catch (const PinLimitReached& error) {
      played.error = error.what();
    } catch (const collector::OptionsError& error) {
      played.error = error.what();
    }
    played.limit = pins.limit_figures();
  }
  played.made = world.runtime.pins().counts().made;
  played.work = world.runtime.pins().counts().work;
  CHECK(world.runtime.pins().held() == 0);
  return played;
}

const std::map<std::string, Settings>& programs() {
  static const std::map<std::string, Settings> programs = {
      {"pin_comb", {{"workload.m", "4096"}, {"workload.n", "64"}, {"workload.pins", "32"}}},
      {"pin_adversary", {{"workload.m", "4096"}, {"workload.n", "64"}}},
      {"pin_layout", {{"workload.m", "4096"}, {"workload.n", "64"}, {"workload.pins", "32"}}},
      {"pin_ratchet", {{"workload.m", "65536"}, {"workload.cycle", "4096"}}},
      {"gcperfsim",
       {{"workload.args", "-tc 2 -tagb 50 -tlgb 2 -sohsi 50 -sohpi 5"},
        {"workload.scale", "1000"}}}};
  return programs;
}

TEST_CASE("room that a program's unpin gives back is had again, to the last pin") {
  for (const LimitAnswer answer : {LimitAnswer::fail, LimitAnswer::copy}) {
    World world;
    PinPressure pressure(world.runtime, limited(answer));
    WorkloadContext context{.runtime = world.runtime,
                            .mutator = *world.mutator,
                            .pins = pressure,
                            .random = heap::Random(1)};
    ProgramPins program(context, "a site");
    std::array<pinning::PinTicket, 5> tickets;
    for (int round = 0; round < 3; ++round) {
      for (pinning::PinTicket& ticket : tickets) {
        ticket = program.pin(world.make());
        CHECK(static_cast<bool>(ticket));
      }
      pinning::PinTicket none = program.pin(world.make());
      CHECK_FALSE(static_cast<bool>(none));
      program.unpin(none);
      CHECK_FALSE(static_cast<bool>(program.pin(world.make())));
      program.unpin(tickets[2]);
      program.unpin(tickets[2]);  // which is none now
      tickets[2] = program.pin(world.make());
      CHECK(static_cast<bool>(tickets[2]));
      CHECK_FALSE(static_cast<bool>(program.pin(world.make())));
      for (pinning::PinTicket& ticket : tickets) {
        program.unpin(ticket);
      }
      CHECK(world.runtime.pins().held() == 0);
    }
    CHECK(world.runtime.pins().counts().made == 18);
    CHECK(pressure.limit_figures().refused == (answer == LimitAnswer::fail ? 9 : 0));
    CHECK(pressure.limit_figures().copied == (answer == LimitAnswer::copy ? 9 : 0));
    CHECK(pressure.room().take(5));
    CHECK_FALSE(pressure.room().take(1));
  }
}

TEST_CASE("an adversary and a simulator pin by the shape that is asked for, or refuse it") {
  for (const auto& program : programs()) {
    const std::string& name = program.first;
    const Settings& settings = program.second;
    const std::uint64_t made = play(name, settings, {}).made;
    for (const auto& shape : pinning::pin_shapes()) {
      CAPTURE(name);
      CAPTURE(shape.name);
      const pinning::ShapeFacts facts = shape.make()->facts();
      const PinPressureOptions options = {.shape = std::string(shape.name)};
      const Played played = play(name, settings, options);
      if (!facts.holds_still) {
        CHECK(played.error.find("holds nothing in place") != std::string::npos);
      } else if (!facts.uses.has(pinning::PinUse::operation)) {
        CHECK(played.error.find("ends its pins newest first") != std::string::npos);
      } else if (shape.name == "limited") {
        CHECK(played.error == "pin.shape=limited needs pin.limit=N or N+M");
      } else {
        CHECK(played.error.empty());
        CHECK(played.made == made);
        CHECK((played.work[static_cast<std::size_t>(pinning::ShapeWork::slots_nulled)] > 0) ==
              (shape.name == "ptrguard"));
      }
    }
  }
}

/// Pins that a program of programs() gets under a limit of five, and those that it is refused.
struct Granting {
  std::uint64_t made;
  std::uint64_t refused;
};

// A comb and a layout end no pin before they are over: five is all that they get of 32. The others
// get what they unpin in between again. An adversary asks for more than without a limit, as what is
// not pinned moves and leaves it room for other survivors.
const std::map<std::string, Granting>& grantings() {
  static const std::map<std::string, Granting> grantings = {{"pin_comb", {5, 27}},
                                                    {"pin_layout", {5, 27}},
                                                    {"pin_ratchet", {60, 140}},
                                                    {"pin_adversary", {11, 1330}},
                                                    {"gcperfsim", {8, 98}}};
  return grantings;
}

/// Pins that a limit of five leaves of a ratchet's: the newest `kept` wishes are its own.
std::uint64_t granted_to_a_ratchet(std::uint64_t wishes, std::size_t kept) {
  std::deque<bool> window;
  std::uint64_t made = 0;
  for (std::uint64_t i = 0; i < wishes; ++i) {
    window.push_back(std::ranges::count(window, true) < 5);
    made += window.back() ? 1U : 0U;
    if (window.size() > kept) {
      window.pop_front();
    }
  }
  return made;
}

TEST_CASE("an adversary and a simulator obey the limit too, and never wait") {
  CHECK(granted_to_a_ratchet(200, 16) == grantings().at("pin_ratchet").made);
  for (const auto& program : programs()) {
    const std::string& name = program.first;
    const Settings& settings = program.second;
    CAPTURE(name);
    const Played free = play(name, settings, {});
    REQUIRE(free.made > 5);
    const Played fails = play(name, settings, limited(LimitAnswer::fail));
    CHECK(fails.error.empty());
    const Granting& expected = grantings().at(name);
    CHECK(fails.made == expected.made);
    CHECK(fails.limit.refused == expected.refused);
    const Played copies = play(name, settings, limited(LimitAnswer::copy));
    CHECK(copies.made == fails.made);
    CHECK(copies.limit.copied == fails.limit.refused);
    CHECK(copies.limit.copied_bytes > 0);
    for (const LimitAnswer answer : {LimitAnswer::crash, LimitAnswer::block}) {
      const Played ends = play(name, settings, limited(answer));
      CHECK(ends.error.starts_with("a pin beyond pin.limit: 5 are held, in 0 calls"));
      CHECK(ends.error.ends_with("no thread can make") == (answer == LimitAnswer::block));
      CHECK(ends.made == 5);
    }
  }
}

}  // namespace
}  // namespace pinlab::workloads::tests
