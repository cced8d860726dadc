// Models of programs against their closed forms: what should live, what a nursery should see
// survive.
#include "heap/support/parameter.hpp"
#include "workloads/allocation_profile.hpp"
#include "workloads/lengths.hpp"
#include "workloads/tests/trace_files.hpp"
#include "workloads/tests/world.hpp"
#include "workloads/workload.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace pinlab::workloads::tests {
namespace {

constexpr double kMiB = 1048576;

struct Component {
  double share;
  double half_life;
};
using Mixture = std::vector<Component>;

const Mixture kJavaLike = {{0.90, 65536}, {0.08, 2 * kMiB}, {0.02, 64 * kMiB}};

/// S(a): the share that lives at age a, both in bytes allocated.
double survival(const Mixture& mixture, double age) {
  double sum = 0;
  for (const Component& component : mixture) {
    sum += component.share * std::exp2(-age / component.half_life);
  }
  return sum;
}

/// Of the bytes of the last `nursery` allocated, the share that lives.
double nursery_survival(const Mixture& mixture, double nursery) {
  double sum = 0;
  for (const auto& [share, half_life] : mixture) {
    sum += share * half_life / (nursery * std::log(2)) * (1 - std::exp2(-nursery / half_life));
  }
  return sum;
}

/// Of young collections: what lay in the nursery, all of it born since the last, and what survived.
class Nurseries final : public collector::PauseObserver {
 public:
  void paused(const collector::PauseReport& report) override {
    // The program's tables grow at first, and survive; later they are as long as they get.
    if (report.kind == collector::PauseKind::young && report.clock > kGrown) {
      filled.push_back(report.clock - last_clock_);
      survived.push_back(report.survivor_objects);
    }
    last_clock_ = report.clock;
  }
  std::vector<std::uint64_t> filled;
  std::vector<std::uint64_t> survived;

 private:
  static constexpr std::uint64_t kGrown = std::uint64_t{40} << 20U;
  std::uint64_t last_clock_ = 0;
};

struct Ran {
  LiveBytes live;
  std::vector<std::uint64_t> filled;    ///< by young collection: bytes that lay in the nursery
  std::vector<std::uint64_t> survived;  ///< and objects of them that survived
  std::vector<SiteFigures> sites;
};

Ran run(std::string_view name,
        std::initializer_list<std::pair<const char*, std::string>> settings,
        std::uint64_t seed,
        const PinPressureOptions& pressure = {},
        std::uint64_t heap_max = std::uint64_t{256} << 20U) {
  const auto entry = std::ranges::find(workloads(), name, &WorkloadEntry::name);
  heap::ParameterValues values({entry->parameters.begin(), entry->parameters.end()});
  for (const auto& [parameter, text] : settings) {
    values.set(parameter, text);
  }
  const std::unique_ptr<Workload> workload = entry->make(values);
  collector::Options options = small_options();
  options.heap_max = heap_max;
  options.nursery_survivals = 0;
  Nurseries nurseries;
  World world(options);
  world.runtime.add_observer(nurseries);
  PinPressure pins(world.runtime, pressure);
  WorkloadContext context{.runtime = world.runtime,
                          .mutator = *world.mutator,
                          .pins = pins,
                          .random = heap::Random(seed)};
  workload->run(context);
  return {.live = context.live,
          .filled = nurseries.filled,
          .survived = nurseries.survived,
          .sites = pins.site_figures()};
}

TEST_CASE("what a nursery sees survive of decaying objects is what the closed form says") {
  constexpr double kObject = 64;
  struct Row {
    const char* text;
    Mixture mixture;
  };
  for (const Row& row :
       std::initializer_list<Row>{{"java_like", kJavaLike},
                                  {"1MiB", {{1, kMiB}}},
                                  {"0.5:100KiB,0.5:8MiB", {{0.5, 102400}, {0.5, 8 * kMiB}}}}) {
    CAPTURE(row.text);
    const Ran ran = run("decay",
                        {{"workload.lifetimes", row.text},
                         {"workload.allocate", "100MiB"},
                         {"workload.size_least", "56B"},
                         {"workload.size_most", "56B"}},
                        1);
    REQUIRE(ran.filled.size() > 50);
    double expected = 0;
    double variance = 0;
    double measured = 0;
    for (std::size_t i = 0; i < ran.filled.size(); ++i) {
      const auto filled = static_cast<double>(ran.filled[i]);
      expected += filled * nursery_survival(row.mixture, filled);
      for (double age = 0; age < filled; age += kObject) {
        const double alive = survival(row.mixture, age);
        variance += kObject * kObject * alive * (1 - alive);
      }
      measured += kObject * static_cast<double>(ran.survived[i]);
    }
    CHECK(std::abs(measured - expected) <= 3 * std::sqrt(variance));
    CHECK(3 * std::sqrt(variance) < 0.03 * expected);  // and the test can tell
  }
}

TEST_CASE("what lives of decaying objects at equilibrium is what the closed form says") {
  struct Row {
    const char* text;
    Mixture mixture;
  };
  // java_like with its longest half-life cut to 8 MiB, so that equilibrium comes soon.
  for (const Row& row : std::initializer_list<Row>{
           {"0.9:64KiB,0.08:2MiB,0.02:8MiB", {{0.9, 65536}, {0.08, 2 * kMiB}, {0.02, 8 * kMiB}}},
           {"4MiB", {{1, 4 * kMiB}}}}) {
    CAPTURE(row.text);
    constexpr double kObject = 64;
    double expected = 0;
    double variance = 0;
    for (const auto& [share, half_life] : row.mixture) {
      expected += share * half_life / std::log(2);
    }
    for (double age = 0; age < 64 * kMiB; age += kObject) {
      const double alive = survival(row.mixture, age);
      variance += kObject * kObject * alive * (1 - alive);
    }
    constexpr std::uint64_t kSeeds = 3;
    double sum = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      const Ran ran = run("decay",
                          {{"workload.lifetimes", row.text},
                           {"workload.allocate", "64MiB"},
                           {"workload.size_least", "56B"},
                           {"workload.size_most", "56B"}},
                          seed);
      sum += static_cast<double>(ran.live.now);
    }
    CHECK(std::abs(sum / kSeeds - expected) <= 3 * std::sqrt(variance / kSeeds));
    CHECK(3 * std::sqrt(variance / kSeeds) < 0.03 * expected);
  }
}

TEST_CASE("any lifetime keeps its mean alive") {
  struct Row {
    const char* text;
    double mean;
  };
  for (const Row& row :
       std::initializer_list<Row>{{"fixed(1MiB)", kMiB},
                                  {"uniform(512KiB,1536KiB)", kMiB},
                                  {"exp(1MiB)", kMiB},
                                  {"gamma(0.5,2MiB)", kMiB},
                                  {"gamma(3,1MiB)", 3 * kMiB},
                                  {"weibull(0.5,512KiB)", kMiB},
                                  {"weibull(2,1MiB)", std::sqrt(std::acos(-1)) / 2 * kMiB},
                                  {"log_uniform(512KiB,2MiB)", 1.5 * kMiB / std::log(4)},
                                  {"0.75:exp(64KiB),0.25:fixed(1MiB)", 49152 + kMiB / 4}}) {
    CAPTURE(row.text);
    const Ran ran = run("decay",
                        {{"workload.lifetimes", row.text},
                         {"workload.allocate", "20MiB"},
                         {"workload.size_least", "16B"},
                         {"workload.size_most", "56B"}},
                        3);
    // No survival function has a variance above its mean: as many objects as live, of 56 bytes.
    const double error = std::sqrt(row.mean / 44) * 56;
    CHECK(std::abs(static_cast<double>(ran.live.now) - row.mean) <= 3 * error + 64);
    CHECK(3 * error < 0.05 * row.mean);
  }
}

TEST_CASE("a mixture of lifetimes that makes no sense is refused with a sentence") {
  const auto error_of = [](std::string_view text) -> std::string {
    try {
      const LengthMixture mixture("workload.lifetimes", text);
    } catch (const heap::ParameterError& error) {
      return error.what();
    }
    return "accepted";
  };
  CHECK(error_of("1MiB") == "accepted");
  CHECK(error_of(" 0.5 : 1MiB , 0.5 : gamma( 0.5 , 1MiB )") == "accepted");
  CHECK(error_of("forever") == "accepted");
  CHECK(error_of("log_normal(64KiB,1MiB)") == "accepted");
  CHECK(error_of("0.5:log_uniform(1KiB,1MiB),0.5:forever") == "accepted");
  for (const auto& row : std::initializer_list<std::pair<const char*, const char*>>{
           {"", "a value is missing"},
           {"0.5:1MiB,0.4:2MiB", "do not make 1"},
           {"0.5:1MiB,2MiB", "has no share before it"},
           {"gama(0.5,1MiB)", "is no lifetime"},
           {"gamma(0.5)", "gamma takes 2 arguments"},
           {"gamma(0.0005,1MiB)", "thousandths"},
           {"gamma(65,1MiB)", "at most 64"},
           {"uniform(2MiB,1MiB)", "range that is empty"},
           {"exp(0)", "too small"},
           {"1s", "is no duration"}}) {
    const auto& text = row.first;
    const auto& reason = row.second;
    CAPTURE(text);
    const std::string error = error_of(text);
    CAPTURE(error);
    CHECK(error.find(reason) != std::string::npos);
    CHECK(error.starts_with("workload.lifetimes"));
  }
}

TEST_CASE("an empirical program keeps the population of each size class, by Little's law") {
  // Small objects die at once, middling ones live long, and one class is never born again.
  const TemporaryFile profile(
      "# a program\nsize,alloc_rate,num_live\n24,90,1000\n64,9.5,3000\n1024,0.5,40\n4096,0,2\n");
  const AllocationProfile read(profile.path());
  constexpr std::uint64_t kLive = std::uint64_t{8} << 20U;
  const std::uint64_t objects = read.objects_in(kLive);
  double mean_living = (1000 * 24 + 3000 * 64 + 40 * 1024 + 2 * 4096) / 4042.0;
  CHECK(std::abs(static_cast<double>(objects) - kLive / mean_living) < 2);

  const Ran ran = run("empirical",
                      {{"workload.profile", profile.path()},
                       {"workload.live", "8MiB"},
                       {"workload.allocate", "24MiB"}},
                      5, {.share = heap::kBillion});
  REQUIRE(ran.sites.size() == 4);
  for (const SiteFigures& site : ran.sites) {
    const std::uint64_t bytes = site.bytes / site.made;
    const double living = bytes == 24 ? 1000 : bytes == 64 ? 3000 : bytes == 1024 ? 40 : 2;
    const double expected = static_cast<double>(objects) * living / 4042;
    CAPTURE(bytes);
    CHECK(std::abs(static_cast<double>(site.made - site.ended) - expected) <=
          3 * std::sqrt(expected));
    CHECK((site.ended > 0) == (bytes != 4096));
  }
}

TEST_CASE("the pooled sizes of DaCapo have the published mean and median") {
  const AllocationProfile dacapo("dacapo");
  heap::Random random(1);
  std::uint64_t sum = 0;
  std::uint64_t small = 0;
  constexpr std::uint64_t kDraws = 4'000'000;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const std::uint64_t bytes = dacapo.classes()[dacapo.draw_birth(random)].bytes;
    sum += bytes;
    small += bytes <= 32 ? 1 : 0;
  }
  CHECK(std::abs(static_cast<double>(sum) / kDraws - 72.6) < 4);
  CHECK(std::abs(static_cast<double>(small) / kDraws - 0.668) < 0.001);
  for (std::size_t i = 0; i < dacapo.classes().size(); ++i) {
    CHECK(dacapo.lifespan(i, 1 << 20) >= (1 << 20) - 4096);  // all live as long as live bytes
    CHECK(dacapo.lifespan(i, 1 << 20) <= (1 << 20) + 4096);
  }
}

TEST_CASE("an allocation profile that is damaged is refused by line and reason") {
  const auto error_of = [](std::string_view text) -> std::string {
    const TemporaryFile file(text);
    try {
      const AllocationProfile profile(file.path());
    } catch (const TraceError& error) {
      return std::to_string(error.line) + " " + error.message;
    }
    return "accepted";
  };
  const std::string head = "size,alloc_rate,num_live\n";
  CHECK(error_of(head + "8,1,1\n") == "accepted");
  for (const auto& row : std::initializer_list<std::pair<std::string, const char*>>{
           {"", "0 it has no classes"},
           {"bytes,n\n8,1\n", "1 no allocation profile: expected the line"},
           {head + "# ok\n8,1\n", "3 expected three numbers"},
           {head + "8,1,1,1\n", "2 expected three numbers"},
           {head + "0,1,1\n", "2 a size is a whole number"},
           {head + "8.5,1,1\n", "2 a size is a whole number"},
           {head + "8,x,1\n", "2 alloc_rate"},
           {head + "8,1,-1\n", "2 num_live"},
           {head + "8,0,1\n", "0 all rates"},
           {head + "8,1,1", "2 the last line is cut"}}) {
    const auto& text = row.first;
    const auto& reason = row.second;
    CAPTURE(text);
    const std::string error = error_of(text);
    CAPTURE(error);
    CHECK(error.starts_with(reason));
  }
}

}  // namespace
}  // namespace pinlab::workloads::tests
