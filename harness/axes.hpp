// The axes of the testbed as the harness sees them: names and sentences, read from the registries.
// An implementation that is added to its folder appears here, and everywhere else, by itself.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::harness {

/// The fact of an entry that is its number in the list that the axis is taken from.
inline constexpr std::string_view kNumberFact = "number";

struct AxisFact {
  std::string_view key;
  std::string value;
};

struct AxisEntry {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  std::vector<AxisFact> facts = {};  ///< what there is to say beside
};

struct Axis {
  std::string_view kind;       ///< what `pinlab list` calls it: old-routes
  std::string_view singular;   ///< old route
  std::string_view parameter;  ///< the parameter that chooses from it: old.route
  std::vector<AxisEntry> entries;
};

/// All axes, the workloads among them.
[[nodiscard]] std::span<const Axis> axes();
/// The names of the axis that `parameter` chooses from. REQUIRES that there is one.
[[nodiscard]] std::span<const std::string_view> names_of_axis(std::string_view parameter);
/// Of its entries, in their order, in the list that they are taken from; none where there is none.
[[nodiscard]] std::span<const std::string_view> numbers_of_axis(std::string_view parameter);

}  // namespace pinlab::harness
