// The .rep files of CS:APP's malloc lab.
#include "heap/object.hpp"
#include "workloads/heaptrack/text_forms.hpp"
#include "workloads/heaptrack/text_words.hpp"

#include <array>
#include <string>
#include <vector>

namespace pinlab::workloads {

namespace {

constexpr std::uint32_t kNone = ~std::uint32_t{0};
constexpr std::uint64_t kMostIdentifiers = std::uint64_t{1} << 31U;

/// The next line that is not empty; false at the end.
bool next_line(LineReader& lines) {
  while (lines.next()) {
    if (TextWords(lines).more()) {
      return true;
    }
  }
  return false;
}

/// An identifier's object, and where the last one was freed.
struct Entry {
  std::uint32_t slot = kNone;
  std::uint64_t freed_at = 0;
};

class RepForm {
 public:
  RepForm(LineReader& lines, CallStacks& stacks, EventRecorder& recorder)
      : lines_(lines), site_(stacks.site_of(0)), recorder_(recorder) {}

  void read() {
    const std::array<const char*, 4> what = {"a heap's size", "a number of identifiers",
                                             "a number of operations", "a weight"};
    std::array<std::uint64_t, 4> head{};
    for (std::size_t i = 0; i < head.size(); ++i) {
      if (!next_line(lines_)) {
        fail_early(what[i]);
      }
      TextWords words(lines_);
      head[i] = words.number(what[i], i == 1 ? kMostIdentifiers : ~std::uint64_t{0});
      words.end();
    }
    entries_.resize(head[1]);
    for (std::uint64_t done = 0; done < head[2]; ++done) {
      if (!next_line(lines_)) {
        fail_early("operation " + std::to_string(done + 1) + " of " + std::to_string(head[2]));
      }
      TextWords words(lines_);
      take(words);
      words.end();
    }
    if (next_line(lines_)) {
      TextWords(lines_).fail("more operations than the " + std::to_string(head[2]) +
                             " of the third line");
    }
  }

 private:
  void take(TextWords& words) {
    const std::string_view verb = words.next("an operation");
    if (verb != "a" && verb != "r" && verb != "f") {
      words.fail("expected a, r or f, found " + quoted(verb));
    }
    if (verb == "f") {
      TextWords peek = words;
      if (peek.next("an identifier") == "-1") {
        words = peek;  // free of the null pointer does nothing
        return;
      }
    }
    const std::uint64_t id = words.number("an identifier");
    if (id >= entries_.size()) {
      words.fail("identifier " + std::to_string(id) + " is not below the " +
                 std::to_string(entries_.size()) + " of the second line");
    }
    Entry& entry = entries_[id];
    if (verb == "a" ? entry.slot != kNone : entry.slot == kNone) {
      const std::string name = "identifier " + std::to_string(id);
      words.fail(verb == "a" ? name + " lives already"
                 : entry.freed_at == 0
                     ? name + " was never allocated"
                     : name + " was freed in line " + std::to_string(entry.freed_at));
    }
    const std::uint32_t old = entry.slot;
    if (verb != "f") {
      const std::uint64_t bytes = words.number("bytes", heap::kMaxObjectBytes);
      if (!recorder_.fits(bytes)) {
        words.fail("the sizes so far add up to 2^64 bytes or more");
      }
      entry.slot = recorder_.allocate(site_, bytes);
    } else {
      entry = {.slot = kNone, .freed_at = lines_.number()};
    }
    if (old != kNone) {
      recorder_.free(old);  // a realloc frees what it copied from
    }
  }

  [[noreturn]] void fail_early(const std::string& wanted) const {
    throw TraceError(lines_.path(), 0, 0,
                     "the trace ends early, after line " + std::to_string(lines_.number() - 1) +
                         ": expected " + wanted);
  }

  LineReader& lines_;
  std::uint32_t site_;
  EventRecorder& recorder_;
  std::vector<Entry> entries_;
};

}  // namespace

bool is_rep_form(LineReader& lines) {
  for (char digit = '0'; digit <= '9'; ++digit) {
    if (lines.starts_with(std::string_view(&digit, 1))) {
      return true;
    }
  }
  return false;
}

void read_rep_form(LineReader& lines, CallStacks& stacks, EventRecorder& recorder) {
  lines.allow_unended();
  RepForm(lines, stacks, recorder).read();
}

}  // namespace pinlab::workloads
