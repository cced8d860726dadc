// pinlab minheap: the smallest heap of a configuration, and how much pins inflate it.
#include "harness/command.hpp"
#include "harness/human.hpp"
#include "harness/output_file.hpp"
#include "harness/sweep/minimal_heap.hpp"
#include "harness/sweep/sweep.hpp"

#include <algorithm>
#include <csignal>

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
What a probe came to is in the file of --out before the next one begins: killed or interrupted, a
search loses the run that was going on, and the same command goes on from there. What the file
knows is not run again, unless another --timeout may change how it ends.
Exit codes: 0 all were found, 2 usage, 3 a run ended in a way that no heap mends, or the file is
damaged, 5 not even heap.max was enough for some, 130 interrupted.
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
     .summary = "what is found, for pinlab sweep --minheap; goes on with what is there"},
    {.name = "timeout",
     .type = ParameterType::time,
     .default_text = "60s",
     .summary = "a longer run counts as failed; 0s: none"},
});

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

constexpr std::array<std::size_t, 5> kWidths = {11, 9, 11, 8, 12};

std::string row_of(const std::array<std::string, kWidths.size()>& columns) {
  std::string row;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    row += right(columns[i], kWidths[i]);
  }
  return row;
}

std::string row_of(const FoundHeap& found) {
  const HeapSearch& search = found.search;
  const std::optional<std::uint64_t> inflation = inflation_of(found);
  return row_of({search.minimum ? human_bytes(*search.minimum * search.block) : "none",
                 search.minimum ? std::to_string(*search.minimum) : "-",
                 inflation ? human_ratio(*inflation) : "-", std::to_string(search.probes.size()),
                 std::to_string(search.taken_over)}) +
         "  " + (found.label.empty() ? "as given" : found.label) + "\n";
}

/// On a terminal: the line that says what is tried now. Whatever ends, it goes.
class Line {
 public:
  explicit Line(const Console& console) : console_(console) {}
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() { draw(""); }

  void draw(const std::string& text) const {
    if (console_.is_live()) {
      console_.redraw(text);
    }
  }

 private:
  const Console& console_;
};

/// How many runs a search takes is not known before it: bisection and what it finds decide that.
std::string state_of(const HeapSearch& search, std::uint64_t tried) {
  std::string text = human_count(search.probes.size(), "probe");
  if (search.taken_over > 0) {
    text += ", " + std::to_string(search.taken_over) + " taken over";
  }
  text += ", trying " + human_bytes(tried);
  std::uint64_t wall = 0;
  std::uint64_t ran = 0;
  for (const Probe& probe : search.probes) {
    wall += probe.wall;
    ran += probe.wall > 0 ? 1U : 0U;
  }
  return ran > 0 ? text + ", " + human_time(wall / ran) + " each" : text;
}

class Searches {
 public:
  Searches(const Line& line, const Console& console, HeapSearcher& searcher, HeapFile& file)
      : line_(line), console_(console), searcher_(searcher), file_(file) {}

  void search(const Cell& cell) {
    const Settings plain = without_pins(cell.settings);
    const std::string plain_id = searcher_.id_of(plain);
    FoundHeap found{.label = label_of(cell), .search = {}, .pins = pins_anything(cell.parameters)};
    if (found.pins) {
      if (!plain_.contains(plain_id)) {
        plain_[plain_id] = add({.label = plain_label(cell), .search = searcher_.search(plain)});
      }
      found.without = plain_[plain_id];
    }
    found.search = searcher_.search(cell.settings);
    const bool pins = found.pins;
    const std::optional<std::uint64_t> minimum = add(std::move(found));
    if (!pins) {
      plain_[plain_id] = minimum;
    }
  }

 private:
  static std::string plain_label(const Cell& cell) {
    std::string label = "without pins";
    for (const Setting& axis : cell.axes) {
      label += is_pinning(axis.name) ? "" : " " + axis.name + "=" + axis.text;
    }
    return label;
  }

  std::optional<std::uint64_t> add(FoundHeap found) {
    const std::optional<std::uint64_t> minimum = found.search.minimum;
    line_.draw("");
    console_.err(row_of(found));
    file_.add(std::move(found));
    return minimum;
  }

  const Line& line_;
  const Console& console_;
  HeapSearcher& searcher_;
  HeapFile& file_;
  std::map<std::string, std::optional<std::uint64_t>> plain_;  ///< blocks without pins, by id
};

Matrix matrix_of(const Invocation& invocation) {
  Matrix matrix;
  for (const Setting& axis : invocation.repeated) {
    matrix.axes.push_back(parse_axis(axis.text));
  }
  matrix.fixed = invocation.parameters;
  matrix.order = CellOrder::lexical;
  return matrix;
}

ExitCode run(const Invocation& invocation) {
  Console& console = invocation.console;
  const std::vector<Cell> cells = cells_of(matrix_of(invocation), {});
  const std::string& path = output_name(invocation.options, "out");
  const std::uint64_t timeout = invocation.options.time("timeout");
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of writing
  HeapFile file(path, timeout, program_info("/proc/self/exe"));
  const SignalFile signals;
  std::size_t searched = 0;
  bool stopped = false;
  try {
    const Line line(console);
    HeapSearcher searcher("/proc/self/exe", {.timeout = timeout, .memory = 0}, file, signals,
                          [&](const HeapSearch& search, std::uint64_t tried) {
                            line.draw(std::to_string(searched) + " of " +
                                      human_count(cells.size(), "configuration") + "; " +
                                      state_of(search, tried));
                          });
    Searches searches(line, console, searcher, file);
    for (const Cell& cell : cells) {
      searches.search(cell);
      ++searched;
    }
  } catch (const HeapSearcher::StopAsked&) {
    stopped = true;
    console.complain("interrupted: " + std::to_string(searched) + " of " +
                     human_count(cells.size(), "configuration") + " searched; started again, it " +
                     (file.is_kept() ? "goes on from here"
                                     : "begins anew, since no --out=FILE keeps its probes"));
  }
  file.end(!stopped);
  std::string text =
      console.heading(row_of({"smallest", "blocks", "inflation", "probes", "taken over"})) + "\n";
  bool all = true;
  for (const FoundHeap& found : file.found()) {
    text += row_of(found);
    all = all && found.search.minimum.has_value();
  }
  if (path == "-") {
    console.err(text);
    console.out(file.text(!stopped));
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
