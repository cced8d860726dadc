// A file that is no sound trace must end in a TraceError that says where, never in a crash.
// Invariant: every trace here is written by the test itself.
#include "workloads/tests/trace_files.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <vector>

namespace pinlab::workloads::tests {
namespace {

/// Where and how a text after a good header is wrong; offsets count from the end of the header.
struct Fault {
  std::string_view header;
  std::string_view lines;
  std::uint64_t line = 0;
  std::uint64_t offset = 0;
  std::string_view message;
};

std::uint64_t lines_in(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

constexpr auto kFaults = std::to_array<Fault>({
    {kRawHeader, "+ 10 2 zz\n", 1, 7, "expected a pointer, found 'zz', in '+ 10 2 zz'"},
    {kRawHeader, "+ 10 2\n", 1, 6, "expected a pointer, found the end of the line, in '+ 10 2'"},
    {kRawHeader, "+ 10 2 \n", 1, 7, "expected a pointer, found the end of the line, in '+ 10 2 '"},
    {kRawHeader, "+ 10  2 5\n", 1, 5, "expected a stack, found ' 2 5', in '+ 10  2 5'"},
    {kRawHeader, "+ 10 2 5 6\n", 1, 8, "expected the end of the line, found ' 6', in '+ 10 2 5 6'"},
    {kRawHeader, "+10 2 5\n", 1, 1, "expected a size, found '10 2 5', in '+10 2 5'"},
    {kRawHeader, "+ A0 2 5\n", 1, 2, "expected a size, found 'A0 2 5', in '+ A0 2 5'"},
    {kRawHeader, "- 10\n+ 10 3 5\n", 2, 10, "a stack, 0x3, is out of range: the largest is 0x2"},
    {kRawHeader, "t 10 3\n", 1, 5, "a parent stack, 0x3, is out of range: the largest is 0x2"},
    {kRawHeader, "+ 10 100000000 5\n", 1, 5,
     "a stack, 0x100000000, is out of range: the largest is 0x2"},
    {kRawHeader, "- 10000000000000000\n", 1, 2,
     "a pointer does not fit into 64 bits: '10000000000000000'"},
    {kRawHeader, "+ ffffffffffffffff 1 10\n+ 1 1 20\n", 2, 26,
     "the sizes so far add up to 2^64 bytes or more"},
    {kRawHeader, "m 9 /lib\n", 1, 4, "expected a module's path of 9 bytes, found 4: '/lib'"},
    {kRawHeader, "m 4 /lib 10 0\n", 1, 13,
     "expected a segment's size, found the end of the line, in 'm 4 /lib 10 0'"},
    {kRawHeader, "m 4 /lib ffffffffffffffff 1 1\n", 1, 26,
     "a segment's address, 0x1, is out of range: the largest is 0x0"},
    {kRawHeader, "x 4 /bin\n", 1, 4,
     "a second program in one trace: heaptrack records one process"},
    {kRawHeader, "X other\n", 1, 0, "a second command line: two traces in one file?"},
    {kRawHeader, "s 1 a\n", 1, 0, "expected a line of the raw form, found 's 1 a'"},
    {kRawHeader, "v 10400 3\n", 1, 0, "expected a line of the raw form, found 'v 10400 3'"},
    {kRawHeader, "\x01\xff 0123456789012345678901234567890123456789\n", 1, 0,
     "expected a line of the raw form, found '\\x01\\xff 0123456789012345678901234567890'..."},
    {kInterpretedHeader, "m 1 -\n", 1, 0, "expected a line of the interpreted form, found 'm 1 -'"},
    {kInterpretedHeader, "+ 0\n", 1, 2,
     "a class of allocations, 0x0, is out of range: there are 0x0 so far"},
    {kInterpretedHeader, "a 10 2\n- 1\n", 2, 9,
     "a class of allocations, 0x1, is out of range: there are 0x1 so far"},
    {kInterpretedHeader, "a 10 5\n", 1, 5, "a stack, 0x5, is out of range: the largest is 0x4"},
    {kInterpretedHeader, "t 5 0\n", 1, 2,
     "a code address's index, 0x5, is out of range: the largest is 0x4"},
    {kInterpretedHeader, "t 1 5\n", 1, 4,
     "a parent stack, 0x5, is out of range: the largest is 0x4"},
    {kInterpretedHeader, "i 10 8\n", 1, 5,
     "a module's string, 0x8, is out of range: the largest is 0x7"},
    {kInterpretedHeader, "i 10 1 8\n", 1, 7,
     "a function's string, 0x8, is out of range: the largest is 0x7"},
    {kInterpretedHeader, "i 10 1 3 4\n", 1, 10,
     "expected a line number, found the end of the line, in 'i 10 1 3 4'"},
    {kInterpretedHeader, "i 10 1 3 4 c 3\n", 1, 14,
     "expected a file's string, found the end of the line, in 'i 10 1 3 4 c 3'"},
    {kInterpretedHeader, "s 2 abc\n", 1, 6,
     "expected the end of the line, found 'c', in 's 2 abc'"},
    {"v 10400 3\n", "+ 10 0 20\n", 1, 0,
     "expected a line of a trace before its first module or string, found '+ 10 0 20'"},
    {"v 10400 3\n", "X app\nm 1 -\n", 1, 0,
     "the command line does not end: expected a line 'I PAGESIZE PAGES' after it"},
    {"v 10400 3\n", "I 1000\n", 1, 6,
     "expected the pages of the machine, found the end of the line, in 'I 1000'"},
    {"", "v 10400 2\n", 1, 8,
     "file version 2: only version 3 can be read, which heaptrack 1.3 to 1.5 write"},
    {"", "v 0.5 1 2\n", 1, 2, "expected heaptrack's version, found '0.5 1 2', in 'v 0.5 1 2'"},
    {"", "\x89PNG\r\n\x1a\n", 1, 0,
     "not a heaptrack trace: expected 'v ' and two versions, found "
     "'\\x89PNG\\x0d\\x0a\\x1a\\x0a'"},
    {"", "{\"traceEvents\": []}\n", 1, 0,
     "not a heaptrack trace: expected 'v ' and two versions, found '{\"traceEvents\": []}\\x0a'"},
    {"", "", 1, 0,
     "not a heaptrack trace: expected 'v ' and two versions, found nothing: it is empty"},
});

TEST_CASE(
    "a malformed line is named by number and byte, with what was expected and what was found") {
  for (const Fault& fault : kFaults) {
    const std::string text = std::string(fault.header) + std::string(fault.lines);
    CAPTURE(fault.lines);
    const TemporaryFile file(text);
    const std::uint64_t line = lines_in(fault.header) + fault.line;
    const std::uint64_t offset = fault.header.size() + fault.offset;
    for (const std::string& stored : {text, zstd(text), gzip(text)}) {
      file.write(stored);
      const auto error = error_in(file.path());
      REQUIRE(error.has_value());
      CHECK(error->message == fault.message);
      CHECK(error->line == line);
      CHECK(error->offset == offset);
      CHECK(error->file == file.path());
      CHECK(std::string(error->what()) == file.path() + ":" + std::to_string(line) + ": byte " +
                                              std::to_string(offset) + ": " + error->message);
    }
  }
}

TEST_CASE("a file that cannot be opened or read is named without a line") {
  const auto missing = error_in("/nonexistent/app.zst");
  REQUIRE(missing.has_value());
  CHECK(missing->line == 0);
  CHECK(std::string(missing->what()) ==
        "/nonexistent/app.zst: cannot be opened: No such file or directory");
  const auto folder = error_in(std::filesystem::temp_directory_path().string());
  REQUIRE(folder.has_value());
  CHECK(folder->message == "cannot be read at byte 0 of the file: Is a directory");
}

TEST_CASE("a plain trace may end after any line, but not within one") {
  const std::string text = raw_trace();
  const std::string_view command = "X app --flag\n";
  const std::size_t command_end = text.find(command) + command.size();
  for (std::size_t size = 1; size < text.size(); ++size) {
    CAPTURE(size);
    const auto error = error_of(text.substr(0, size));
    const bool whole = text[size - 1] == '\n' && size != command_end;
    CHECK(error.has_value() != whole);
    if (error && size > 1 && text[size - 1] != '\n') {
      CHECK(error->offset == size);
      CHECK(error->message.find("the last line is cut: expected a newline after '") == 0);
    }
  }
}

TEST_CASE("a compressed trace that is cut anywhere is refused, with the byte where the file ends") {
  for (const std::string& packed : {zstd(raw_trace()), gzip(raw_trace())}) {
    for (std::size_t size = 0; size < packed.size(); ++size) {
      CAPTURE(size);
      const auto error = error_of(packed.substr(0, size));
      REQUIRE(error.has_value());
      if (size >= 4) {
        CHECK(error->message.find("stream is cut: the file ends at byte " + std::to_string(size)) !=
              std::string::npos);
      }
    }
  }
}

/// The events of each text that differs from `sample` in one bit and is read without an error.
std::vector<std::string> read_with_one_bit_turned(const std::string& sample) {
  const TemporaryFile file("");
  std::vector<std::string> events;
  for (std::size_t bit = 0; bit < sample.size() * 8; ++bit) {
    std::string damaged = sample;
    const auto byte = static_cast<unsigned char>(damaged[bit / 8]);
    damaged[bit / 8] = static_cast<char>(byte ^ 1U << bit % 8);
    file.write(damaged);
    try {
      events.push_back(shown(read_trace(file.path(), FreeOrder::fifo, 1, "")));
    } catch (const TraceError& error) {
      CHECK(error.file == file.path());
    }
  }
  return events;
}

TEST_CASE("a trace with any one bit turned is refused or read") {
  const std::string interpreted = std::string(kInterpretedHeader) + "a 10 2\n+ 0\n- 0\n";
  for (const std::string& sample : {raw_trace(), interpreted}) {
    const std::size_t read = read_with_one_bit_turned(sample).size();
    CHECK(read > 0);
    CHECK(read < sample.size() * 8);
  }
}

TEST_CASE("a compressed trace with any one bit turned is refused or tells the same") {
  for (const std::string& sample : {zstd(raw_trace()), gzip(raw_trace())}) {
    const std::string expected = shown(read_text(raw_trace()));
    const std::vector<std::string> read = read_with_one_bit_turned(sample);
    CHECK(std::count(read.begin(), read.end(), expected) == std::ssize(read));
    // Some bits of a stream's own header say nothing: gzip's time of writing alone has 32.
    CHECK(read.size() < 64);
  }
}

TEST_CASE("bytes after a compressed stream are damage, not silence") {
  const auto behind_zstd = error_of(zstd(raw_trace()) + "junk that follows");
  const auto behind_gzip = error_of(gzip(raw_trace()) + "junk that follows");
  REQUIRE(behind_zstd.has_value());
  REQUIRE(behind_gzip.has_value());
  CHECK(behind_zstd->message.find("the zstd stream is damaged near byte ") == 0);
  CHECK(behind_gzip->message.find("the gzip stream is damaged near byte ") == 0);
}

TEST_CASE("a line without end is refused before it fills the memory") {
  const auto error = error_of(zstd("v 10400 3\n" + std::string(std::size_t{64} << 20U, 'm')));
  REQUIRE(error.has_value());
  CHECK(error->message == "a line of more than 4194304 bytes is none of heaptrack's");
  CHECK(error->line == 2);
  const auto zeros = error_of(zstd(std::string(std::size_t{64} << 20U, '\0')));
  REQUIRE(zeros.has_value());
  CHECK(zeros->message.find("not a heaptrack trace") == 0);
}

}  // namespace
}  // namespace pinlab::workloads::tests
