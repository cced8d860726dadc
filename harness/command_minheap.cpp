// pinlab minheap: the smallest heap of a configuration, and how much pins inflate it.
#include "harness/command.hpp"
#include "harness/human.hpp"
#include "harness/output_file.hpp"
#include "harness/record.hpp"
#include "harness/sweep/event_log.hpp"
#include "harness/sweep/minimal_heap.hpp"
#include "harness/sweep/sweep.hpp"

#include <algorithm>

namespace pinlab::harness {

namespace {

using heap::ParameterType;

constexpr std::string_view kLesson = R"(  pinlab minheap --pin.share=1% --pin.lifetime=forever
  pinlab minheap --workload=gcbench --axis pin.share=0,0.1%,1% --out=minheap.json
  pinlab sweep --out=DIR --minheap=minheap.json --axis heap.max=1.25*min:4*min:log#5

Searches by bisection, in blocks, for the smallest heap at which the program completes, and the next
four sizes too; heap.max is the largest that is tried. What was live at a time is never tried below.
A run that takes longer than --timeout counts as failed, as one that lacks memory does. Where a
configuration pins, the same without pins is searched too, and inflation is the ratio of the two.
Runs with seed and program equal end equally, so the result is exact; between the sizes that were
tried others may behave otherwise, and the file lists every probe.
Exit codes: 0 all were found, 2 usage, 3 a run ended in a way that no heap mends, 5 not even
heap.max was enough for some, 130 interrupted; what was found is written.
)";

constexpr auto kRepeated = std::to_array<heap::Parameter>({
    {.name = "axis",
     .type = ParameterType::text,
     .default_text = "",
     .summary = "name=values, an axis as of pinlab sweep; give it several times"},
});

constexpr auto kOptions = std::to_array<heap::Parameter>({
    {.name = "out",
     .type = ParameterType::text,
     .default_text = "",
     .summary = "write what was found there, for pinlab sweep --minheap"},
    {.name = "timeout",
     .type = ParameterType::time,
     .default_text = "60s",
     .summary = "a longer run counts as failed; 0s: none"},
});

struct Found {
  std::string label;
  HeapSearch search;
  bool pins = false;
  std::optional<std::uint64_t> without;  ///< blocks that the same needs without pins
};

bool is_pinning(std::string_view name) {
  return name.starts_with("pin.");
}

bool pins_anything(const Settings& parameters) {
  return std::ranges::any_of(parameters, [](const Setting& setting) {
    return (setting.name == "pin.share" || setting.name == "pin.count" ||
            setting.name == "pin.rate") &&
           setting.text != "0";
  });
}

Settings without_pins(Settings settings) {
  std::erase_if(settings, [](const Setting& setting) { return is_pinning(setting.name); });
  return settings;
}

std::string json_of(const Settings& settings) {
  std::string text = "{";
  for (const Setting& setting : settings) {
    text += (text.size() > 1 ? "," : "") + json_text(setting.name) + ":" + json_text(setting.text);
  }
  return text + "}";
}

std::string optional_text(const std::optional<std::uint64_t>& number) {
  return number ? std::to_string(*number) : "null";
}

std::optional<std::uint64_t> inflation_of(const Found& found) {
  if (!found.search.minimum || !found.without) {
    return std::nullopt;
  }
  return parts_per_million(*found.search.minimum, *found.without);
}

std::string json_of(const Found& found) {
  std::string probes;
  for (const Probe& probe : found.search.probes) {
    probes += (probes.empty() ? "" : ",") + std::string("{\"blocks\":") +
              std::to_string(probe.blocks) + ",\"outcome\":" + json_text(probe.outcome) + "}";
  }
  std::optional<std::uint64_t> bytes = found.search.minimum;
  if (bytes) {
    *bytes *= found.search.block;
  }
  return "{\"label\":" + json_text(found.label) + ",\"pins\":" + (found.pins ? "true" : "false") +
         ",\"minimum\":" + optional_text(bytes) +
         ",\"blocks\":" + optional_text(found.search.minimum) +
         ",\"inflation\":" + optional_text(inflation_of(found)) +
         ",\"parameters\":" + json_of(found.search.parameters) + ",\"probes\":[" + probes + "]}";
}

std::string file_text(const std::vector<Found>& all, const ProgramInfo& program) {
  std::string text =
      "{\n\"schema\": \"pinlab/minheap/1\",\n\"program\": {\"hash\":" + json_text(program.hash) +
      ",\"version\":" + json_text(program.version) + "},\n\"heaps\": [";
  for (const Found& found : all) {
    text += (text.ends_with('[') ? "\n " : ",\n ") + json_of(found);
  }
  return text + "\n]\n}\n";
}

std::string row_of(const Found& found) {
  const HeapSearch& search = found.search;
  const std::optional<std::uint64_t> inflation = inflation_of(found);
  return right(search.minimum ? human_bytes(*search.minimum * search.block) : "none", 11) +
         right(search.minimum ? std::to_string(*search.minimum) : "-", 9) +
         right(inflation ? human_ratio(*inflation) : "-", 11) +
         right(std::to_string(search.probes.size()), 8) + "  " +
         (found.label.empty() ? "as given" : found.label) + "\n";
}

/// On a terminal: the line that says what is tried now.
void draw_line(const Console& console, const std::string& text) {
  if (console.is_live()) {
    console.redraw(text);
  }
}

void erase_line(const Console& console) {
  draw_line(console, "");
}

/// How many runs a search takes is not known before it: bisection and what it finds decide that.
std::string state_of(const HeapSearch& search, std::uint64_t tried) {
  std::string text = human_count(search.probes.size(), "probe") + ", trying " + human_bytes(tried);
  std::uint64_t wall = 0;
  for (const Probe& probe : search.probes) {
    wall += probe.wall;
  }
  if (!search.probes.empty()) {
    text += ", " + human_time(wall / search.probes.size()) + " each";
  }
  return text;
}

class Searches {
 public:
  Searches(const Invocation& invocation, HeapSearcher& searcher)
      : invocation_(invocation), searcher_(searcher) {}

  void search(const Cell& cell) {
    const bool pins = pins_anything(cell.parameters);
    std::optional<std::uint64_t> without;
    if (pins) {
      without = baseline(cell);
    }
    add({.label = label_of(cell),
         .search = searcher_.search(cell.settings),
         .pins = pins,
         .without = without});
    if (!pins) {
      known_[content_of(found_.back())] = found_.back().search.minimum;
    }
  }

  [[nodiscard]] const std::vector<Found>& found() const { return found_; }

  void write() {
    const std::string& path = invocation_.options.text("out");
    if (!path.empty() && path != "-" && !found_.empty()) {
      write_file(path, file_text(found_, program_));
    }
  }

 private:
  /// The smallest heap of the same without pins; searched once.
  std::optional<std::uint64_t> baseline(const Cell& cell) {
    const Settings settings = without_pins(cell.settings);
    Settings plain = settings;
    std::erase_if(plain, [](const Setting& setting) { return setting.name == "heap.max"; });
    std::string label = "without pins";
    for (const Setting& axis : cell.axes) {
      label += is_pinning(axis.name) ? "" : " " + axis.name + "=" + axis.text;
    }
    const heap::ParameterValues values = resolve({}, settings);
    std::string content;
    for (const heap::Parameter& parameter : values.parameters()) {
      content += is_compared(parameter.name)
                     ? "\n" + std::string(parameter.name) + "=" + values.canonical(parameter.name)
                     : "";
    }
    const auto known = known_.find(content);
    if (known != known_.end()) {
      return known->second;
    }
    add({.label = label, .search = searcher_.search(settings), .pins = false, .without = {}});
    return known_[content] = found_.back().search.minimum;
  }

  static bool is_compared(std::string_view name) {
    return name != "heap.max" && name != "nursery.size" && !is_pinning(name);
  }

  static std::string content_of(const Found& found) {
    std::string content;
    for (const Setting& setting : found.search.parameters) {
      content += is_compared(setting.name) ? "\n" + setting.name + "=" + setting.text : "";
    }
    return content;
  }

  void add(Found found) {
    found_.push_back(std::move(found));
    erase_line(invocation_.console);
    invocation_.console.err(row_of(found_.back()));
    write();
  }

  const Invocation& invocation_;
  HeapSearcher& searcher_;
  ProgramInfo program_ = program_info("/proc/self/exe");
  std::vector<Found> found_;
  std::map<std::string, std::optional<std::uint64_t>> known_;
};

ExitCode run(const Invocation& invocation) {
  Matrix matrix;
  for (const Setting& axis : invocation.repeated) {
    matrix.axes.push_back(parse_axis(axis.text));
  }
  for (const Setting& setting : invocation.parameters) {
    matrix.fixed.push_back({setting.name, setting.text});
  }
  matrix.order = CellOrder::lexical;
  const std::vector<Cell> cells = cells_of(matrix, {});
  if (const std::string& path = output_name(invocation.options, "out"); !path.empty()) {
    const OutputFile writable(path);  // known before the searches, not after them
  }
  const SignalFile signals;
  std::size_t searched = 0;
  HeapSearcher searcher(
      "/proc/self/exe", {.timeout = invocation.options.time("timeout"), .memory = 0}, signals,
      [&](const HeapSearch& search, std::uint64_t tried) {
        draw_line(invocation.console, std::to_string(searched) + " of " +
                                          human_count(cells.size(), "configuration") + "; " +
                                          state_of(search, tried));
      });
  Searches searches(invocation, searcher);
  bool stopped = false;
  try {
    for (const Cell& cell : cells) {
      searches.search(cell);
      ++searched;
    }
  } catch (const HeapSearcher::StopAsked&) {
    stopped = true;
    erase_line(invocation.console);
    invocation.console.complain("interrupted: " + std::to_string(searched) + " of " +
                                human_count(cells.size(), "configuration") +
                                " searched; started again, it begins anew");
  }
  Console& console = invocation.console;
  std::string text = console.heading(right("smallest", 11) + right("blocks", 9) +
                                     right("inflation", 11) + right("probes", 8)) +
                     "\n";
  bool all = true;
  for (const Found& found : searches.found()) {
    text += row_of(found);
    all = all && found.search.minimum.has_value();
  }
  if (invocation.options.text("out") == "-") {
    console.err(text);
    console.out(file_text(searches.found(), program_info("/proc/self/exe")));
  } else {
    console.out(text);
  }
  return stopped ? ExitCode::interrupted : all ? ExitCode::done : ExitCode::other_outcome;
}

}  // namespace

Command minheap_command() {
  return {.name = "minheap",
          .operands = "",
          .summary = "the smallest heap that a configuration runs in, and its inflation by pins",
          .lesson = kLesson,
          .options = kOptions,
          .takes_parameters = true,
          .repeated = kRepeated,
          .run = run};
}

}  // namespace pinlab::harness
