// What becomes of the pins that programs make themselves beyond the limit, by pin.limit_answer.
#include "workloads/tests/use_case_world.hpp"

#include <doctest/doctest.h>

namespace pinlab::workloads::tests {
namespace {

using pinning::LimitAnswer;

/// More than one operation's set, and fewer than the sets of all that are in flight.
constexpr std::uint64_t kLimit = 12;

PinPressureOptions limited(LimitAnswer answer, std::uint64_t limit = kLimit) {
  return {.limit = limit, .limit_answer = answer};
}

/// Operations that last, of sets of one size: the limit is reached soon, and sets end.
Settings settings_of(const WorkloadEntry& entry, const char* lifetime = "operation") {
  Settings settings = {{"workload.lifetime", lifetime},
                       {"workload.set", "2"},
                       {"workload.lasts", "2ms"},
                       {"workload.interval", "50us"},
                       {"workload.operations", "60"}};
  if (entry.name == "event_loop") {
    settings["workload.arguments"] = "4";
  }
  return settings;
}

/// One frame at a time, or frame upon frame: nothing ends but what is newest.
bool has_few_at_a_time(const WorkloadEntry& entry) {
  return entry.name == "frame_buffers" || entry.name == "event_loop";
}

std::string limit_error(const WorkloadEntry& entry,
                        const Settings& settings,
                        const PinPressureOptions& pressure) {
  try {
    static_cast<void>(run_use_case(entry, settings, pressure));
    return {};
  } catch (const PinLimitReached& error) {
    return error.what();
  }
}

TEST_CASE("a use case goes on without the pins that the limit refuses it, or with copies") {
  for (const WorkloadEntry& entry : use_cases()) {
    for (const char* lifetime : {"call", "operation"}) {
      for (const LimitAnswer answer : {LimitAnswer::fail, LimitAnswer::copy}) {
        CAPTURE(entry.name);
        CAPTURE(lifetime);
        CAPTURE(static_cast<int>(answer));
        const std::uint64_t limit = has_few_at_a_time(entry) ? 5 : kLimit;
        const Settings settings = settings_of(entry, lifetime);
        const UseCaseEnding free = run_use_case(entry, settings);
        const UseCaseEnding ending = run_use_case(entry, settings, limited(answer, limit));
        const LimitFigures& figures = ending.limit;
        const bool fails = answer == LimitAnswer::fail;
        CHECK(ending.pins.made > 0);
        CHECK(ending.pins.made == ending.pins.ended);
        CHECK(ending.peak <= limit);
        // Operations are the same, whatever becomes of them.
        CHECK(ending.pins.made + figures.refused + figures.copied == free.pins.made);
        CHECK((figures.refused > 0) == fails);
        CHECK((figures.copied > 0) != fails);
        CHECK(figures.copied_bytes >= 8 * figures.copied);
        CHECK(figures.waits == 0);
        CHECK(run_use_case(entry, settings, limited(answer, limit)).digest == ending.digest);
      }
    }
  }
}

TEST_CASE("a use case waits for room, none of its pins is lost, and the wait takes time") {
  std::uint64_t waited = 0;  // where completions are due already, it takes none
  for (const WorkloadEntry& entry : use_cases()) {
    CAPTURE(entry.name);
    const Settings settings = settings_of(entry);
    if (has_few_at_a_time(entry)) {
      CHECK(limit_error(entry, settings_of(entry, "call"), limited(LimitAnswer::block, 5))
                .find("no thread can make") != std::string::npos);
      continue;
    }
    const UseCaseEnding free = run_use_case(entry, settings);
    const UseCaseEnding ending = run_use_case(entry, settings, limited(LimitAnswer::block));
    CHECK(ending.pins.made == free.pins.made);
    CHECK(ending.pins.made == ending.pins.ended);
    CHECK(ending.peak <= kLimit);
    CHECK(ending.limit.waits > 0);
    waited += ending.limit.waited;
    CHECK(ending.limit.refused + ending.limit.copied == 0);
    CHECK(run_use_case(entry, settings, limited(LimitAnswer::block)).digest == ending.digest);
    if (has(entry, "workload.completion")) {
      Settings arrival = settings;
      arrival["workload.completion"] = "arrival";
      arrival["workload.channel"] = "pipe";
      CHECK(run_use_case(entry, arrival, limited(LimitAnswer::block)).pins.made == free.pins.made);
    }
  }
  CHECK(waited > 0);
}

TEST_CASE(
    "a set waits for ever for what lasts as long as the program, or is larger than the limit") {
  for (const WorkloadEntry& entry : use_cases()) {
    CAPTURE(entry.name);
    for (const char* threads : {"1", "3"}) {
      Settings settings = settings_of(entry, "process");
      settings["mutator.threads"] = threads;
      CHECK(limit_error(entry, settings, limited(LimitAnswer::block)).find("no thread can make") !=
            std::string::npos);
    }
    const std::string block =
        limit_error(entry, settings_of(entry), limited(LimitAnswer::block, 1));
    CHECK(block.find("no thread can make") != std::string::npos);
    if (entry.name == "iovec") {
      CHECK(block.starts_with("a set of "));
    }
    const std::string crash =
        limit_error(entry, settings_of(entry, "process"), limited(LimitAnswer::crash));
    CHECK(crash.find("pins beyond pin.limit: ") != std::string::npos);
    CHECK(crash.find("no thread") == std::string::npos);
  }
}

TEST_CASE("a frame does not wait for one below it, which would end only after the frame") {
  for (const WorkloadEntry& entry : use_cases()) {
    if (entry.name != "event_loop") {
      continue;
    }
    // Room for the loop's arguments and one frame, not for a second upon it.
    const std::string error =
        limit_error(entry, settings_of(entry), limited(LimitAnswer::block, 7));
    CHECK(error.find(" beyond pin.limit: 6 are held") != std::string::npos);
    CHECK(error.find("no thread can make") != std::string::npos);
  }
}

TEST_CASE("nothing is allocated in the time that a use case waits for room") {
  for (const WorkloadEntry& entry : use_cases()) {
    if (has_few_at_a_time(entry)) {
      continue;
    }
    CAPTURE(entry.name);
    const UseCaseEnding free = run_use_case(entry, settings_of(entry));
    const UseCaseEnding ending =
        run_use_case(entry, settings_of(entry), limited(LimitAnswer::block));
    CHECK(ending.allocated <= free.allocated);
  }
}

TEST_CASE("threads of a use case give each other room") {
  for (const WorkloadEntry& entry : use_cases()) {
    if (has_few_at_a_time(entry)) {
      continue;
    }
    CAPTURE(entry.name);
    for (const LimitAnswer answer : {LimitAnswer::fail, LimitAnswer::copy, LimitAnswer::block}) {
      Settings settings = settings_of(entry);
      settings["mutator.threads"] = "3";
      const UseCaseEnding free = run_use_case(entry, settings);
      const UseCaseEnding ending = run_use_case(entry, settings, limited(answer));
      const LimitFigures& figures = ending.limit;
      CHECK(ending.pins.made + figures.refused + figures.copied == free.pins.made);
      CHECK(ending.pins.made == ending.pins.ended);
      CHECK(ending.peak <= kLimit);
      CHECK(figures.refused + figures.copied + figures.waits > 0);
    }
  }
}

TEST_CASE("room for each call starves what is asynchronous, and no call") {
  for (const WorkloadEntry& entry : use_cases()) {
    if (has_few_at_a_time(entry)) {
      continue;
    }
    CAPTURE(entry.name);
    const PinPressureOptions calls = {
        .limit = 1, .limit_per_call = 8, .limit_answer = LimitAnswer::fail};
    const UseCaseEnding call = run_use_case(entry, settings_of(entry, "call"), calls);
    CHECK(call.limit.refused == 0);
    CHECK(call.pins.made > 0);
    const UseCaseEnding operation = run_use_case(entry, settings_of(entry, "operation"), calls);
    CHECK(operation.pins.made == 0);
    CHECK(operation.limit.refused == call.pins.made);
  }
}

TEST_CASE("a call that is refused its pins is over, and gives later ones no room") {
  for (const WorkloadEntry& entry : use_cases()) {
    if (entry.name == "frame_buffers") {
      continue;  // a frame buffer is a set of one
    }
    CAPTURE(entry.name);
    Settings settings = settings_of(entry, "call");
    settings["workload.set"] = "3";
    const UseCaseEnding ending = run_use_case(
        entry, settings, {.limit = 1, .limit_per_call = 1, .limit_answer = LimitAnswer::fail});
    CHECK(ending.limit.refused > 0);
    CHECK(ending.pins.made == 0);
  }
}

TEST_CASE("what only pins keep alive is kept otherwise where there are copies") {
  for (const WorkloadEntry& entry : use_cases()) {
    CAPTURE(entry.name);
    Settings settings = settings_of(entry);
    settings["workload.drop"] = "true";
    settings["workload.check_every"] = "1";
    CHECK(run_use_case(entry, settings, limited(LimitAnswer::copy, 5)).limit.copied > 0);
  }
}

TEST_CASE("buffers that the ring knows need room for as long as the run lasts") {
  const auto entries = workloads();
  const WorkloadEntry& ring = *std::ranges::find(entries, "ring", &WorkloadEntry::name);
  const Settings settings = {{"workload.registered", "7"}, {"workload.operations", "400"}};
  for (const LimitAnswer answer : {LimitAnswer::fail, LimitAnswer::copy}) {
    CHECK_THROWS_WITH_AS(
        static_cast<void>(run_use_case(ring, settings, limited(answer, 6))),
        doctest::Contains("workload.registered=7 buffers are pinned as long as the ring has them, "
                          "and pin.limit has room for 6"),
        collector::OptionsError);
    const UseCaseEnding ending = run_use_case(ring, settings, limited(answer, 20));
    CHECK(ending.held == 7);
    CHECK(ending.peak <= 20);
    CHECK(ending.limit.refused + ending.limit.copied > 0);
  }
  CHECK_FALSE(limit_error(ring, settings, limited(LimitAnswer::block, 6)).empty());
  CHECK(run_use_case(ring, settings, limited(LimitAnswer::block, 20)).limit.waits > 0);
  // They are for no call, and are no calls: the room of calls is not theirs.
  Settings calls = settings;
  calls["workload.lifetime"] = "call";
  CHECK_FALSE(limit_error(ring, calls, {.limit = 6, .limit_per_call = 100}).empty());
}

TEST_CASE("one limit makes either a use case's pins wait or those beside it, not both") {
  const WorkloadEntry entry = use_cases().front();
  PinPressureOptions both = limited(LimitAnswer::block);
  both.count = 3;
  CHECK_THROWS_WITH_AS(static_cast<void>(run_use_case(entry, {}, both)),
                       doctest::Contains("not for both in one run"), collector::OptionsError);
  both.limit_answer = LimitAnswer::fail;
  CHECK(run_use_case(entry, {}, both).pins.made > 0);
}

}  // namespace
}  // namespace pinlab::workloads::tests
