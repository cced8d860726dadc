// pinlab sweep status: how far a sweep is, from its files alone.
#include "harness/human.hpp"
#include "harness/sweep/event_log.hpp"
#include "harness/sweep/progress.hpp"
#include "harness/sweep/sweep.hpp"

#include <algorithm>
#include <filesystem>

namespace pinlab::harness {

namespace {

std::string label_of(const ManifestFile& manifest, const std::string& id) {
  const auto found = std::ranges::find(manifest.cells, id, &ManifestCell::id);
  std::string text;
  if (found != manifest.cells.end()) {
    for (const Setting& setting : found->axes) {
      text += " " + setting.name + "=" + setting.text;
    }
  }
  return text.empty() ? " " + id : text;
}

std::size_t cells_of_shard(const ManifestFile& manifest) {
  const std::size_t cells = manifest.cells.size();
  if (!manifest.shard) {
    return cells;
  }
  return cells / manifest.shard->of +
         (manifest.shard->index <= cells % manifest.shard->of ? 1U : 0U);
}

}  // namespace

std::string status_text(const std::string& folder) {
  namespace fs = std::filesystem;
  const auto is_sweep = [](const std::string& path) { return fs::exists(path + "/manifest.json"); };
  if (!is_sweep(folder) && is_sweep(folder + "/base") && is_sweep(folder + "/new")) {
    return "base: " + status_text(folder + "/base") + "new: " + status_text(folder + "/new");
  }
  const ManifestFile manifest = read_manifest(folder + "/manifest.json");
  const SweepEvents events = read_events(folder + "/events.jsonl");
  const std::string holder = FolderLock::holder(folder);
  std::map<std::string, std::size_t> outcomes;
  std::vector<std::uint64_t> lengths;
  std::size_t done = 0;
  double seconds = 0;
  for (const auto& [key, end] : events.ends) {
    ++outcomes[end.outcome];
    done += is_settled(end) ? 1U : 0U;
    lengths.push_back(end.wall);
    seconds += static_cast<double>(end.wall) / 1e9;
  }
  std::ranges::sort(lengths);
  std::string text =
      progress_text(done, cells_of_shard(manifest) * manifest.reps, lengths, seconds);
  text += " (the rate is of one run at a time)\n";
  for (const auto& [outcome, count] : outcomes) {
    text += "  " + left(outcome, 20) + std::to_string(count) + "\n";
  }
  text += holder.empty() ? "nobody works there now\n"
                         : holder + " works there, begun or gone on at " + events.began + "\n";
  for (const RepKey& key : events.running) {
    text += (holder.empty() ? "  was running" : "  running now") + label_of(manifest, key.first) +
            " run " + std::to_string(key.second) + "\n";
  }
  return text;
}

}  // namespace pinlab::harness
