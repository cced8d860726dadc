#include "workloads/allocation_profile.hpp"

#include "heap/object.hpp"
#include "heap/support/parameter.hpp"
#include "heap/support/wide.hpp"
#include "workloads/dacapo_profile.hpp"
#include "workloads/heaptrack/line_reader.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace pinlab::workloads {

namespace {

using heap::Wide;

constexpr std::string_view kHeader = "size,alloc_rate,num_live";
constexpr std::string_view kBuiltIn = "dacapo";
/// Weights are scaled to this sum: only ratios matter.
constexpr unsigned kWeightPlaces = 40;
constexpr unsigned kMeanPlaces = 20;

struct Fault {
  std::size_t column;
  std::string message;
};

/// Cells of a line, in billionths, or what is wrong with it.
std::optional<Fault> read_cells(std::string_view line, std::array<std::uint64_t, 3>& cells) {
  constexpr std::array<std::string_view, 3> kColumns = {"size", "alloc_rate", "num_live"};
  std::size_t column = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t comma = std::min(line.find(',', column), line.size());
    if ((comma == line.size()) != (i + 1 == cells.size())) {
      return Fault{comma, "expected three numbers with commas between them"};
    }
    const heap::Parameter cell = {.name = kColumns[i],
                                  .type = heap::ParameterType::decimal,
                                  .default_text = "0",
                                  .summary = "a cell"};
    heap::ParameterValues values({cell});
    try {
      values.set(cell.name, line.substr(column, comma - column));
    } catch (const heap::ParameterError& error) {
      return Fault{column, error.what()};
    }
    cells[i] = values.decimal(cell.name);
    column = comma + 1;
  }
  const std::uint64_t bytes = cells[0] / heap::kBillion;
  if (bytes == 0 || bytes > heap::kMaxObjectBytes || cells[0] % heap::kBillion != 0) {
    return Fault{
        0, "a size is a whole number of bytes, from 1 to " + std::to_string(heap::kMaxObjectBytes)};
  }
  return std::nullopt;
}

SizeClass class_of(const std::array<std::uint64_t, 3>& cells) {
  const std::uint64_t bytes = cells[0] / heap::kBillion;
  return {.bytes = (bytes + heap::kGranuleBytes - 1) / heap::kGranuleBytes * heap::kGranuleBytes,
          .births = cells[1],
          .living = cells[2]};
}

std::vector<SizeClass> read_file(const std::string& path) {
  std::vector<SizeClass> classes;
  LineReader lines(path);
  bool headed = false;
  while (lines.next()) {
    const std::string_view line = lines.line();
    if (line.empty() || line.starts_with('#')) {
      continue;
    }
    if (!headed) {
      if (line != kHeader) {
        lines.fail(0, "no allocation profile: expected the line '" + std::string(kHeader) +
                          "', found " + quoted(line));
      }
      headed = true;
      continue;
    }
    std::array<std::uint64_t, 3> cells{};
    if (const auto fault = read_cells(line, cells)) {
      lines.fail(fault->column, fault->message);
    }
    classes.push_back(class_of(cells));
  }
  if (classes.empty()) {
    throw TraceError(path, 0, 0, "it has no classes");
  }
  return classes;
}

std::vector<SizeClass> read_built_in() {
  std::vector<SizeClass> classes;
  std::string_view text = kDacapoProfile;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    std::array<std::uint64_t, 3> cells{};
    if (!line.empty() && !line.starts_with('#') && line != kHeader && !read_cells(line, cells)) {
      classes.push_back(class_of(cells));
    }
  }
  return classes;
}

/// Scales the weights; returns their sums, and the mean size that they give.
std::uint64_t weigh(std::vector<SizeClass>& classes,
                    std::uint64_t SizeClass::*weight,
                    std::vector<std::uint64_t>& below,
                    const std::string& name) {
  Wide sum = 0;
  for (const SizeClass& entry : classes) {
    sum += entry.*weight;
  }
  if (sum == 0) {
    throw TraceError(name, 0, 0, "all rates, or all populations, are 0");
  }
  Wide bytes = 0;
  std::uint64_t running = 0;
  for (SizeClass& entry : classes) {
    entry.*weight = static_cast<std::uint64_t>((Wide{entry.*weight} << kWeightPlaces) / sum);
    running += entry.*weight;
    below.push_back(running);
    bytes += Wide{entry.*weight} * entry.bytes;
  }
  return static_cast<std::uint64_t>((bytes << kMeanPlaces) / running);
}

std::size_t draw(const std::vector<std::uint64_t>& below, heap::Random& random) {
  const auto found = std::ranges::upper_bound(below, random.below(below.back()));
  return static_cast<std::size_t>(found - below.begin());
}

}  // namespace

AllocationProfile::AllocationProfile(const std::string& name)
    : classes_(name == kBuiltIn ? read_built_in() : read_file(name)),
      mean_birth_(weigh(classes_, &SizeClass::births, births_below_, name)),
      mean_living_(weigh(classes_, &SizeClass::living, living_below_, name)) {}

std::size_t AllocationProfile::draw_birth(heap::Random& random) const {
  return draw(births_below_, random);
}

std::size_t AllocationProfile::draw_living(heap::Random& random) const {
  return draw(living_below_, random);
}

std::uint64_t AllocationProfile::objects_in(std::uint64_t live) const {
  return static_cast<std::uint64_t>((Wide{live} << kMeanPlaces) / mean_living_);
}

// Of n objects n living_i / sum are of class i; of those that are born in one byte allocated,
// births_i / sum / (mean bytes of a birth). The lifespan is the ratio.
std::uint64_t AllocationProfile::lifespan(std::size_t size_class, std::uint64_t live) const {
  const SizeClass& entry = classes_[size_class];
  if (entry.births == 0) {
    return ~std::uint64_t{0};
  }
  // At most 2^31 objects by 2^40; the sums of weights are 2^40, or less by what was rounded off.
  const Wide living = Wide{objects_in(live)} * entry.living;
  constexpr Wide longest = Wide{1} << 62U;
  const Wide span = std::min<Wide>(living * mean_birth_ / entry.births >> kMeanPlaces, longest);
  return static_cast<std::uint64_t>(
      std::min<Wide>(span * births_below_.back() / living_below_.back(), longest));
}

}  // namespace pinlab::workloads
