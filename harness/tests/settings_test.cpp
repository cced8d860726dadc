#include "harness/settings.hpp"

#include "pinning/shape.hpp"
#include "collector/plan.hpp"
#include "harness/axes.hpp"
#include "harness/parameter_table.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

namespace pinlab::harness {
namespace {

/// "a=1 b=2" as settings.
Settings said(std::string_view text) {
  Settings settings;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    const std::size_t equals = word.find('=');
    settings.push_back({std::string(word.substr(0, equals)), std::string(word.substr(equals + 1))});
  }
  return settings;
}

std::string error_of(std::string_view file, std::string_view command_line) {
  try {
    static_cast<void>(resolve(said(file), said(command_line)));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

struct Row {
  std::string_view settings;
  std::string_view expected;
};

TEST_CASE("the number of a shape in the project's list is no name, and the answer says which is") {
  constexpr auto kNumbers = std::to_array<std::string_view>(
      {"A0",  "A1",  "A2",  "A3",  "A4",  "A5",  "A6",  "A6b",  "A7",  "A8",  "A9",  "A9b", "A10",
       "A11", "A12", "A13", "A13b", "A14", "A15", "A16", "A17", "A18", "A19", "A20", "A21", "A22"});
  for (const std::string_view number : kNumbers) {
    CAPTURE(number);
    std::string name;
    for (const auto& shape : pinning::pin_shapes()) {
      if (shape.make()->facts().number == number) {
        name += shape.name;
      }
    }
    REQUIRE_FALSE(name.empty());
    CHECK(error_of("", "pin.shape=" + std::string(number)) ==
          "pin.shape: \"" + std::string(number) + "\" is " + name + ": pin.shape=" + name);
  }
  CHECK(kNumbers.size() == pinning::pin_shapes().size());
  CHECK(error_of("", "pin.shape=A12") == "pin.shape: \"A12\" is pin_group: pin.shape=pin_group");
  CHECK(error_of("", "pin.shape=A23").starts_with("pin.shape: \"A23\" is none of none, "));
  CHECK(error_of("", "plan=A12").starts_with("plan: \"A12\" is none of "));
}

TEST_CASE("what makes no sense, alone or together, is refused with a sentence") {
  constexpr auto kRows = std::to_array<Row>({
      {"heap.mx=1GiB", "did you mean heap.max?"},
      {"heap.max=99999T", "heap.max: \"99999T\" is no size"},
      {"heap.max=", "heap.max: a value is missing"},
      {"heap.max=NaN", "is no size"},
      {"pin.share=-0", "is no share"},
      {"pin.share=1e999", "too large"},
      {"heap.max=1GiB heap.max=2GiB", "heap.max is given twice on the command line"},
      {"heap.block=100000", "heap.block=100000B is no power of two"},
      {"heap.block=16KiB heap.max=64KiB nursery.size=1MiB", "is larger than heap.max=64KiB"},
      {"heap.block=1GiB heap.max=64MiB", "heap.block=1GiB is larger than heap.max=64MiB"},
      {"heap.block=8KiB", "at least 16KiB"},
      {"nursery.survivals=8", "at most 7"},
      {"old.route=sweep compact.fit=first", "old.route=sweep does not take it; slide_around, skip"},
      {"old.headroom=1%", "does not take it; evacuate_around, late_veto do"},
      {"compact.fit=best", "is the way of old.route=best_fit alone"},
      {"nursery.cement=1000", "with nursery.route=promote_block: it belongs to fragments"},
      {"nursery.route=lock nursery.retain=1%", "it belongs to promote_block"},
      {"nursery.route=sticky nursery.survivals=2", "nursery.route=sticky fixes it to 0"},
      {"pin.share=0.1 pin.count=10", "pin.share, pin.count and pin.rate"},
      {"pin.rate=1 pin.count=10", "pin.share, pin.count and pin.rate"},
      {"pin.rate=0.1", "is no whole number of pins for each GiB"},
      {"pin.target=site", "needs a pattern"},
      {"pin.target_site=x*", "has no effect without pin.target=site"},
      {"pin.target_least=1KiB pin.share=0", "has no effect without pin.target=size"},
      {"pin.target_most=1KiB pin.share=0", "has no effect without pin.target=size"},
      {"pin.lifetime=forever",
       "pin.lifetime=forever has no effect without pin.share, pin.count or"},
      {"pin.age=old", "pin.age=old has no effect without"},
      {"pin.target=io", "pin.target=io has no effect without"},
      {"pin.early=1MiB", "has no effect without pin.share"},
      {"pin.late=1MiB", "has no effect without pin.share"},
      {"workload=guards pin.leak=self", "not of those that a program makes itself"},
      {"pin.store_check=all", "has no effect without pin.share"},
      {"pin.batch=4", "has no effect without pin.share"},
      {"pin.shape=scoped pin.share=0.1", "pin.lifetime=scope"},
      {"pin.limit=0", "too small"},
      {"pin.limit=0+0", "too small"},
      {"pin.limit=5+", "pin.limit: "},
      {"pin.limit_answer=fail", "has no effect without pin.limit"},
      {"pin.spread_line=100", "is no power of two"},
      {"pin.spread_page=5KiB", "is no power of two"},
      {"pin.transitive=some", "pin.transitive: \"some\""},
      {"compact.stop_share=10%", "with compact.rule=threshold: it belongs to hysteresis"},
      {"compact.heap_share=10%", "it belongs to provisional"},
      {"compact.rule=hysterisis", "did you mean hysteresis?"},
      {"old.route=sweep compact.give_up=3", "which moves nothing"},
      {"ambiguous.life=3", "has no effect without ambiguous.rate"},
      {"ambiguous.life=0 ambiguous.rate=1", "too small"},
      {"gc.threads=2", "gc.threads=2 is not there yet: only 1"},
      {"mutator.threads=4", "workload=lru_churn has at most 1"},
      {"workload=ring mutator.threads=65", "workload=ring has at most 64"},
      {"workload=ring mutator.threads=2 pin.share=0.1", "are of one thread"},
      {"plan=generatonal", "did you mean generational?"},
      {"workload=lru_chrun", "did you mean lru_churn?"},
      {"workload.slots=1 workload=gcbench", "workload.slots belongs to workload=lru_churn"},
      {"workload.nothing=1", "there is no parameter \"workload.nothing\""},
      {"plan=mark_sweep nursery.size=1MiB", "nursery.size=1MiB: plan=mark_sweep fixes it to 0B"},
      {"seed=18446744073709551616", "too large"},
      {"record.hostage=maybe", "is neither true nor false"},
  });
  for (const Row& row : kRows) {
    CAPTURE(row.settings);
    const std::string error = error_of("", row.settings);
    CAPTURE(error);
    CHECK(error.find(row.expected) != std::string::npos);
  }
  CHECK(error_of("seed=1 seed=2", "").find("given twice in the file") != std::string::npos);
}

TEST_CASE(
    "what is of pins beside the program's own is taken where their number is said, even as 0") {
  for (const char* const pins : {"pin.share=0", "pin.share=1%", "pin.count=0", "pin.rate=0"}) {
    CAPTURE(pins);
    CHECK(error_of("pin.lifetime=forever pin.batch=4 pin.store_check=all", pins) == "accepted");
  }
  // A record has all parameters.
  CHECK(error_of("", "pin.lifetime=object pin.leak=none pin.batch=1") == "accepted");
}

TEST_CASE("the command line beats the file, and both beat the defaults") {
  const heap::ParameterValues values = resolve(said("seed=2 heap.max=64MiB"), said("seed=3"));
  CHECK(values.count("seed") == 3);
  CHECK(values.canonical("heap.max") == "64MiB");
  CHECK(values.canonical("heap.block") == "64KiB");
  CHECK(resolve(said("workload=gcbench"), {}).word("workload") == "gcbench");
  CHECK(resolve(said("workload=gcbench"), said("workload=lru_churn")).word("workload") ==
        "lru_churn");
}

TEST_CASE("the nursery is a sixteenth of the heap in whole blocks, and at least one") {
  CHECK(resolve({}, {}).canonical("nursery.size") == "64MiB");
  CHECK(resolve({}, said("heap.max=100MiB")).canonical("nursery.size") == "6400KiB");
  CHECK(resolve({}, said("heap.max=8MiB heap.block=1MiB")).canonical("nursery.size") == "1MiB");
  CHECK(resolve({}, said("heap.max=8MiB nursery.size=0")).canonical("nursery.size") == "0B");
}

TEST_CASE("a plan's own choices show in the values") {
  const heap::ParameterValues values = resolve({}, said("plan=mark_sweep"));
  CHECK(values.canonical("gap.reuse") == "buckets");
  CHECK(values.canonical("nursery.size") == "0B");
  CHECK(values.canonical("old.route") == "sweep");
  CHECK(resolve({}, said("plan=mark_sweep gap.reuse=bump")).canonical("gap.reuse") == "bump");
}

TEST_CASE("the values of a run, given again, give the same values under every plan") {
  for (const std::string_view plan : names_of_axis("plan")) {
    CAPTURE(plan);
    const heap::ParameterValues values =
        resolve({}, said("heap.max=32MiB plan=" + std::string(plan)));
    Settings again;
    for (const heap::Parameter& parameter : values.parameters()) {
      again.push_back({std::string(parameter.name), values.canonical(parameter.name)});
    }
    const heap::ParameterValues same = resolve(again, {});
    for (const heap::Parameter& parameter : values.parameters()) {
      CHECK(same.canonical(parameter.name) == values.canonical(parameter.name));
    }
  }
}

TEST_CASE("every default of the harness is the default of the collector") {
  const collector::Options options = collector_options(resolve({}, {}));
  const collector::Options defaults;
  CHECK(options.plan == defaults.plan);
  CHECK(options.heap_max == defaults.heap_max);
  CHECK(options.heap_block == defaults.heap_block);
  CHECK(options.nursery_size == defaults.nursery_size);
  CHECK(options.nursery_survivals == defaults.nursery_survivals);
  CHECK(options.nursery_tenuring == defaults.nursery_tenuring);
  CHECK(options.nursery_route == defaults.nursery_route);
  CHECK(options.old_route == defaults.old_route);
  CHECK(options.gap_reuse == defaults.gap_reuse);
  CHECK(options.gap_min == defaults.gap_min);
  CHECK(options.pin_spread == defaults.pin_spread);
  CHECK(options.spread_line == defaults.spread_line);
  CHECK(options.spread_page == defaults.spread_page);
  CHECK(options.compact_effort == defaults.compact_effort);
  CHECK(options.verify == defaults.verify);
  CHECK(options.verify_when == defaults.verify_when);
  CHECK(options.measure_hostage == defaults.measure_hostage);
  CHECK(options.measure_sites == defaults.measure_sites);
}

TEST_CASE("pins are told to the pin pressure as they were said") {
  const heap::ParameterValues values = resolve(
      {},
      said("pin.rate=0.5 pin.lifetime=exp(64MiB) pin.age=old pin.batch=4 pin.limit=5+2 seed=9"));
  const workloads::PinPressureOptions options = pin_options(values);
  CHECK(options.rate == 512);
  CHECK(options.lifetime ==
        heap::Distribution{heap::Distribution::Kind::exponential, 64U << 20U, 0});
  CHECK(options.age_old);
  CHECK(options.batch == 4);
  CHECK(options.limit == 5);
  CHECK(options.limit_per_call == 2);
  CHECK(options.seed == 9);
  CHECK(pin_options(resolve({}, said("pin.share=1%"))).share == 10'000'000);
  // Calls alone may have room.
  const workloads::PinPressureOptions calls =
      pin_options(resolve({}, said("pin.limit=0+4 pin.limit_answer=copy")));
  CHECK(calls.limit == 0);
  CHECK(calls.limit_per_call == 4);
  CHECK(calls.limit_answer == pinning::LimitAnswer::copy);
}

TEST_CASE("an adversary plays on one block without a nursery, unless it is told otherwise") {
  const heap::ParameterValues values = resolve({}, said("workload=robson heap.max=48MiB"));
  CHECK(values.size("heap.block") == std::uint64_t{32} << 20U);
  CHECK(values.size("nursery.size") == 0);
  CHECK(values.word("gap.reuse") == "first_fit");
  CHECK(values.size("gap.min") == 8);
  CHECK_FALSE(values.given("heap.block"));
  const heap::ParameterValues other = resolve(
      {}, said("workload=robson heap.block=64KiB nursery.size=1MiB gap.reuse=bump gap.min=1KiB"));
  CHECK(other.canonical("heap.block") == "64KiB");
  CHECK(other.canonical("nursery.size") == "1MiB");
  CHECK(other.canonical("gap.reuse") == "bump");
  CHECK(other.canonical("gap.min") == "1KiB");
}

TEST_CASE("every workload's parameters are named workload.* and clash with no other") {
  for (const workloads::WorkloadEntry& workload : workloads::workloads()) {
    CAPTURE(workload.name);
    for (const heap::Parameter& parameter : workload.parameters) {
      CHECK(parameter.name.starts_with("workload."));
    }
    CHECK_NOTHROW(heap::ParameterValues{parameters_with(workload)});
  }
}

}  // namespace
}  // namespace pinlab::harness
