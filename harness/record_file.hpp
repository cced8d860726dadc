// Records as files: what other commands read of them, and how two of them differ.
#pragma once

#include "harness/settings.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::harness {

/// A pin site's row in a record.
struct RecordedSite {
  std::string name;
  std::string stack;  ///< "inner < outer", or empty
  std::uint64_t collections = 0;
  std::optional<std::uint64_t> made = {};
  std::optional<std::uint64_t> made_bytes = {};
  std::uint64_t pins_last = 0;
  std::uint64_t pins_peak = 0;
  std::uint64_t bytes_last = 0;
  std::uint64_t bytes_peak = 0;
  std::int64_t hostage_last = 0;
  std::int64_t hostage_peak = 0;
  std::int64_t hostage_byte_time = 0;  ///< KiB times KiB
  std::uint64_t oldest = 0;            ///< collections since the oldest pin; 0: there is none
  std::uint64_t oldest_since = 0;      ///< its clock, or that of an earlier pin (results/README.md)
};

/// What other commands want to know of a record. Of a record without figures, sums are 0.
struct RecordFile {
  std::string text;
  std::string outcome;
  std::string version;
  Settings parameters;
  std::uint64_t total_ns = 0;
  std::uint64_t allocated = 0;
  std::uint64_t full_collections = 0;
  std::optional<std::uint64_t> used_last;
  std::optional<std::int64_t> hostage_last;
  std::optional<std::int64_t> hostage_byte_time;
  std::optional<std::uint64_t> amplification;
  std::vector<RecordedSite> sites;
};

/// Throws IoError, or InputError where it is no record that this program knows.
[[nodiscard]] RecordFile read_record(const std::string& path);

/// Where the exact figures of two records differ: "summary.exact.moved: 12, 13", at most `most` of
/// them. REQUIRES the texts of two records.
[[nodiscard]] std::vector<std::string> exact_differences(std::string_view a,
                                                         std::string_view b,
                                                         std::size_t most);

}  // namespace pinlab::harness
