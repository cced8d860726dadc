// What a recorded heap says must arrive: events, slots, totals, names, in every form.
// Invariant: every trace here is written by the test itself.
#include "heap/support/random.hpp"
#include "workloads/heaptrack/pointer_table.hpp"
#include "workloads/heaptrack/trace.hpp"
#include "workloads/tests/trace_files.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

namespace pinlab::workloads::tests {
namespace {

std::string raw_with(std::string_view events) {
  return std::string(kRawHeader) + std::string(events);
}
std::string interpreted_with(std::string_view events) {
  return std::string(kInterpretedHeader) + std::string(events);
}

TEST_CASE("a raw trace gives its events in order, and a free names the object's site and size") {
  const Trace trace = read_text(raw_trace());
  CHECK(shown(trace) == "+0@0:16 +1@1:32 -0 +0@0:48");
  CHECK(trace.events()[2].kind == TraceEvent::Kind::free);
  CHECK(trace.events()[2].site == 0);
  CHECK(trace.events()[2].size == 16);
  CHECK(trace.form() == TraceForm::raw);
  CHECK(trace.command() == "app --flag");
}

TEST_CASE("the slot that was freed last is used first, so the table is as long as the peak") {
  const Trace trace = read_text(
      raw_with("+ 1 1 a0\n+ 1 1 b0\n+ 1 1 c0\n- a0\n- c0\n+ 1 1 d0\n+ 1 1 e0\n+ 1 1 f0\n"));
  CHECK(shown(trace) == "+0@0:1 +1@0:1 +2@0:1 -0 -2 +2@0:1 +0@0:1 +3@0:1");
  CHECK(trace.slots() == 4);
}

TEST_CASE("totals count what lives, what lived at most, and what is odd") {
  const Trace trace =
      read_text(raw_with("+ 10 1 a0\n+ 0 1 b0\n+ 20 1 c0\n- a0\n- a0\n- 77\n+ 8 2 d0\n"));
  const TraceTotals& totals = trace.totals();
  CHECK(totals.allocations == 4);
  CHECK(totals.frees == 1);
  CHECK(totals.bytes == 0x38);
  CHECK(totals.largest_bytes == 0x20);
  CHECK(totals.peak_live_bytes == 0x30);
  CHECK(totals.live_objects == 3);
  CHECK(totals.live_bytes == 0x28);
  CHECK(totals.zero_size_allocations == 1);
  CHECK(totals.unmatched_frees == 2);
  CHECK(totals.reused_pointers == 0);
  CHECK(totals.unnamed_sites == 2);
}

TEST_CASE("an object recorded where one lives ends that one first, and is counted") {
  const Trace trace = read_text(raw_with("+ 10 1 a0\n+ 20 2 a0\n- a0\n- a0\n"));
  CHECK(shown(trace) == "+0@0:16 -0 +0@1:32 -0");
  CHECK(trace.totals().reused_pointers == 1);
  CHECK(trace.totals().unmatched_frees == 1);
  CHECK(trace.slots() == 1);
}

TEST_CASE("a trace of a program that heaptrack was attached to may free before it allocates") {
  const Trace trace = read_text("v 10400 3\nX app\nI 1000 1\nA\n- 10\nm 1 -\n- 20\n+ 1 0 30\n");
  CHECK(shown(trace) == "+0@0:1");
  CHECK(trace.totals().unmatched_frees == 2);
  CHECK(trace.site_name(0) == "(no call stack)");
}

TEST_CASE("a trace may end right after its version, and is empty then") {
  const Trace trace = read_text("v 10400 3\n");
  CHECK(trace.form() == TraceForm::empty);
  CHECK(trace.events().empty());
  CHECK(trace.site_count() == 0);
}

TEST_CASE("plain, zstd and gzip read alike, and so do several frames in one file") {
  const std::string text = raw_trace();
  const std::string expected = shown(read_text(text));
  const std::string head = text.substr(0, 100);
  const std::string tail = text.substr(100);
  const std::string skippable("\x50\x2a\x4d\x18\x03\x00\x00\x00pz!", 11);
  CHECK(shown(read_text(zstd(text))) == expected);
  CHECK(shown(read_text(gzip(text))) == expected);
  CHECK(shown(read_text(zstd(head) + zstd(tail))) == expected);
  CHECK(shown(read_text(gzip(head) + gzip(tail))) == expected);
  CHECK(shown(read_text(skippable + zstd(text))) == expected);
}

TEST_CASE("a trace longer than every buffer arrives whole") {
  std::string text(kInterpretedHeader);
  const std::string symbol(700'000, 'f');  // longer than the first line buffer
  text += "s aae60 " + symbol + "\na 10 1\n";
  for (int i = 0; i < 200'000; ++i) {
    text += i % 3 == 2 ? "- 0\n" : "+ 0\n";
  }
  for (const std::string& stored : {text, zstd(text), gzip(text)}) {
    const Trace trace = read_text(stored);
    CHECK(trace.events().size() == 200'000);
    CHECK(trace.totals().live_objects == 133'334 - 66'666);
  }
}

TEST_CASE("a command line keeps the newlines of its arguments") {
  const Trace trace = read_text("v 10400 3\nX perl -e my $x;\nt 1\nI am\n\nI 1000 5e27ec\nm 1 -\n");
  CHECK(trace.command() == "perl -e my $x;\nt 1\nI am\n");
}

TEST_CASE("the free order decides which object of a class dies") {
  const std::string text =
      interpreted_with("a 10 2\n+ 0\n+ 0\n+ 0\n- 0\n- 0\n+ 0\n- 0\n- 0\n- 0\n");
  CHECK(shown(read_text(text, FreeOrder::fifo)) == "+0@0:16 +1@0:16 +2@0:16 -0 -1 +1@0:16 -2 -1");
  CHECK(shown(read_text(text, FreeOrder::lifo)) == "+0@0:16 +1@0:16 +2@0:16 -2 -1 +1@0:16 -1 -0");
  CHECK(read_text(text).totals().unmatched_frees == 1);
}

TEST_CASE("a random free order is settled by its seed, on every compiler") {
  std::string events = "a 8 1\n";
  for (int i = 0; i < 6; ++i) {
    events += "+ 0\n";
  }
  for (int i = 0; i < 6; ++i) {
    events += "- 0\n";
  }
  // Expected from an independent SplitMix64 (Python), with the dead slot replaced by the last.
  const std::string births = "+0@0:8 +1@0:8 +2@0:8 +3@0:8 +4@0:8 +5@0:8 ";
  const std::string text = interpreted_with(events);
  CHECK(shown(read_text(text, FreeOrder::random, 1)) == births + "-3 -5 -4 -1 -0 -2");
  CHECK(shown(read_text(text, FreeOrder::random, 2)) == births + "-3 -5 -2 -4 -0 -1");
}

TEST_CASE("an interpreted site is named by its innermost frame that is no allocator's") {
  const Trace trace = read_text(interpreted_with("a 10 3\n+ 0\na 10 1\n+ 1\na 10 4\n+ 2\n"));
  REQUIRE(trace.site_count() == 3);
  CHECK(trace.site_name(0) == "make_node (node.h:7)");
  CHECK(trace.site_stack(0) ==
        "malloc < make_node (node.h:7) < main (main.c:42) < main (main.c:12)");
  CHECK(trace.site_name(1) == "main (main.c:12)");
  CHECK(trace.site_name(2) == "app+...200");
  CHECK(trace.totals().unnamed_sites == 1);
}

TEST_CASE(
    "every allocator's function is passed over, and a stack of nothing else keeps its innermost") {
  for (const std::string name : {"malloc", "calloc", "__libc_malloc", "__GI___libc_realloc",
                                 "operator new(unsigned long)", "operator new[](unsigned long)"}) {
    std::string text = "v 10400 3\ns 1 m\ns ";
    text.append(hexadecimal(name.size())).append(" ").append(name);
    text +=
        "\ns d Perl_safesysm\ni 10 1 2\ni 20 1 3\nt 2 0\nt 1 1\nt 1 0\na 1 2\n+ 0\na 1 3\n+ 1\n";
    CHECK(read_text(text).site_name(0) == "Perl_safesysm");
    CHECK(read_text(text).site_name(1) == name);
  }
}

TEST_CASE("a raw site is named by offset in its module, the same wherever that was loaded") {
  const Trace trace = read_text(raw_trace());
  REQUIRE(trace.site_count() == 2);
  CHECK(trace.site_name(0) == "libc.so+0x1234");
  CHECK(trace.site_stack(0) == "libc.so+0x1234 < app+0x100");
  CHECK(trace.site_name(1) == "app+0x100");
}

TEST_CASE("code is looked up among the modules that are loaded when it is first seen") {
  const Trace trace = read_text(
      "v 10400 3\nx 4 /app\nm 1 -\nm 2 /a 1000 0 100 4000 100\nt 1010 0\nm 1 -\nm 2 /b 1000 0 100 "
      "200 100\n"
      "t 1010 1\nt 1100 0\nt 12ff 0\nt 1300 0\nt fff 0\nt 5010 0\n"
      "+ 1 2 10\n+ 1 3 20\n+ 1 4 30\n+ 1 5 40\n+ 1 6 50\n+ 1 7 60\n");
  CHECK(trace.site_stack(0) == "b+0x10 < a+0x10");
  CHECK(trace.site_name(1) == "(unknown)");
  CHECK(trace.site_name(2) == "b+0x2ff");
  CHECK(trace.site_name(3) == "(unknown)");
  CHECK(trace.site_name(4) == "(unknown)");
  CHECK(trace.site_name(5) == "(unknown)");
}

TEST_CASE("an interpreted recording of another run names the sites of a raw one") {
  const TemporaryFile raw(raw_trace());
  const TemporaryFile names(zstd(interpreted_with("a 10 2\n+ 0\n- 0\n")));
  const Trace trace = read_trace(raw.path(), FreeOrder::fifo, 1, names.path());
  CHECK(shown(trace) == shown(read_text(raw_trace())));
  CHECK(trace.site_name(0) == "make_node (node.h:7)");
  CHECK(trace.site_stack(0) == "make_node (node.h:7) < main (main.c:42) < main (main.c:12)");
  CHECK(trace.site_name(1) == "main (main.c:12)");
  CHECK(trace.totals().unnamed_sites == 0);
}

TEST_CASE("a module whose load address is in doubt gives no names") {
  // The second address in libc fits the same offset: a tie.
  std::string doubtful(kInterpretedHeader);
  doubtful += "i 7eee00009234 2 3\n";
  const TemporaryFile raw(raw_trace());
  const TemporaryFile names(doubtful);
  const Trace trace = read_trace(raw.path(), FreeOrder::fifo, 1, names.path());
  CHECK(trace.site_stack(0) == "libc.so+0x1234 < main (main.c:12)");
  CHECK(trace.totals().unnamed_sites == 1);
}

TEST_CASE("a module of which most offsets are not found gives no names: it was built anew") {
  const TemporaryFile raw(
      raw_with("t 7f0000001301 1\nt 7f0000001402 1\n+ 1 2 a0\n+ 1 3 b0\n+ 1 4 c0\n"));
  const TemporaryFile names(kInterpretedHeader);
  const Trace trace = read_trace(raw.path(), FreeOrder::fifo, 1, names.path());
  CHECK(trace.site_stack(0) == "libc.so+0x1234 < main (main.c:12)");
  CHECK(trace.totals().unnamed_sites == 3);
}

TEST_CASE("names must come from the interpreted form of the same program, for a raw trace") {
  const TemporaryFile raw(raw_trace());
  const TemporaryFile interpreted(kInterpretedHeader);
  const TemporaryFile other("v 10400 3\nX ls\nI 1000 1\ns 7 /bin/ls\ni 10 1\n");
  const TemporaryFile rebuilt("v 10400 3\ns 8 /bin/app\ns 1 f\ni 5555555 1 2\n");
  const auto message = [](const TemporaryFile& trace, const TemporaryFile& names) -> std::string {
    try {
      static_cast<void>(read_trace(trace.path(), FreeOrder::fifo, 1, names.path()));
    } catch (const TraceError& error) {
      CHECK(error.line == 0);
      return error.message;
    }
    return "none";
  };
  CHECK(message(interpreted, interpreted).find("names its sites itself") != std::string::npos);
  CHECK(message(raw, raw) == "names no sites: it is not in heaptrack's interpreted form");
  CHECK(message(raw, other) == "is of another program: " + raw.path() + " is of /bin/app");
  CHECK(message(raw, rebuilt) == "names no code of " + raw.path() + ": is it of the same build?");
}

TEST_CASE(
    "the table of pointers does what a map does, be the pointers near, far or equal in most bits") {
  for (const unsigned shift : {0U, 4U, 10U, 30U, 48U}) {
    heap::Random random(shift);
    PointerTable table;
    std::map<std::uint64_t, std::uint32_t> expected;
    for (std::uint32_t step = 0; step < 20'000; ++step) {
      const std::uint64_t pointer = random.below(6000) << shift;
      const auto found = expected.find(pointer);
      const std::uint32_t before = found == expected.end() ? PointerTable::kNone : found->second;
      if (random.below(2) == 0) {
        REQUIRE(table.put(pointer, step) == before);
        expected[pointer] = step;
      } else {
        REQUIRE(table.take(pointer) == before);
        expected.erase(pointer);
      }
    }
  }
}

}  // namespace
}  // namespace pinlab::workloads::tests
