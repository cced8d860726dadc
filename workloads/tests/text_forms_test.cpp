// Traces written by hand, and CS:APP's: what is read, what is refused, and that pins and links of a
// trace are those of the heap.
#include "workloads/tests/trace_files.hpp"
#include "workloads/tests/world.hpp"
#include "workloads/workload.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>

namespace pinlab::workloads::tests {
namespace {

constexpr std::string_view kText =
    "pinlab-trace 1\n"
    "# two objects, one of which leads to the other\n"
    "allocate head 16 2 list.c:12 make_node\n"
    "allocate tail 100\n"
    "\n"
    "link head 1 tail\n"
    "link head 0 head\n"
    "pin tail\n"
    "pin tail\n"
    "free tail\n"
    "link head 0 -\n"
    "unpin tail\n"
    "unpin tail\n"
    "allocate tail 8\n"
    "end\n";

TEST_CASE("a text trace gives its steps in order") {
  const Trace trace = read_text(kText);
  CHECK(trace.form() == TraceForm::text);
  CHECK(trace.slots() == 2);
  CHECK(trace.totals().allocations == 3);
  CHECK(trace.totals().frees == 1);
  CHECK(trace.totals().links == 3);
  CHECK(trace.totals().pins == 2);
  CHECK(trace.totals().peak_pins == 2);
  CHECK(trace.totals().live_bytes == 24);
  CHECK(trace.site_name(0) == "list.c:12 make_node");
  CHECK(trace.site_name(1) == "(no call stack)");
  const TraceEvent& link = trace.events()[2];
  CHECK(link.kind == TraceEvent::Kind::link);
  CHECK(link.slot == 0);
  CHECK(link.references == 1);
  CHECK(link.size == 1);
  CHECK(trace.events()[0].references == 2);
}

TEST_CASE("threads of a text trace take turns, and end each other's pins") {
  const Trace trace = read_text(
      "pinlab-trace 1\nallocate a 8\nthread one\npin a\nthread two\nallocate b 8\nexit one\n"
      "unpin a\nfree a\nexit two\nthread three\nfree b\nend\n");
  CHECK(trace.totals().allocations == 2);
  CHECK(trace.totals().pins == 1);
  CHECK(trace.totals().live_bytes == 0);
}

TEST_CASE("a .rep file gives its steps in order, and a realloc is an allocation and a free") {
  const Trace trace = read_text("20000\n2\n5\n1\na 0 512\na 1 128\nr 0 640\nf 1\nf 0\n");
  CHECK(trace.form() == TraceForm::rep);
  CHECK(shown(trace) == "+0@0:512 +1@0:128 +2@0:640 -0 -1 -2");
  // No newline at the end, Windows' line ends, and the null pointer are all met in the wild.
  CHECK(shown(read_text("20000\r\n1\r\n3\r\n1\r\na 0 8\r\nf -1\r\nf 0")) == "+0@0:8 -0");
  CHECK(shown(read_text(zstd("9\n1\n1\n1\na 0 0\n"))) == "+0@0:0");
}

struct Fault {
  std::string_view text;
  std::uint64_t line;
  std::string_view message;
};

TEST_CASE("a text trace that makes no sense is refused by line and reason") {
  constexpr auto kFaults = std::to_array<Fault>({
      {"allocate a 8\nfree a\nfree a\nend\n", 4, "'a' was freed in line 3"},
      {"free b\nend\n", 2, "nothing was allocated as 'b'"},
      {"allocate a 8 1\nfree a\nlink a 0 -\nend\n", 4, "'a' was freed in line 3"},
      {"allocate a 8 1\nallocate b 8\nfree b\nlink a 0 b\nend\n", 5, "'b' was freed in line 4"},
      {"allocate a 8 1\nfree a\npin a\nend\n", 4, "'a' was freed in line 3"},
      {"allocate a 8\nallocate a 8\nend\n", 3, "'a' lives already"},
      {"allocate a 8\npin a\nfree a\nallocate a 8\nend\n", 5,
       "'a' was freed in line 4 and is still pinned"},
      {"allocate a 8\nunpin a\nend\n", 3, "'a' is not pinned"},
      {"unpin c\nend\n", 2, "'c' is not pinned"},
      {"allocate a 8\nlink a 0 a\nend\n", 3, "it has no references"},
      {"allocate a 8 2\nlink a 2 a\nend\n", 3, "an index of '2' is too large: at most 1"},
      {"allocate a\nend\n", 2, "expected bytes, found the end of the line"},
      {"allocate a -8\nend\n", 2, "expected bytes, a number, found '-8'"},
      {"allocate a 99999999999\nend\n", 2,
       "bytes of '99999999999' is too large: at most 2147483640"},
      {"alocate a 8\nend\n", 2,
       "expected allocate, free, link, pin, unpin, thread, exit or end, found 'alocate'"},
      {"allocate a 8\nfree a b\nend\n", 3, "expected the end of the line, found 'b'"},
      {"end\nallocate a 8\n", 3, "nothing may follow the line 'end'"},
      {"thread a\nallocate x 8\nthread b\nexit a\nthread a\nfree x\nend\n", 6,
       "thread 'a' ended in line 5"},
      {"thread a\nallocate x 8\nexit a\nfree x\nend\n", 5,
       "a step of thread 'a', which ended in line 4"},
      {"thread a\nexit b\nend\n", 3, "thread 'b' made no step"},
      {"thread a\nexit a\nexit a\nend\n", 4, "thread 'a' ended in line 3"},
      {"thread\nend\n", 2, "expected a thread, found the end of the line"},
      {"allocate a 8\n", 0,
       "the trace ends early: its last line must be 'end', and line 2 is the last"},
  });
  for (const Fault& fault : kFaults) {
    CAPTURE(fault.text);
    const auto error = error_of("pinlab-trace 1\n" + std::string(fault.text));
    REQUIRE(error.has_value());
    CHECK(error->line == fault.line);
    CHECK(error->message == fault.message);
  }
  CHECK(error_of("pinlab-trace 2\nend\n")->message == "only version 1 can be read");
}

TEST_CASE("a .rep file that makes no sense is refused by line and reason") {
  constexpr auto kFaults = std::to_array<Fault>({
      {"9\n1\n3\n1\na 0 8\nf 0\nf 0\n", 7, "identifier 0 was freed in line 6"},
      {"9\n2\n1\n1\nf 1\n", 5, "identifier 1 was never allocated"},
      {"9\n1\n3\n1\na 0 8\nf 0\nr 0 9\n", 7, "identifier 0 was freed in line 6"},
      {"9\n1\n2\n1\na 0 8\na 0 8\n", 6, "identifier 0 lives already"},
      {"9\n1\n1\n1\na 1 8\n", 5, "identifier 1 is not below the 1 of the second line"},
      {"9\n1\n1\n1\nb 0 8\n", 5, "expected a, r or f, found 'b'"},
      {"9\n1\n1\n1\na 0 x\n", 5, "expected bytes, a number, found 'x'"},
      {"9\n1\n2\n1\na 0 8\n", 0, "the trace ends early, after line 5: expected operation 2 of 2"},
      {"9\n1\n", 0, "the trace ends early, after line 2: expected a number of operations"},
      {"9\n1\n1\n1\na 0 8\nf 0\n", 6, "more operations than the 1 of the third line"},
      {"9 9\n", 1, "expected the end of the line, found '9'"},
  });
  for (const Fault& fault : kFaults) {
    CAPTURE(fault.text);
    const auto error = error_of(fault.text);
    REQUIRE(error.has_value());
    CHECK(error->line == fault.line);
    CHECK(error->message == fault.message);
  }
}

struct LastPause final : collector::PauseObserver {
  void paused(const collector::PauseReport& report) override {
    survivor_bytes = report.survivor_bytes;
  }
  std::uint64_t survivor_bytes = 0;
};

TEST_CASE("pins choose what an I/O call would have pinned, by function and size") {
  const TemporaryFile file(
      "pinlab-trace 1\nallocate a 4096 0 malloc < _IO_file_doallocate < fgets < main\n"
      "allocate b 64 0 PerlIOBuf_get_base\nallocate c 4096 0 malloc < make_thread < main\n"
      "allocate d 8192 0 PerlIOBuf_get_base\nend\n");
  const auto entry = std::ranges::find(workloads(), "heaptrack", &WorkloadEntry::name);
  heap::ParameterValues values({entry->parameters.begin(), entry->parameters.end()});
  values.set("workload.trace", file.path());
  World world;
  PinPressure pins(world.runtime, {.share = heap::kBillion, .target = "io"});
  WorkloadContext context{
      .runtime = world.runtime, .mutator = *world.mutator, .pins = pins, .random = heap::Random(1)};
  entry->make(values)->run(context);
  CHECK(pins.made() == 2);
  CHECK(pins.held_bytes() == 4096 + 8192 + 2 * 8);
}

TEST_CASE("links and pins of a text trace are those of the heap") {
  // A ring of three, of which the program then frees all but one; and a pinned object it freed.
  const TemporaryFile file(
      "pinlab-trace 1\nallocate a 0 1\nallocate b 8 1\nallocate c 16 1\n"
      "link a 0 b\nlink b 0 c\nlink c 0 a\nallocate io 4096 0 read_buffer\npin io\nfree io\n"
      "free b\nfree c\nend\n");
  const auto entry = std::ranges::find(workloads(), "heaptrack", &WorkloadEntry::name);
  heap::ParameterValues values({entry->parameters.begin(), entry->parameters.end()});
  values.set("workload.trace", file.path());
  for (const char* rounds : {"1", "3"}) {
    CAPTURE(rounds);
    values.set("workload.rounds", rounds);
    collector::Options options = small_options();
    options.verify = collector::VerifyLevel::full;
    World world(options);
    PinPressure pins(world.runtime, {});
    WorkloadContext context{.runtime = world.runtime,
                            .mutator = *world.mutator,
                            .pins = pins,
                            .random = heap::Random(1)};
    entry->make(values)->run(context);
    CHECK(world.runtime.pins().counts().made == std::stoull(rounds));
    LastPause last;
    world.runtime.add_observer(last);
    world.mutator->collect_full();
    // The table of four slots and its directory; a with b and c behind it.
    CHECK(last.survivor_bytes == (8 + 8) + (8 + 4 * 8) + 16 + 24 + 32);
  }
}

}  // namespace
}  // namespace pinlab::workloads::tests
