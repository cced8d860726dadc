#include "harness/kept_reports.hpp"

#include "heap/support/random.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <vector>

namespace pinlab::harness {

namespace {

using collector::PauseFigures;
using collector::PauseKind;
using collector::PauseReport;

/// Every word of `figures` counts, whatever it stands for.
bool same(const PauseReport& a, const PauseReport& b) {
  const auto same_site = [](const collector::SiteHostage& x, const collector::SiteHostage& y) {
    return x.site == y.site && x.pins == y.pins && x.pinned_bytes == y.pinned_bytes &&
           x.oldest_since == y.oldest_since && x.oldest_collections == y.oldest_collections &&
           x.hostage == y.hostage;
  };
  return std::memcmp(static_cast<const PauseFigures*>(&a), static_cast<const PauseFigures*>(&b),
                     sizeof(PauseFigures)) == 0 &&
         std::ranges::equal(a.sites, b.sites, same_site);
}

std::vector<PauseReport> all(const KeptReports& kept) {
  std::vector<PauseReport> reports;
  kept.for_each([&](const PauseReport& report) { reports.push_back(report); });
  return reports;
}

void check_same(const std::vector<PauseReport>& found, const std::vector<PauseReport>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    REQUIRE(same(found[i], expected[i]));
  }
}

/// The next report of a run in which some figures change, now and then all.
PauseReport drawn(heap::Random& random, PauseReport report) {
  constexpr std::size_t kWords = sizeof(PauseFigures) / sizeof(std::uint64_t);
  const std::size_t changes = random.below(10) == 0 ? kWords : random.below(50);
  for (std::size_t i = 0; i < changes; ++i) {
    const std::uint64_t word = random.below(3) == 0 ? 0 : random.next();
    std::memcpy(reinterpret_cast<char*>(static_cast<PauseFigures*>(&report)) +
                    sizeof(word) * random.below(kWords),
                &word, sizeof(word));
  }
  report.kind = random.below(4) == 0 ? PauseKind::full : PauseKind::young;
  report.sites.resize(random.below(20) == 0 ? random.below(2000) : random.below(3));
  for (collector::SiteHostage& site : report.sites) {
    site = {.site = static_cast<std::uint32_t>(random.next()),
            .pins = random.next(),
            .pinned_bytes = random.next(),
            .oldest_since = random.next(),
            .oldest_collections = random.next()};
    if (random.below(2) == 0) {
      site.hostage = static_cast<std::int64_t>(random.next());
    }
  }
  return report;
}

}  // namespace

TEST_CASE("reports come out as they went in, and copies stay what they were") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    heap::Random random(seed);
    KeptReports kept;
    std::vector<PauseReport> expected;
    KeptReports copy;
    std::size_t copied = 0;
    PauseReport report;
    for (std::size_t i = 0; i < 400; ++i) {
      report = drawn(random, report);
      kept.add(report);
      expected.push_back(report);
      if (random.below(8) == 0) {
        const std::uint64_t more = random.below(1000);
        kept.last().phase_ns[11] += more;
        expected.back().phase_ns[11] += more;
      }
      CHECK(kept.size() == expected.size());
      if (random.below(100) == 0) {
        copy = kept;
        copied = expected.size();
      }
    }
    check_same(all(kept), expected);
    expected.resize(copied);
    check_same(all(copy), expected);
  }
}

TEST_CASE("nothing is kept of a run without collections") {
  const KeptReports kept;
  CHECK(kept.empty());
  CHECK(kept.size() == 0);
  CHECK(all(kept).empty());
}

TEST_CASE("a map of hostage blocks is not kept") {
  PauseReport report;
  report.hostage_blocks = {{.block = 1, .bytes = 65536}};
  KeptReports kept;
  kept.add(report);
  kept.add(report);
  for (const PauseReport& found : all(kept)) {
    CHECK(found.hostage_blocks.empty());
  }
}

}  // namespace pinlab::harness
