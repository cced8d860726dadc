#include "harness/experiment.hpp"

#include "collector/options.hpp"
#include "harness/axes.hpp"
#include "harness/record.hpp"
#include "harness/settings.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>

namespace pinlab::harness {
namespace {

const Settings kSmall = {{"heap.max", "16MiB"},      {"workload", "lru_churn"},
                         {"workload.slots", "8000"}, {"workload.replacements", "60000"},
                         {"pin.share", "1%"},        {"pin.lifetime", "exp(4MiB)"}};

RunResult run_with(const Settings& more) {
  return run_experiment(resolve(kSmall, more));
}

TEST_CASE("equal parameters give equal exact figures, and another seed gives others") {
  const RunResult one = run_with({});
  const RunResult two = run_with({});
  CHECK(one.outcome == Outcome::completed);
  REQUIRE(one.digest.has_value());
  CHECK(one.digest == two.digest);
  CHECK(one.graph_digest == two.graph_digest);
  const RunResult full = run_with({{"record.digest", "full"}});
  CHECK(full.digest == run_with({{"record.digest", "full"}}).digest);
  CHECK(one.collections.size() == two.collections.size());
  CHECK(one.exact.hostage_byte_time == two.exact.hostage_byte_time);
  CHECK(one.exact.collections[1] > 0);
  CHECK(one.exact.hostage.peak > 0);
  const RunResult other = run_with({{"seed", "2"}});
  CHECK(one.digest != other.digest);
  CHECK(one.graph_digest != other.graph_digest);
}

TEST_CASE("what is recorded and how it is verified does not enter the digest") {
  const RunResult plain = run_with({});
  const RunResult full = run_with({{"record.digest", "full"}});
  for (const Setting& setting : Settings{{"record.collections", "summary"},
                                         {"record.hostage", "false"},
                                         {"record.sites", "0"},
                                         {"verify", "full"}}) {
    CAPTURE(setting.name);
    CHECK(run_with({setting}).digest == plain.digest);
    CHECK(run_with({setting, {"record.digest", "full"}}).digest == full.digest);
  }
  CHECK(run_with({{"record.digest", "heap"}}).digest == full.digest);
  CHECK(run_with({{"record.digest", "sampled"}}).digest == plain.digest);
  CHECK(plain.digest != full.digest);
  CHECK(plain.graph_digest != full.graph_digest);
  CHECK(run_with({{"record.collections", "summary"}}).collections.empty());
  CHECK(!run_with({{"record.digest", "heap"}}).graph_digest.has_value());
  CHECK(!run_with({{"record.digest", "none"}}).digest.has_value());
}

TEST_CASE("the graph is the same under every plan") {
  for (const std::string digest : {"sampled", "full"}) {
    CAPTURE(digest);
    const RunResult reference = run_with({{"record.digest", digest}});
    REQUIRE(reference.graph_digest.has_value());
    for (const std::string_view plan : names_of_axis("plan")) {
      CAPTURE(plan);
      const RunResult result = run_with({{"plan", std::string(plan)},
                                         {"pin.share", "0"},
                                         {"pin.count", "0"},
                                         {"record.digest", digest}});
      if (result.outcome == Outcome::completed) {
        CHECK(result.graph_digest == reference.graph_digest);
      }
    }
  }
}

TEST_CASE("a heap that is too small is an outcome with figures") {
  const RunResult result = run_with({{"workload.slots", "100000"}, {"pin.share", "0"}});
  CHECK(result.outcome == Outcome::heap_exhausted);
  CHECK(!result.reason.empty());
  CHECK(result.exact.allocated > 0);
  CHECK(result.exact.used_peak <= 16U << 20U);
}

TEST_CASE("a pin limit that is passed is an outcome") {
  CHECK(run_with({{"pin.limit", "3"}, {"pin.lifetime", "forever"}}).outcome == Outcome::pin_limit);
}

TEST_CASE("two experiments run in one process on two threads") {
  RunResult one = run_with({});
  RunResult two = one;
  std::thread other([&] { two = run_with({}); });
  one = run_with({});
  other.join();
  CHECK(one.digest == two.digest);
}

TEST_CASE("every pin is counted where it was made") {
  const RunResult result = run_with({});
  std::uint64_t made = 0;
  for (const SiteFigures& site : result.sites) {
    made += site.made.value_or(0);
  }
  CHECK(made == result.exact.pins.made);
  CHECK(result.exact.pins.made - result.exact.pins.ended == result.exact.pins_held);
  CHECK(result.exact.pins_peak >= result.exact.pins_held);
}

TEST_CASE("pauses and the program's own time fill the run") {
  const RunResult result = run_with({});
  std::uint64_t before = 0;
  for (const PauseSpan& pause : result.timed.pauses) {
    CHECK(pause.begin >= before);
    before = pause.begin + pause.length;
  }
  CHECK(result.timed.total > 0);
}

}  // namespace
}  // namespace pinlab::harness
