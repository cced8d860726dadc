// GCPerfSim's command lines: the published ones run, and what cannot be is refused by name.
#include "workloads/gcperfsim_args.hpp"
#include "workloads/tests/world.hpp"
#include "workloads/workload.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <utility>

namespace pinlab::workloads::tests {
namespace {

TEST_CASE("the arguments of GCPerfSim are read as it documents them") {
  const PerfSimArguments a = parse_perf_sim(
      "-tc 2 -TAGB 540 -totalLiveGB 1.5 -lohar 100 -pohar 50 -sohsr 100-4000 -sohsi 50 -sohpi 0x10 "
      "-sohfi 0 -lohsr 102400-204800 -lohpi 0 -ramb 20 -rlmb 2 -rsohsi 7 -at simple -compute "
      "-verifyLiveSize 1 -printEveryNthIter 300000 -tk time -tm 0");
  CHECK(a.threads == 2);
  CHECK(a.allocate == std::uint64_t{540} << 30U);
  CHECK(a.live == std::uint64_t{3} << 29U);
  CHECK(a.large.per_thousand == 100);
  CHECK(a.pinned.per_thousand == 50);
  CHECK(a.small.survive_every == 50);
  CHECK(a.small.pin_every == 16);
  CHECK(a.small.request_every == 7);
  CHECK(a.large.pin_every == 0);
  CHECK(a.request_allocate == std::uint64_t{20} << 20U);
  CHECK(a.item == PerfSimItem::simple);
  CHECK(a.compute);
  CHECK(a.verify_live_size);
}

TEST_CASE("what GCPerfSim takes and a repeatable run cannot do is refused by name") {
  for (const auto& row : std::initializer_list<std::pair<const char*, const char*>>{
           {"-tc 2", "-totalAllocGB: must be given"},
           {"-tagb 1 -tm 5", "-tm: only 0"},
           {"-tagb 1 -tk highSurvival", "-tk: only time"},
           {"-tagb 1 -sohfi 10", "-sohfi: only 0"},
           {"-tagb 1 -sizeDist 1", "-sizeDist: only 0"},
           {"-tagb 1 -handleTest 1", "-handleTest: "},
           {"-file x", "-file: give the arguments"},
           {"-tagb 1 -ee", "-ee: no exception"},
           {"-tagb 1 -pohpi 5", "-pohpi: GCPerfSim has no such argument"},
           {"-tagb 1 -tlgb", "-tlgb: a value is missing"},
           {"-tagb x", "\"x\""},
           {"-tagb 1 -sohsi fifty", "-sohsi: \"fifty\" is no whole number"},
           {"-tagb 1 -sohsr 4000-100", "-sohsr: \"4000-100\" is no range"},
           {"-tagb 1 -pohsr 50-4000", "-pohsr: \"50-4000\" is no range"},
           {"-tagb 1 -lohsr 100-4000", "-lohsr: \"100-4000\" is no range"},
           {"-tagb 1 -tlgb 1 -lohar 600 -pohar 400", "together below 1000"},
           {"-tagb 1 -tlgb 0", "-totalLiveGB: is 0"},
           {"-tagb 1 -tlgb 1 -sohsi 0", "-sohPinningInterval: only survivors"},
           {"-tagb 1 -at 2", "-at: "},
           {"-tagb 1 -tc 0", "-tc: "}}) {
    const auto& text = row.first;
    const auto& reason = row.second;
    CAPTURE(text);
    std::string error = "accepted";
    try {
      static_cast<void>(parse_perf_sim(text));
    } catch (const heap::ParameterError& refused) {
      error = refused.what();
    }
    CAPTURE(error);
    CHECK(error.find(reason) != std::string::npos);
  }
}

/// A command line as the .NET team published it.
struct Published {
  const char* where;
  const char* args;
  std::uint64_t pin_every;  ///< of survivors; 0: no pins of small objects
};
constexpr auto kPublished = std::to_array<Published>({
    {"dotnet/runtime pull 112403, NOPIN",
     "-tc 2 -tagb 50 -tlgb 2 -lohpi 0 -sohsi 50 -ramb 20 -rlmb 2 -sohpi 0", 0},
    {"dotnet/runtime pull 112403, PIN_NO_DEMOTE",
     "-tc 2 -tagb 50 -tlgb 2 -lohpi 0 -sohsi 50 -ramb 20 -rlmb 2 -sohpi 50", 50},
    {"dotnet/runtime pull 112403, PIN_SOME_DEMOTE",
     "-tc 2 -tagb 50 -tlgb 2 -lohpi 0 -sohsi 50 -ramb 20 -rlmb 2 -sohpi 8", 8},
    {"dotnet/runtime pull 112403, PIN_LOTS_DEMOTE",
     "-tc 2 -tagb 50 -tlgb 2 -lohpi 0 -sohsi 50 -ramb 20 -rlmb 2 -sohpi 5", 5},
    {"dotnet/runtime issue 91642, normal",
     "-tc 22 -tagb 540 -tlgb 2 -lohar 0 -pohar 0 -sohsr 100-4000 -lohsr 102400-204800 "
     "-pohsr 100-204800 -sohsi 50 -lohsi 0 -pohsi 0 -sohpi 0 -lohpi 0 -sohfi 0 -lohfi 0 -pohfi 0 "
     "-ramb 20 -rlmb 2 -allocType reference -testKind time",
     0},
    {"dotnet/runtime issue 91642, soh_pinning",
     "-tc 22 -tagb 540 -tlgb 2 -lohar 0 -pohar 0 -sohsr 100-4000 -lohsr 102400-204800 "
     "-pohsr 100-204800 -sohsi 50 -lohsi 0 -pohsi 0 -sohpi 100 -lohpi 0 -sohfi 0 -lohfi 0 -pohfi 0 "
     "-ramb 20 -rlmb 2 -allocType reference -testKind time",
     100},
    {"dotnet/performance issue 1992, 2gb_pinning: ranges of one size",
     "-tc 1 -tagb 50.0 -tlgb 2 -lohar 0 -pohar 0 -sohsr 1000-1000 -lohsr 152400-152400 "
     "-pohsr 1000-1000 -sohsi 50 -lohsi 0 -pohsi 0 -sohpi 50 -lohpi 0 -sohfi 0 -lohfi 0 -pohfi 0 "
     "-allocType reference -testKind time",
     50},
    {"an introduction to GCPerfSim: ranges from 10 bytes on",
     "-tc 6 -tagb 100.0 -tlgb 2.0 -lohar 0 -pohar 0 -sohsi 50 -lohsi 0 -pohsi 0 -sohsr 10-4000 "
     "-lohsr 102400-204800 -pohsr 100-204800 -sohpi 50 -lohpi 0 -sohfi 0 -lohfi 0 -pohfi 0 "
     "-allocType reference -testKind time",
     50},
    {"dotnet/performance, 2gb_pinning of the GC benchmarks",
     "-tc 6 -tagb 100 -tlgb 2 -lohar 0 -pohar 0 -sohsr 100-4000 -pohsr 100-4000 -sohsi 10 -lohsi 0 "
     "-pohsi 0 -sohpi 10 -lohpi 0 -sohfi 0 -lohfi 0 -pohfi 0 -allocType reference -testKind time",
     10},
});

TEST_CASE("the command lines that the .NET team published run as they stand") {
  const auto entry = std::ranges::find(workloads(), "gcperfsim", &WorkloadEntry::name);
  for (const Published& published : kPublished) {
    CAPTURE(published.where);
    heap::ParameterValues values({entry->parameters.begin(), entry->parameters.end()});
    values.set("workload.args", published.args);
    values.set("workload.scale", "2000");
    collector::Options options = small_options();
    options.verify = collector::VerifyLevel::cheap;
    World world(options);
    PinPressure pins(world.runtime, {});
    WorkloadContext context{.runtime = world.runtime,
                            .mutator = *world.mutator,
                            .pins = pins,
                            .random = heap::Random(1)};
    entry->make(values)->run(context);
    const PerfSimArguments arguments = parse_perf_sim(published.args);
    const PerfSimBucket& small = arguments.small;
    const std::uint64_t mean = (small.size_least + small.size_most) / 2;
    const std::uint64_t made = world.runtime.pins().counts().made;
    CHECK(context.live.peak > arguments.live / 2000 * 4 / 5);
    if (published.pin_every == 0) {
      CHECK(made == 0);
      continue;
    }
    // Of all objects one in -sohsi survives, of those one in -sohpi is pinned; but what the array
    // was filled with in the beginning counts too.
    const std::uint64_t objects = arguments.allocate / 2000 / mean;
    const std::uint64_t expected = objects / small.survive_every / published.pin_every;
    CHECK(made + 2 * arguments.threads + expected / 20 >= expected);
    CHECK(made <= expected + 2 * arguments.threads + expected / 20);
  }
}

TEST_CASE("GCPerfSim's pinning scenario holds what it says, and pins one survivor in fifty") {
  const auto entry = std::ranges::find(workloads(), "gcperfsim", &WorkloadEntry::name);
  for (const char* item : {" -at simple", " -at reference"}) {
    CAPTURE(item);
    heap::ParameterValues values({entry->parameters.begin(), entry->parameters.end()});
    values.set("workload.args", std::string("-tc 2 -tagb 60 -tlgb 4 -sohsi 50 -sohpi 50") + item);
    World world;
    PinPressure pins(world.runtime, {});
    WorkloadContext context{.runtime = world.runtime,
                            .mutator = *world.mutator,
                            .pins = pins,
                            .random = heap::Random(1)};
    entry->make(values)->run(context);
    // 60 GiB / 1000 in objects of 2050 bytes: one in 2500 is pinned.
    const std::uint64_t objects = (std::uint64_t{60} << 30U) / 1000 / 2050;
    const std::uint64_t made = world.runtime.pins().counts().made;
    CHECK(made >= objects / 2500 - 3);
    CHECK(made <= objects / 2500 + 3);
    CHECK(world.runtime.pins().held() == 0);
    const std::uint64_t live = (std::uint64_t{4} << 30U) / 1000;
    CHECK(context.live.peak > live * 9 / 10);
    CHECK(context.live.peak < live * 11 / 10);
  }
}

}  // namespace
}  // namespace pinlab::workloads::tests
