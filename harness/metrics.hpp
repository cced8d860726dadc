// The figures of a run that people compare: their names, units, directions and definitions.
#pragma once

#include <span>
#include <string_view>

namespace pinlab::harness {

/// Which way is good.
enum class Better : std::uint8_t { lower, higher, neither };

struct Metric {
  std::string_view name;
  std::string_view path;  ///< in a record
  std::string_view unit;
  Better better;
  std::string_view summary;  ///< its definition
};

[[nodiscard]] std::span<const Metric> metrics();
[[nodiscard]] std::string_view name_of(Better better);
/// Exact figures are equal for equal parameters on every machine.
[[nodiscard]] bool is_exact(const Metric& metric);

}  // namespace pinlab::harness
