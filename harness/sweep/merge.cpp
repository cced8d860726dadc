// pinlab merge: the shards of one sweep become one folder, as if one machine had run all of it.
#include "harness/json_input.hpp"
#include "harness/outcome.hpp"
#include "harness/sweep/event_log.hpp"
#include "harness/sweep/sweep.hpp"

#include <filesystem>

namespace pinlab::harness {

namespace {

namespace fs = std::filesystem;

struct Part {
  std::string folder;
  ManifestFile manifest;
  SweepEvents events;
};

Part read_part(const std::string& folder) {
  Part part{.folder = folder,
            .manifest = read_manifest(folder + "/manifest.json"),
            .events = read_events(folder + "/events.jsonl")};
  const std::string holder = FolderLock::holder(folder);
  if (!holder.empty()) {
    throw UsageError(folder + ": a sweep still works there: " + holder);
  }
  return part;
}

void require_match(const Part& first, const Part& part) {
  if (part.manifest.plan != first.manifest.plan) {
    throw UsageError(part.folder + " and " + first.folder +
                     " are of different matrices: they do not belong together");
  }
  if (part.manifest.program_hash != first.manifest.program_hash) {
    throw UsageError(part.folder + " was made by " + part.manifest.program_version + " and " +
                     first.folder + " by " + first.manifest.program_version +
                     ", which are different programs: they do not belong together");
  }
}

/// The manifest of the whole: that of a part with another shard.
std::string whole_manifest(const std::string& text) {
  const std::size_t begin = text.find("\n\"shard\": ");
  const std::size_t end = text.find("\n\"limits\": ", begin);
  return text.substr(0, begin) + "\n\"shard\": null," + text.substr(end);
}

/// The records of a run, hard links where the file system has them.
void take_files(const std::string& out, const Part& part, const RepEnd& end) {
  const fs::path from = fs::path(part.folder) / "cells" / end.cell;
  const fs::path to = fs::path(out) / "cells" / end.cell;
  make_folder(to.string());
  for (const char* const ending : {".json", ".stderr"}) {
    const std::string name = "r" + std::to_string(end.rep) + ending;
    std::error_code error;
    if (!fs::exists(from / name, error)) {
      continue;
    }
    fs::create_hard_link(from / name, to / name, error);
    if (error) {
      fs::copy_file(from / name, to / name, fs::copy_options::overwrite_existing, error);
    }
    if (error) {
      throw IoError((to / name).string() + ": " + error.message());
    }
  }
}

}  // namespace

SweepSummary merge_sweeps(const std::string& out, const std::vector<std::string>& folders) {
  std::vector<Part> parts;
  std::map<RepKey, const Part*> owners;
  for (const std::string& folder : folders) {
    parts.push_back(read_part(folder));
    require_match(parts.front(), parts.back());
  }
  for (const Part& part : parts) {
    for (const auto& [key, end] : part.events.ends) {
      const auto [owner, is_new] = owners.emplace(key, &part);
      if (!is_new) {
        throw UsageError(part.folder + " and " + owner->second->folder + " both have run " +
                         std::to_string(key.second) + " of the cell " + key.first);
      }
    }
  }
  if (fs::exists(out + "/manifest.json")) {
    throw UsageError(out + " holds a sweep already: take a new folder");
  }
  make_folder(out);
  const FolderLock lock(out);
  const ManifestFile& manifest = parts.front().manifest;
  SweepSummary summary;
  summary.total = manifest.cells.size() * manifest.reps;
  {
    EventLog log(out + "/events.jsonl", 0, 0);
    for (const auto& [key, part] : owners) {
      const RepEnd& end = part->events.ends.at(key);
      take_files(out, *part, end);
      log.append("rep_end", fields_of(end));
      ++summary.outcomes[end.outcome];
      summary.done += is_settled(end) ? 1U : 0U;
    }
    log.sync();
  }
  write_file(out + "/matrix.json", read_file(parts.front().folder + "/matrix.json"));
  write_file(out + "/manifest.json", whole_manifest(manifest.text));
  summary.disagreeing = derive_results(out).disagreeing;
  summary.code =
      exit_code_of(summary.outcomes, !summary.disagreeing.empty(), summary.done == summary.total);
  return summary;
}

}  // namespace pinlab::harness
