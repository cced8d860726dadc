#include "harness/sweep/minimal_heap.hpp"

#include "harness/outcome.hpp"
#include "harness/sweep/folder.hpp"

#include <algorithm>
#include <charconv>

#include <sys/wait.h>

namespace pinlab::harness {

namespace {

std::string heap_text(std::uint64_t blocks, std::uint64_t block) {
  return heap::canonical_number(heap::ParameterType::size, blocks * block);
}

/// What a record is asked for changes no decision, and costs a search time.
Settings without_measuring(Settings settings) {
  for (const auto& [name, text] : {std::pair{"record.hostage", "false"},
                                   {"record.digest", "none"},
                                   {"record.collections", "summary"}}) {
    if (std::ranges::find(settings, name, &Setting::name) == settings.end()) {
      settings.push_back({name, text});
    }
  }
  return settings;
}

/// The parameters that a probe decides.
std::vector<std::string_view> sizes_of(const heap::ParameterValues& values) {
  std::vector<std::string_view> names = {"heap.max"};
  if (!values.given("nursery.size")) {
    names.emplace_back("nursery.size");
  }
  return names;
}

bool is_want_of_memory(const std::string& outcome) {
  return outcome == "heap_exhausted" || outcome == "timeout" || outcome == "gc_blocked";
}

}  // namespace

std::uint64_t live_peak_of(const std::string& figures) {
  constexpr std::string_view key = "\"live_peak\":";
  const std::size_t at = figures.find(key);
  std::uint64_t bytes = 0;
  if (at != std::string::npos) {
    const char* const begin = figures.data() + at + key.size();
    std::from_chars(begin, figures.data() + figures.size(), bytes);
  }
  return bytes;
}

HeapSearcher::Run HeapSearcher::run(std::uint64_t blocks) {
  std::vector<std::string> arguments = {program_, "run",
                                        "--heap.max=" + heap_text(blocks, found_.block)};
  for (const Setting& setting : settings_) {
    arguments.push_back("--" + setting.name + "=" + setting.text);
  }
  arguments.emplace_back("--figures=/dev/fd/3");
  if (limits_.timeout > 0) {
    arguments.push_back("--timeout=" + std::to_string(limits_.timeout) + "ns");
  }
  Child child(arguments, "/dev/null", limits_);
  while (true) {
    if (signals_.wait(std::chrono::milliseconds(20))) {
      throw StopAsked{};
    }
    const std::optional<ChildEnding> ending = child.poll();
    if (!ending) {
      continue;
    }
    const std::optional<RunFigures> figures = read_figures(ending->figures);
    if (!figures) {
      const bool usage = WIFEXITED(ending->status) && WEXITSTATUS(ending->status) == 2;
      return {.outcome = usage                ? "refused"
                         : ending->killed_for ? "timeout"
                                              : "crashed",
              .reason = "it left no figures",
              .live = 0,
              .wall = ending->wall};
    }
    return {.outcome = figures->outcome,
            .reason = figures->reason,
            .live = live_peak_of(ending->figures),
            .wall = ending->wall};
  }
}

Probe HeapSearcher::probe(std::uint64_t blocks) {
  const std::string size = heap_text(blocks, found_.block);
  Settings settings = settings_;
  settings.push_back({"heap.max", size});
  try {
    static_cast<void>(resolve({}, settings));
  } catch (const std::invalid_argument&) {  // a nursery larger than the heap, and the like
    return {.blocks = blocks, .outcome = "refused"};
  }
  if (std::optional<Probe> known = file_.known(found_.id, blocks)) {
    ++found_.taken_over;
    known->wall = 0;
    return *known;
  }
  listener_(found_, blocks * found_.block);
  const Run run = this->run(blocks);
  if (run.outcome != "completed" && run.outcome != "refused" && !is_want_of_memory(run.outcome)) {
    throw InputError("a run of " + size + " ended in " + run.outcome +
                     ", which no heap mends: " + run.reason);
  }
  const Probe probe{.blocks = blocks, .outcome = run.outcome, .live = run.live, .wall = run.wall};
  file_.add(found_, probe);
  return probe;
}

bool HeapSearcher::completes(std::uint64_t blocks) {
  const auto known = known_.find(blocks);
  if (known != known_.end()) {
    return known->second;
  }
  found_.probes.push_back(probe(blocks));
  return known_[blocks] = found_.probes.back().outcome == "completed";
}

std::uint64_t HeapSearcher::bisect(std::uint64_t fails, std::uint64_t completing) {
  while (completing - fails > 1) {
    const std::uint64_t middle = fails + (completing - fails) / 2;
    (completes(middle) ? completing : fails) = middle;
  }
  return completing;
}

/// The first size from `blocks` on that completes with those behind it.
std::optional<std::uint64_t> HeapSearcher::confirm(std::uint64_t blocks, std::uint64_t most) {
  std::uint64_t candidate = blocks;
  for (std::uint64_t size = blocks; size <= most + kConfirmed; ++size) {
    if (!completes(size)) {
      candidate = size + 1;
    } else if (size == candidate + kConfirmed) {
      return candidate;
    }
  }
  return std::nullopt;
}

std::string HeapSearcher::id_of(const Settings& settings) {
  const heap::ParameterValues values = resolve({}, settings);
  return ids_.of(values, sizes_of(values));
}

HeapSearch HeapSearcher::search(const Settings& settings) {
  const heap::ParameterValues values = resolve({}, settings);
  const std::vector<std::string_view> left_out = sizes_of(values);
  settings_ = without_measuring(settings);
  std::erase_if(settings_, [](const Setting& setting) { return setting.name == "heap.max"; });
  known_.clear();
  found_ = {.id = ids_.of(values, left_out),
            .parameters = {},
            .block = values.size("heap.block"),
            .minimum = {}};
  for (const heap::Parameter& parameter : values.parameters()) {
    if (std::ranges::find(left_out, parameter.name) == left_out.end()) {
      found_.parameters.push_back({std::string(parameter.name), values.canonical(parameter.name)});
    }
  }
  const std::uint64_t most = values.size("heap.max") / found_.block;
  if (completes(most)) {
    // What was live at a time must fit: no smaller heap needs to be tried.
    const std::uint64_t live = found_.probes.front().live;
    const std::uint64_t too_small = std::min(live / found_.block, most - 1);
    found_.minimum = confirm(bisect(too_small, most), most);
  }
  return found_;
}

}  // namespace pinlab::harness
