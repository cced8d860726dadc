// pinlab explain: who is to blame, from a record.
#include "harness/command.hpp"
#include "harness/human.hpp"
#include "harness/output_file.hpp"
#include "harness/pprof.hpp"
#include "harness/record_file.hpp"

#include <algorithm>
#include <filesystem>

namespace pinlab::harness {

namespace {

constexpr std::string_view kLesson =
    R"(  pinlab run --pin.share=1% --pin.lifetime=forever --heap.max=640MiB --out run.json
  pinlab explain run.json
  pinlab explain run.json --pprof=pins.pb.gz && go tool pprof -top pins.pb.gz

Ranks the pin sites by what they cost: hostage bytes, integrated over the bytes that the program
allocated meanwhile. A site's hostage bytes are the memory in use with all pins less the memory in
use as planned without the site's. Leverage is hostage bytes for each pinned byte. Since says what
the program had allocated when the site made the oldest pin that it holds now, and how many
collections began since then.
Exit code 6 where the record has nothing of the kind: no pins, no full collection, or
record.hostage=false.
)";

constexpr auto kOptions = std::to_array<heap::Parameter>({
    {.name = "pprof",
     .type = heap::ParameterType::text,
     .default_text = "",
     .summary = "write the profile of pin sites there, for go tool pprof, as pinlab run --pprof"},
});

std::string leverage_of(std::int64_t hostage, std::uint64_t pinned) {
  if (pinned == 0 || hostage <= 0) {
    return "-";
  }
  const auto million = static_cast<double>(hostage) / static_cast<double>(pinned) * 1e6;
  return human_ratio(static_cast<std::uint64_t>(million));
}

/// Since when the site has pinned what it pins now.
std::string oldest_of(const RecordedSite& site) {
  return site.oldest == 0
             ? "-"
             : human_bytes(site.oldest_since) + ", " + std::to_string(site.oldest) + " gc";
}

std::string without(const RecordFile& record, std::int64_t hostage) {
  const auto used = static_cast<std::int64_t>(record.used_last.value_or(0));
  return human_bytes(used - hostage);
}

std::string overview_of(const RecordFile& record) {
  std::string text =
      "At the last of " + human_count(record.full_collections, "full collection") + ", " +
      human_bytes(record.used_last.value_or(0)) + " were in use, of it " +
      human_bytes(record.hostage_last.value_or(0)) + " hostage: without any pin it would be " +
      without(record, record.hostage_last.value_or(0)) +
      ".\nOver the whole run: " + human_byte_time(record.hostage_byte_time.value_or(0)) +
      " of hostage byte-time";
  if (record.allocated > 0) {
    const std::int64_t mean =
        record.hostage_byte_time.value_or(0) /
        std::max<std::int64_t>(static_cast<std::int64_t>(record.allocated >> 20U), 1);
    text += ", on average " + human_bytes(mean);
  }
  if (record.amplification) {
    text += "; amplification " + human_ratio(*record.amplification);
  }
  return text + ".\n";
}

std::string table_of(const RecordFile& record, const Console& console) {
  std::string text =
      "\n" +
      console.heading(right("byte-time", 18) + right("hostage now", 13) + right("peak", 11) +
                      right("pins", 9) + right("pinned", 11) + right("leverage", 10) +
                      right("since", 18) + right("heap without", 14) + "  site") +
      "\n";
  for (const RecordedSite& site : record.sites) {
    text += right(human_byte_time(site.hostage_byte_time), 18) +
            right(human_bytes(site.hostage_last), 13) + right(human_bytes(site.hostage_peak), 11) +
            right(std::to_string(site.pins_last), 9) + right(human_bytes(site.bytes_last), 11) +
            right(leverage_of(site.hostage_last, site.bytes_last), 10) +
            right(oldest_of(site), 18) + right(without(record, site.hostage_last), 14) + "  " +
            site.name + "\n";
  }
  return text;
}

/// As of the run itself, all sites included.
PinProfile profile_of(const RecordFile& record) {
  const auto shape = std::ranges::find(record.parameters, "pin.shape", &Setting::name);
  PinProfile profile{.shape = shape == record.parameters.end() ? std::string_view()
                                                               : std::string_view(shape->text),
                     .duration_ns = record.total_ns,
                     .samples = {}};
  for (const RecordedSite& site : record.sites) {
    profile.samples.push_back({.name = site.name,
                               .stack = site.stack,
                               .pins = site.made.value_or(site.pins_peak),
                               .bytes = site.made_bytes.value_or(site.bytes_peak),
                               .hostage_byte_time = site.hostage_byte_time,
                               .oldest = site.oldest});
  }
  return profile;
}

ExitCode run(const Invocation& invocation) {
  const std::string& path = invocation.operands[0];
  const std::string& file = output_name(invocation.options, "pprof");
  if (std::error_code none; !file.empty() && std::filesystem::equivalent(path, file, none)) {
    throw UsageError(file + " is the record itself: give --pprof a file of its own");
  }
  RecordFile record = read_record(path);
  const std::string profile = file.empty() ? std::string() : pprof_text(profile_of(record));
  const std::size_t made = record.sites.size();
  std::erase_if(record.sites, [](const RecordedSite& site) { return site.collections == 0; });
  if (record.sites.empty() || !record.hostage_last) {
    invocation.console.complain(
        path + ": no full collection measured what a pin site costs, so nobody is to blame");
    return ExitCode::incomparable;
  }
  if (!file.empty()) {
    OutputFile output(file);
    output.commit(profile);
    if (output.is_standard_output()) {
      return ExitCode::done;
    }
  }
  std::ranges::stable_sort(record.sites, std::ranges::greater{}, &RecordedSite::hostage_byte_time);
  std::string text = overview_of(record) + table_of(record, invocation.console);
  if (made > record.sites.size()) {
    text += "\n" + human_count(made - record.sites.size(), "site") +
            " more pinned, but no full collection measured them (record.sites).\n";
  }
  invocation.console.out(text);
  return ExitCode::done;
}

}  // namespace

Command explain_command() {
  return {
      .name = "explain",
      .operands = "RECORD",
      .summary =
          "who is to blame: the pin sites by hostage bytes over time, and the heap without them",
      .lesson = kLesson,
      .options = kOptions,
      .least_operands = 1,
      .most_operands = 1,
      .run = run};
}

}  // namespace pinlab::harness
