// The grammar of a sweep's axes: what "heap.max=64MiB:1GiB:x2" or "(a,b)=(1,x),(2,y)" stands for.
//
//   axis   = name "=" spec | "(" name {"," name} ")" "=" tuple {"," tuple}    the second form zips
//   spec   = item {"," item}          commas within parentheses and quotes do not split
//   item   = value | lo ":" hi ":" step | lo ".." hi                ( a..b: whole numbers )
//   step   = "+" number | "x" factor | "#" n | "log#" n    the latter two: n values, both ends
//   among value  = as --name takes it | '"' text '"' | [factor "*"] "min", for sizes
//
// In a tuple an empty value, (a,b)=(1,),(,x), leaves its parameter at its default: so that programs
// with different parameters of their own stand on one axis. A range may stand for an operand of a distribution too: fixed(1MiB:64MiB:x4). hi is a value where
// the steps land on it. Values between the ends of log# are rounded: sizes to 7 significant bits,
// other numbers to 3 significant digits.
#pragma once

#include "heap/support/parameter.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pinlab::harness {

/// One axis of a sweep: a parameter and its values, or several parameters whose values go together.
struct SweepAxis {
  std::string spec;  ///< as it was said, behind the =
  std::vector<std::string> names;
  /// Each has one text for each name; an empty one leaves that parameter at its default.
  std::vector<std::vector<std::string>> points;
};

/// More values on one axis are an error.
inline constexpr std::size_t kMostValues = 100'000;

/// Throws UsageError with a sentence: an unknown name, a bad value, an empty range.
[[nodiscard]] SweepAxis parse_axis(std::string_view text);

/// The values of `spec` for one parameter, in canonical form, or "1.5*min".
[[nodiscard]] std::vector<std::string> expand_values(const heap::Parameter& parameter,
                                                     std::string_view spec);

/// The parameter of that name, of any workload. Throws UsageError with the nearest one.
[[nodiscard]] const heap::Parameter& any_parameter(std::string_view name);

/// "1.5" of "1.5*min" and "1" of "min"; empty for any other text.
[[nodiscard]] std::string_view factor_of_min(std::string_view text);

/// `text` as a number in base units, bounds left aside. REQUIRES a numeric type. Throws UsageError.
[[nodiscard]] std::uint64_t number_of(const heap::Parameter& parameter, std::string_view text);

}  // namespace pinlab::harness
