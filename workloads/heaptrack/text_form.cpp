// pinlab's own text form.
#include "heap/object.hpp"
#include "workloads/heaptrack/text_forms.hpp"
#include "workloads/heaptrack/text_words.hpp"

#include <string>
#include <unordered_map>
#include <vector>

namespace pinlab::workloads {

namespace {

constexpr std::string_view kMagic = "pinlab-trace";
constexpr std::uint64_t kVersion = 1;

/// What an identifier stands for.
struct Named {
  std::uint32_t slot = 0;
  std::uint32_t references = 0;
  std::uint64_t freed_at = 0;            ///< line; 0: it lives
  std::vector<std::uint32_t> pins = {};  ///< newest last; they outlast the object's free
};

/// The threads of a trace, whose steps are replayed one by one in the trace's order. The first
/// needs no name.
class TextThreads {
 public:
  /// The steps from here on are its own.
  void go_on(std::string_view id, const TextWords& words) {
    const std::uint64_t ended = ended_at_.try_emplace(std::string(id), 0).first->second;
    if (ended != 0) {
      words.fail("thread " + quoted(id) + " ended in line " + std::to_string(ended));
    }
    current_ = id;
  }
  void end(std::string_view id, std::uint64_t line, const TextWords& words) {
    const auto found = ended_at_.find(std::string(id));
    if (found == ended_at_.end()) {
      words.fail("thread " + quoted(id) + " made no step");
    }
    if (found->second != 0) {
      words.fail("thread " + quoted(id) + " ended in line " + std::to_string(found->second));
    }
    found->second = line;
  }
  /// Whether the thread whose turn it is can make a step.
  void check_step(const TextWords& words) const {
    const auto found = ended_at_.find(current_);
    if (found != ended_at_.end() && found->second != 0) {
      words.fail("a step of thread " + quoted(current_) + ", which ended in line " +
                 std::to_string(found->second));
    }
  }

 private:
  std::string current_;
  std::unordered_map<std::string, std::uint64_t> ended_at_;  ///< line; 0: it runs
};

class TextForm {
 public:
  TextForm(LineReader& lines, CallStacks& stacks, EventRecorder& recorder)
      : lines_(lines), stacks_(stacks), recorder_(recorder) {}

  void read() {
    lines_.next();
    TextWords first(lines_);
    static_cast<void>(first.next("pinlab-trace"));
    if (first.number("a version") != kVersion) {
      first.fail("only version 1 can be read");
    }
    first.end();
    while (lines_.next()) {
      TextWords words(lines_);
      if (!words.more() || lines_.line().front() == '#') {
        continue;
      }
      if (ended_) {
        words.fail("nothing may follow the line 'end'");
      }
      take(words);
    }
    if (!ended_) {
      throw TraceError(lines_.path(), 0, 0,
                       "the trace ends early: its last line must be 'end', and line " +
                           std::to_string(lines_.number() - 1) + " is the last");
    }
  }

 private:
  void take(TextWords& words) {
    const std::string_view verb = words.next("a step");
    if (verb != "thread" && verb != "exit" && verb != "end") {
      threads_.check_step(words);
    }
    if (verb == "thread") {
      threads_.go_on(words.next("a thread"), words);
    } else if (verb == "exit") {
      threads_.end(words.next("a thread"), lines_.number(), words);
    } else if (verb == "allocate") {
      take_allocate(words);
    } else if (verb == "free") {
      Named& object = living(words);
      object.freed_at = lines_.number();
      recorder_.free(object.slot);
    } else if (verb == "link") {
      take_link(words);
    } else if (verb == "pin") {
      Named& object = living(words);
      object.pins.push_back(recorder_.pin(object.slot));
    } else if (verb == "unpin") {
      take_unpin(words);
    } else if (verb == "end") {
      ended_ = true;
    } else {
      words.fail("expected allocate, free, link, pin, unpin, thread, exit or end, found " +
                 quoted(verb));
    }
    words.end();
  }

  void take_allocate(TextWords& words) {
    const std::string_view id = words.next("an identifier");
    Named& object = objects_.try_emplace(std::string(id), Named{.freed_at = kNever}).first->second;
    if (object.freed_at == 0) {
      words.fail(quoted(id) + " lives already");
    }
    if (!object.pins.empty()) {
      words.fail(quoted(id) + " was freed in line " + std::to_string(object.freed_at) +
                 " and is still pinned");
    }
    const std::uint64_t bytes = words.number("bytes", heap::kMaxObjectBytes);
    const std::uint64_t references =
        words.more() ? words.number("references", heap::Header::kFieldMax - 1) : 0;
    if (!recorder_.fits(bytes)) {
      words.fail("the sizes so far add up to 2^64 bytes or more");
    }
    const std::uint32_t site = site_of(words.rest());
    object.references = static_cast<std::uint32_t>(references);
    object.slot = recorder_.allocate(site, bytes, object.references);
    object.freed_at = 0;
  }

  void take_link(TextWords& words) {
    const Named& holder = living(words);
    if (holder.references == 0) {
      words.fail("it has no references");
    }
    const std::uint64_t index = words.number("an index", holder.references - 1);
    // An object may be linked to itself.
    TextWords peek = words;
    const bool null = peek.next("an identifier, or -") == "-";
    if (null) {
      words = peek;
    }
    recorder_.link(holder.slot, static_cast<std::uint32_t>(index),
                   null ? EventRecorder::kNothing : living(words).slot);
  }

  void take_unpin(TextWords& words) {
    const std::string_view id = words.next("an identifier");
    const auto found = objects_.find(std::string(id));
    if (found == objects_.end() || found->second.pins.empty()) {
      words.fail(quoted(id) + " is not pinned");
    }
    recorder_.unpin(found->second.pins.back());
    found->second.pins.pop_back();
  }

  Named& living(TextWords& words) {
    const std::string_view id = words.next("an identifier");
    const auto found = objects_.find(std::string(id));
    if (found == objects_.end()) {
      words.fail("nothing was allocated as " + quoted(id));
    }
    if (found->second.freed_at != 0) {
      words.fail(quoted(id) + " was freed in line " + std::to_string(found->second.freed_at));
    }
    return found->second;
  }

  std::uint32_t site_of(std::string_view name) {
    if (name.empty()) {
      return stacks_.site_of(0);
    }
    auto found = sites_.find(std::string(name));
    if (found == sites_.end()) {
      const SourceFrame frame = {.function = stacks_.add_string(name), .file = 0, .line = 0};
      const std::uint32_t location = stacks_.add_location({}, {&frame, 1});
      found = sites_.emplace(name, stacks_.add_stack(0, location)).first;
    }
    return stacks_.site_of(found->second);
  }

  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  LineReader& lines_;
  CallStacks& stacks_;
  EventRecorder& recorder_;
  bool ended_ = false;
  TextThreads threads_;
  std::unordered_map<std::string, Named> objects_;        // looked up, never walked
  std::unordered_map<std::string, std::uint32_t> sites_;  // stacks by name, likewise
};

}  // namespace

bool is_text_form(LineReader& lines) {
  return lines.starts_with(kMagic);
}

void read_text_form(LineReader& lines, CallStacks& stacks, EventRecorder& recorder) {
  lines.allow_unended();
  TextForm(lines, stacks, recorder).read();
}

}  // namespace pinlab::workloads
