#include "harness/recorder.hpp"

#include "heap/heap.hpp"
#include "harness/record.hpp"

#include <doctest/doctest.h>

namespace pinlab::harness {
namespace {

using collector::PauseKind;
using collector::PauseReport;

constexpr heap::HeapConfig kHeap{.max_bytes = 1U << 20U, .block_bytes = 64U << 10U};

struct Watched {
  heap::Heap heap{kHeap};
  pinning::PinRegistry pins{heap};
  StopFlag stop{StopReason::none};
  Recorder recorder{Recorder::Keep::all, &stop};

  Watched() { recorder.watch(pins); }
};

PauseReport full_pause(std::uint64_t clock, std::int64_t hostage) {
  PauseReport report;
  report.kind = PauseKind::full;
  report.clock = clock;
  report.hostage = hostage;
  report.after.detailed = true;
  return report;
}

TEST_CASE(
    "hostage byte-time holds each full collection's figure until the next one and to the end") {
  Watched watched;
  watched.recorder.paused(full_pause(1000, 50));
  PauseReport young;
  young.clock = 1500;
  young.hostage = 7;
  watched.recorder.paused(young);
  watched.recorder.paused(full_pause(3000, -10));
  const Recording recording = watched.recorder.recording(3500);
  CHECK(recording.exact.hostage_byte_time == 50 * 2000 - 10 * 500);
  CHECK(recording.exact.hostage.last == -10);
  CHECK(recording.exact.hostage.peak == 50);
  CHECK(recording.exact.allocated == 3500);
  CHECK(recording.collections.size() == 3);
}

TEST_CASE("byte-time beyond 64 bits is exact") {
  Watched watched;
  const std::int64_t terabyte = std::int64_t{1} << 40U;
  watched.recorder.paused(full_pause(0, terabyte));
  const Recording recording = watched.recorder.recording(std::uint64_t{1} << 41U);
  CHECK(recording.exact.hostage_byte_time == SignedWide{1} << 81U);
  CHECK(kib_squared(recording.exact.hostage_byte_time) == std::int64_t{1} << 61U);
  CHECK(kib_squared(-1'500'000) == -1);
}

TEST_CASE("a site counts from the full collection that measured it to the one that did not") {
  Watched watched;
  const pinning::SiteId site = watched.pins.sites().intern("reader");
  PauseReport first = full_pause(100, 64);
  first.sites = {{.site = site, .pins = 2, .pinned_bytes = 16, .hostage = 64}};
  watched.recorder.paused(first);
  watched.recorder.paused(full_pause(300, 0));
  const Recording recording = watched.recorder.recording(1000);
  REQUIRE(recording.sites.size() == 1);
  CHECK(recording.sites[0].name == "reader");
  CHECK(recording.sites[0].hostage_byte_time == 64 * 200);
  CHECK(recording.sites[0].hostage.last == 0);
  CHECK(recording.sites[0].hostage.peak == 64);
  CHECK(recording.sites[0].collections == 1);
}

TEST_CASE("what a site costs is known where it was measured, and only there") {
  Watched watched;
  PauseReport report = full_pause(100, 64);
  report.sites = {
      {.site = 0, .pins = 1, .pinned_bytes = 8},
      {.site = 1, .pins = 1, .pinned_bytes = 99, .oldest_collections = 7, .hostage = 64},
      {.site = 2, .pins = 1, .pinned_bytes = 8, .hostage = 0}};
  watched.recorder.paused(report);
  const Recording recording = watched.recorder.recording(100);
  REQUIRE(recording.sites.size() == 3);
  CHECK(recording.sites[0].collections == 0);
  CHECK(recording.sites[1].collections == 1);
  CHECK(recording.sites[1].oldest == 7);
  CHECK(recording.sites[2].collections == 1);
  CHECK(recording.sites[0].pins.last == 1);
}

TEST_CASE("hostage figures and sites do not enter the digest, everything else exact does") {
  const auto digest_of = [](const PauseReport& report) {
    Watched watched;
    watched.recorder.paused(report);
    return watched.recorder.recording(1000).digest.value();
  };
  const PauseReport plain = full_pause(10, 0);
  PauseReport hostage = full_pause(10, 99);
  hostage.pause_ns = 12345;
  CHECK(digest_of(plain) == digest_of(hostage));
  PauseReport moved = plain;
  moved.moved_bytes = 8;
  CHECK(digest_of(plain) != digest_of(moved));
  PauseReport census = plain;
  census.after.gap_histogram[40] = 1;
  CHECK(digest_of(plain) != digest_of(census));
}

TEST_CASE("a run that is asked to end ends at the next pause") {
  Watched watched;
  CHECK_NOTHROW(watched.recorder.paused(full_pause(1, 0)));
  watched.stop = StopReason::timeout;
  try {
    watched.recorder.paused(full_pause(2, 0));
    FAIL("the pause did not end the run");
  } catch (const RunStopped& stopped) {
    CHECK(stopped.outcome == Outcome::timeout);
  }
  CHECK(watched.recorder.recording(2).exact.collections[1] == 2);
}

TEST_CASE("time that measuring took is cut out of the timeline") {
  Watched watched;
  PauseReport first = full_pause(1, 0);
  first.start_ns = 100;
  first.pause_ns = 50;
  first.phase_ns[static_cast<std::size_t>(collector::PausePhase::verify)] = 1000;
  watched.recorder.paused(first);
  PauseReport second = full_pause(2, 0);
  second.start_ns = 1300;
  second.pause_ns = 10;
  watched.recorder.paused(second);
  const Recording recording = watched.recorder.recording(3);
  CHECK(recording.timed.measuring == 1000);
  CHECK(recording.timed.pauses[0].begin == 100);
  CHECK(recording.timed.pauses[1].begin == 300);
}

}  // namespace
}  // namespace pinlab::harness
