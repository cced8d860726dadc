#include "harness/sweep/heap_file.hpp"

#include "harness/json_input.hpp"
#include "harness/output_file.hpp"
#include "harness/record.hpp"
#include "harness/sweep/checked_json.hpp"
#include "harness/sweep/sweep.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>

namespace pinlab::harness {

namespace {

constexpr std::string_view kSchema = "pinlab/minheap/2";

/// How a probe can end; any other ending ends its search.
constexpr auto kEndings = std::to_array<std::string_view>(
    {"completed", "heap_exhausted", "gc_blocked", "timeout", "refused"});

/// What ends within a time ends within a longer one too, and what does not end within it does not
/// end within a shorter one. 0 is no limit.
bool holds(const Probe& probe, std::uint64_t then, std::uint64_t now) {
  constexpr std::uint64_t any = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t limit_then = then == 0 ? any : then;
  const std::uint64_t limit_now = now == 0 ? any : now;
  return probe.outcome == "timeout" ? limit_now <= limit_then : limit_now >= limit_then;
}

template <class Number>
Json number_or_null(const std::optional<Number>& number) {
  return number ? Json(*number) : Json();
}

Json json_of(const Probe& probe) {
  const bool completed = probe.outcome == "completed";
  return {{"blocks", probe.blocks},
          {"outcome", probe.outcome},
          {"live", completed ? Json(probe.live) : Json()}};
}

Json json_of(const FoundHeap& heap) {
  const HeapSearch& search = heap.search;
  std::optional<std::uint64_t> bytes = search.minimum;
  if (bytes) {
    *bytes *= search.block;
  }
  Json json = {{"id", search.id},
               {"label", heap.label},
               {"pins", heap.pins},
               {"minimum", number_or_null(bytes)},
               {"blocks", number_or_null(search.minimum)},
               {"inflation", number_or_null(inflation_of(heap))},
               {"parameters", json_of(search.parameters)},
               {"probes", Json::array()}};
  for (const Probe& probe : search.probes) {
    json["probes"].push_back(json_of(probe));
  }
  return json;
}

Probe probe_at(const Place& place, const Json& json) {
  Probe probe{.blocks = count_in(place, json, "blocks"),
              .outcome = text_in(place, json, "outcome")};
  if (std::ranges::find(kEndings, probe.outcome) == kEndings.end()) {
    place.in("outcome").refuse("no probe ends so");
  }
  if (probe.outcome == "completed") {
    probe.live = count_in(place, json, "live");
  }
  return probe;
}

}  // namespace

std::optional<std::uint64_t> inflation_of(const FoundHeap& heap) {
  if (!heap.search.minimum || !heap.without) {
    return std::nullopt;
  }
  return parts_per_million(*heap.search.minimum, *heap.without);
}

HeapFile::HeapFile(std::string path, std::uint64_t timeout, ProgramInfo program)
    : path_(std::move(path)), timeout_(timeout), program_(std::move(program)) {
  if (path_.empty()) {
    return;
  }
  const OutputFile writable(path_);  // known before the searches, not after them
  std::error_code error;
  const bool is_there = std::filesystem::exists(path_, error);
  if (path_ != "-" && (!is_there || std::filesystem::is_regular_file(path_, error))) {
    lock_.emplace(path_ + ".minheap-lock", path_ + ": another minheap works on it");
    read();
  }
}

void HeapFile::read() {
  const std::string text = std::filesystem::exists(path_) ? read_file(path_) : std::string();
  if (text.empty()) {  // of mktemp
    return;
  }
  const Json json = parse_file(path_, text);
  const Place top{path_, text};
  require_schema(top, json, kSchema);
  const Place program = top.in("program");
  const Json& maker = member(top, json, "program");
  if (text_in(program, maker, "hash") != program_.hash) {
    throw UsageError(path_ + " was begun by another program (" +
                     text_in(program, maker, "version") +
                     "), and heaps of two programs do not belong together: take a new file");
  }
  const auto take = [&](const Place& place, const Json& entry, std::uint64_t timeout) {
    Known& known = known_[{text_in(place, entry, "id"), timeout}];
    known.parameters = dump(json_of(settings_in(place, entry, "parameters")));
    for_each_in(place, entry, "probes", [&](const Place& probe_place, const Json& probe) {
      const Probe there = probe_at(probe_place, probe);
      known.probes[there.blocks] = {.probe = there};
    });
  };
  const std::uint64_t timeout = count_in(top, json, "timeout");
  for_each_in(top, json, "heaps",
              [&](const Place& place, const Json& entry) { take(place, entry, timeout); });
  for_each_in(top, json, "kept", [&](const Place& place, const Json& entry) {
    take(place, entry, count_in(place, entry, "timeout"));
  });
}

std::optional<Probe> HeapFile::known(const std::string& id, std::uint64_t blocks) const {
  for (auto at = known_.lower_bound({id, 0}); at != known_.end() && at->first.first == id; ++at) {
    const auto found = at->second.probes.find(blocks);
    if (found != at->second.probes.end() &&
        holds(found->second.probe, at->first.second, timeout_)) {
      return found->second.probe;
    }
  }
  return std::nullopt;
}

void HeapFile::add(const HeapSearch& search, const Probe& probe) {
  Known& known = known_[{search.id, timeout_}];
  known.parameters = dump(json_of(search.parameters));
  known.probes[probe.blocks] = {.probe = probe};
  save(false);
}

void HeapFile::add(FoundHeap heap) {
  Known& known = known_[{heap.search.id, timeout_}];
  for (const Probe& probe : heap.search.probes) {
    known.probes[probe.blocks] = {.probe = probe, .listed = true};
  }
  heaps_ += (heaps_.empty() ? "\n " : ",\n ") + dump(json_of(heap));
  const bool is_new = heap.search.taken_over < heap.search.probes.size();
  found_.push_back(std::move(heap));
  if (is_new) {
    save(false);
  }
}

void HeapFile::end(bool finished) {
  if (is_kept()) {
    save(finished);
  } else if (!path_.empty() && path_ != "-") {
    write_file(path_, text(finished));
  }
}

void HeapFile::save(bool finished) const {
  if (is_kept()) {
    write_file(path_, text(finished));
  }
}

std::string HeapFile::text(bool finished) const {
  std::string kept;
  for (const auto& [key, known] : known_) {
    Json probes = Json::array();
    for (const auto& [blocks, entry] : known.probes) {
      if (!entry.listed) {
        probes.push_back(json_of(entry.probe));
      }
    }
    if (!probes.empty()) {
      kept += (kept.empty() ? "\n {\"id\":" : ",\n {\"id\":") + dump(key.first) +
              ",\"timeout\":" + std::to_string(key.second) + ",\"parameters\":" + known.parameters +
              ",\"probes\":" + dump(probes) + "}";
    }
  }
  return "{\n\"schema\": " + dump(kSchema) +
         ",\n\"program\": " + dump({{"hash", program_.hash}, {"version", program_.version}}) +
         ",\n\"timeout\": " + std::to_string(timeout_) +
         ",\n\"finished\": " + (finished ? "true" : "false") + ",\n\"heaps\": [" + heaps_ +
         "\n],\n\"kept\": [" + kept + "\n]\n}\n";
}

std::vector<MinimalHeap> read_minimal_heaps(const std::string& path) {
  const std::string text = read_file(path);
  const Json json = parse_file(path, text);
  const Place top{path, text};
  require_schema(top, json, kSchema);
  if (!flag_in(top, json, "finished")) {
    top.in("finished")
        .refuse(
            "it is false: not all heaps that were asked for are found; pinlab minheap, started "
            "again "
            "as it was, goes on with them");
  }
  std::vector<MinimalHeap> heaps;
  for_each_in(top, json, "heaps", [&](const Place& place, const Json& entry) {
    if (flag_in(place, entry, "pins") || member(place, entry, "minimum").is_null()) {
      return;
    }
    MinimalHeap heap{.parameters = {}, .seed = "1", .bytes = count_in(place, entry, "minimum")};
    for (const Setting& setting : settings_in(place, entry, "parameters")) {
      if (setting.name == "workload" || setting.name.starts_with("workload.")) {
        heap.parameters.push_back(setting);
      } else if (setting.name == "seed") {
        heap.seed = setting.text;
      }
    }
    heaps.push_back(std::move(heap));
  });
  return heaps;
}

}  // namespace pinlab::harness
