// The parameter pin.placement as a whole: the same program under each of them, its figures, and
// what is refused.
#include "harness/experiment.hpp"
#include "harness/settings.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::harness {
namespace {

const Settings kSmall = {{"heap.max", "16MiB"},      {"workload", "lru_churn"},
                         {"workload.slots", "8000"}, {"workload.replacements", "60000"},
                         {"record.digest", "full"},  {"verify", "full"}};

RunResult run_with(Settings settings, const Settings& more) {
  settings.insert(settings.end(), more.begin(), more.end());
  return run_experiment(resolve({}, settings));
}

TEST_CASE("the graph and the pins are the same wherever pinned objects are put") {
  const std::vector<Settings> programs = {
      {{"pin.share", "1%"}, {"pin.lifetime", "exp(1MiB)"}},
      {{"pin.share", "2%"}, {"pin.batch", "8"}},
      {{"pin.count", "64"}, {"pin.lifetime", "fixed(256KiB)"}, {"pin.batch", "4"}},
      {{"pin.rate", "20"}, {"pin.lifetime", "uniform(64KiB,1MiB)"}},
      {{"pin.share", "5%"}, {"pin.lifetime", "scope"}},
      {{"pin.share", "1%"},
       {"pin.lifetime", "forever"},
       {"pin.limit", "50"},
       {"pin.limit_answer", "fail"}},
      {{"pin.share", "1%"}, {"pin.target", "size"}, {"pin.target_most", "200B"}},
  };
  for (const Settings& program : programs) {
    Settings settings = kSmall;
    settings.insert(settings.end(), program.begin(), program.end());
    CAPTURE(program.back().name);
    CAPTURE(program.back().text);
    const RunResult anywhere = run_with(settings, {});
    REQUIRE(anywhere.outcome == Outcome::completed);
    const PlacementFigures& none = anywhere.exact.placement;
    CHECK(none.blocks.peak == 0);
    CHECK(none.pins.beside == anywhere.exact.pins.made);

    const RunResult apart = run_with(settings, {{"pin.placement", "pinned_space"}});
    CHECK(apart.graph_digest == anywhere.graph_digest);
    CHECK(apart.exact.pins.made == anywhere.exact.pins.made);
    CHECK(apart.exact.placement.pins.apart == apart.exact.pins.made);
    CHECK(apart.exact.placement.pins.beside == 0);
    CHECK(apart.exact.placement.blocks.peak > 0);
    apart.collections.for_each([](const collector::PauseReport& pause) {
      REQUIRE((pause.kind == collector::PauseKind::full || pause.pins == 0));
    });

    const RunResult migrated = run_with(settings, {{"pin.placement", "migrate"}});
    const workloads::PlacementFigures& pins = migrated.exact.placement.pins;
    CHECK(migrated.graph_digest == anywhere.graph_digest);
    CHECK(migrated.outcome == Outcome::completed);
    const bool outlasts = program.front().text != "5%";  // a scope is seldom open at a collection
    CHECK(pins.waits > 20);
    CHECK((!outlasts || pins.waited > 0));
    CHECK((!outlasts || pins.apart > 20));
    CHECK((outlasts || pins.dropped >= pins.waits - pins.apart - pins.beside));
    CHECK(pins.apart + pins.beside == migrated.exact.pins.made);
    CHECK(migrated.exact.pins.made + pins.dropped <= pins.waits + pins.beside);
    CHECK(migrated.exact.placement.migrated_objects >= pins.apart);
    CHECK(migrated.exact.pins_peak <= std::max<std::uint64_t>(anywhere.exact.pins_peak * 4, 64));

    const RunResult by_site = run_with(settings, {{"pin.placement", "pretenure"}});
    CHECK(by_site.graph_digest == anywhere.graph_digest);
    CHECK(by_site.exact.pins.made == anywhere.exact.pins.made);
    CHECK((!outlasts || by_site.exact.placement.pins.sites == 1));
    // The site's other objects come along.
    CHECK((!outlasts || by_site.exact.placement.born_objects > by_site.exact.pins.made));
  }
}

TEST_CASE("every kind of program asks where its objects go before it allocates them") {
  const std::vector<Settings> programs = {
      {{"workload", "binary_trees"}, {"workload.depth", "10"}},
      {{"workload", "gcbench"}},
      {{"workload", "larson"}},
      {{"workload", "redis_lru"}},
      {{"workload", "gcperfsim"}},
      {{"workload", "mstress"}},
      {{"workload", "decay"}},
      {{"workload", "glibc_simple"}},
  };
  for (const Settings& program : programs) {
    CAPTURE(program.front().text);
    Settings settings = program;
    settings.push_back({"heap.max", "1GiB"});
    settings.push_back({"heap.block", "64KiB"});
    settings.push_back({"nursery.size", "16MiB"});
    settings.push_back({"pin.share", "0.001"});
    settings.push_back({"pin.lifetime", "fixed(64KiB)"});
    settings.push_back({"pin.placement", "pinned_space"});
    settings.push_back({"record.digest", "none"});
    const RunResult result = run_with(settings, {});
    CHECK(result.outcome == Outcome::completed);
    CHECK(result.exact.placement.pins.apart > 0);
    CHECK(result.exact.placement.pins.beside == 0);
  }
}

TEST_CASE("a placement that cannot be is refused with the reason and what could be") {
  const auto refused = [](const Settings& more, const char* why) {
    CAPTURE(why);
    CHECK_THROWS_WITH_AS(static_cast<void>(resolve(kSmall, more)), doctest::Contains(why),
                         heap::ParameterError);
  };
  refused({{"pin.placement", "pinned_space"}, {"plan", "semispace"}}, "take plan=generational");
  refused({{"pin.placement", "pretenure"}, {"plan", "mark_sweep"}}, "take plan=generational");
  refused({{"pin.placement", "pinned_space"}, {"heap.block", "16MiB"}}, "a smaller heap.block");
  CHECK_THROWS_WITH(static_cast<void>(resolve(kSmall, {{"pin.placement", "pinned_space"},
                                                       {"pin.shape", "off_heap"},
                                                       {"pin.share", "1%"}})),
                    doctest::Contains("holds no object still"));
}

TEST_CASE("the route segregated leaves room for pins in the blocks of the pinned space") {
  const RunResult result = run_with(kSmall, {{"old.route", "segregated"},
                                             {"pin.share", "1%"},
                                             {"gap.reuse", "first_fit"},
                                             {"pin.placement", "pinned_space"}});
  CHECK(result.outcome == Outcome::completed);
  CHECK(result.exact.hostage.peak == 0);
  CHECK(result.exact.placement.live.peak > 0);
}

}  // namespace
}  // namespace pinlab::harness
