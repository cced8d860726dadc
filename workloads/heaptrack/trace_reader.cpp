// Reads a recorded heap: the lines that both forms share, and which form the others belong to.
// Invariant: no line is passed over without being understood.
#include "workloads/heaptrack/event_recorder.hpp"
#include "workloads/heaptrack/line_reader.hpp"
#include "workloads/heaptrack/site_names.hpp"
#include "workloads/heaptrack/text_forms.hpp"
#include "workloads/heaptrack/trace.hpp"
#include "workloads/heaptrack/trace_forms.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace pinlab::workloads {
namespace {

constexpr std::uint64_t kFileVersion = 3;
/// Bytes. heaptrack reads 4096 of the command line.
constexpr std::size_t kLongestCommand = 8192;

/// Whether a whole trace is wanted or only what its sites are called.
enum class Wanted : std::uint8_t { everything, names };

/// Whether `line` is "I PAGESIZE PAGES": two numbers.
bool is_machine_line(std::string_view line) {
  const auto skip_number = [&line] {
    const std::size_t digits = std::min(line.find_first_not_of("0123456789abcdef"), line.size());
    line.remove_prefix(digits);
    return digits != 0;
  };
  const auto skip = [&line](std::string_view text) {
    const bool found = line.substr(0, text.size()) == text;
    line.remove_prefix(found ? text.size() : 0);
    return found;
  };
  return skip("I ") && skip_number() && skip(" ") && skip_number() && line.empty();
}

/// Reads one file.
class TraceReader {
 public:
  TraceReader(const std::string& path, Wanted wanted, FreeOrder order, std::uint64_t seed)
      : lines_(path), wanted_(wanted), order_(order), seed_(seed) {}

  /// Reads it to its end. Throws TraceError.
  void read();

  [[nodiscard]] TraceForm form() const { return form_; }
  [[nodiscard]] CallStacks& stacks() { return stacks_; }
  /// What was read; the reader has it no more.
  [[nodiscard]] Trace take();

 private:
  void read_version();
  void take_line();
  bool take_shared_line(char tag, LineFields& fields);
  void read_command();
  bool take_line_of_form(char tag, LineFields& fields);
  void choose_form(char tag);

  LineReader lines_;
  Wanted wanted_;
  FreeOrder order_;
  std::uint64_t seed_;
  bool has_command_ = false;
  std::string command_;
  CallStacks stacks_;
  EventRecorder recorder_;
  TraceForm form_ = TraceForm::empty;
  std::unique_ptr<LineForm> lines_of_form_;  ///< null while form_ is empty
};

void TraceReader::read() {
  if (is_text_form(lines_)) {
    form_ = TraceForm::text;
    read_text_form(lines_, stacks_, recorder_);
    return;
  }
  if (is_rep_form(lines_)) {
    form_ = TraceForm::rep;
    read_rep_form(lines_, stacks_, recorder_);
    return;
  }
  read_version();
  while (lines_.next()) {
    take_line();
  }
}

void TraceReader::read_version() {
  // Asked before a line is read: a foreign file may have no newline at all.
  if (!lines_.starts_with("v ")) {
    const std::string_view rest = lines_.rest();
    const std::string found = rest.empty() ? "nothing: it is empty" : quoted(rest);
    throw TraceError(lines_.path(), 1, 0,
                     "not a heaptrack trace: expected 'v ' and two versions, found " + found);
  }
  lines_.next();
  LineFields fields(lines_);
  fields.hex("heaptrack's version");
  const std::uint64_t version = fields.hex("heaptrack's file version");
  if (version != kFileVersion) {
    fields.fail("file version " + std::to_string(version) + ": only version " +
                std::to_string(kFileVersion) + " can be read, which heaptrack 1.3 to 1.5 write");
  }
  fields.end();
}

void TraceReader::take_line() {
  const std::string_view line = lines_.line();
  if (line.empty() || line.front() == '#') {
    return;
  }
  LineFields fields(lines_);
  if (!take_line_of_form(line.front(), fields) && !take_shared_line(line.front(), fields)) {
    const char* form = form_ == TraceForm::raw ? "the raw form"
                       : form_ == TraceForm::interpreted
                           ? "the interpreted form"
                           : "a trace before its first module or string";
    lines_.fail(0, std::string("expected a line of ") + form + ", found " + quoted(line));
  }
}

bool TraceReader::take_line_of_form(char tag, LineFields& fields) {
  if (lines_of_form_ == nullptr) {
    choose_form(tag);
  }
  if (lines_of_form_ != nullptr) {
    return lines_of_form_->take(tag, fields);
  }
  if (tag == '-') {
    // heaptrack was attached to a running program: it frees what was allocated before.
    fields.hex("a pointer");
    fields.end();
    recorder_.ignore_free();
    return true;
  }
  return false;
}

void TraceReader::choose_form(char tag) {
  // heaptrack writes its modules before the first stack; the interpreter its strings.
  if (tag == 'x' || tag == 'm') {
    form_ = TraceForm::raw;
    lines_of_form_ = std::make_unique<RawForm>(stacks_, recorder_);
  } else if (tag == 's' || tag == 'i' || tag == 'a') {
    form_ = TraceForm::interpreted;
    lines_of_form_ = std::make_unique<InterpretedForm>(
        stacks_, wanted_ == Wanted::everything ? &recorder_ : nullptr, order_, seed_);
  }
}

bool TraceReader::take_shared_line(char tag, LineFields& fields) {
  switch (tag) {
    case 'X':
      read_command();
      return true;
    case 'I':
      fields.hex("the bytes of a page");
      fields.hex("the pages of the machine");
      fields.end();
      return true;
    case 'c':
      fields.hex("a time in milliseconds");
      fields.end();
      return true;
    case 'R':
      fields.hex("the resident pages");
      fields.end();
      return true;
    case 'A':  // attached to a running program
      fields.end();
      return true;
    case 'S':  // a suppression of leaks, free text
      return true;
    default:
      return false;
  }
}

void TraceReader::read_command() {
  if (has_command_) {
    lines_.fail(0, "a second command line: two traces in one file?");
  }
  has_command_ = true;
  command_ = lines_.line().substr(std::min<std::size_t>(lines_.line().size(), 2));
  const TraceError unended(
      lines_.path(), lines_.number(), lines_.offset(),
      "the command line does not end: expected a line 'I PAGESIZE PAGES' after it");
  // An argument may hold newlines, so the command ends where heaptrack's next line stands.
  while (lines_.next()) {
    if (is_machine_line(lines_.line())) {
      return;
    }
    command_.append("\n").append(lines_.line());
    if (command_.size() > kLongestCommand) {
      break;
    }
  }
  throw unended;
}

Trace TraceReader::take() {
  TraceTotals totals = recorder_.totals();
  totals.unnamed_sites = stacks_.unnamed_sites();
  return Trace({form_, std::move(command_), recorder_.slots(), totals, recorder_.take_events(),
                std::move(stacks_)});
}

/// Gives the sites that `reader` read from `path` the names that the trace at `names_path` knows.
void read_names(TraceReader& reader, const std::string& path, const std::string& names_path) {
  if (reader.form() == TraceForm::interpreted) {
    throw TraceError(path, 0, 0,
                     "is interpreted and names its sites itself; leave out " + names_path);
  }
  if (reader.form() == TraceForm::text || reader.form() == TraceForm::rep) {
    throw TraceError(path, 0, 0,
                     "is no raw recording, and takes no names; leave out " + names_path);
  }
  TraceReader names(names_path, Wanted::names, FreeOrder::fifo, 0);
  names.read();
  if (names.form() != TraceForm::interpreted) {
    throw TraceError(names_path, 0, 0, "names no sites: it is not in heaptrack's interpreted form");
  }
  // Two programs share libraries, and names for those alone would look like success.
  const std::string& program = reader.stacks().program();
  if (!program.empty() && !names.stacks().has_string(program)) {
    throw TraceError(names_path, 0, 0, "is of another program: " + path + " is of " + program);
  }
  if (name_from(reader.stacks(), names.stacks()) == 0 && reader.stacks().site_count() != 0) {
    throw TraceError(names_path, 0, 0, "names no code of " + path + ": is it of the same build?");
  }
}

}  // namespace

Trace read_trace(const std::string& path,
                 FreeOrder order,
                 std::uint64_t seed,
                 const std::string& names_path) {
  TraceReader reader(path, Wanted::everything, order, seed);
  reader.read();
  if (!names_path.empty()) {
    read_names(reader, path, names_path);
  }
  return reader.take();
}

}  // namespace pinlab::workloads
