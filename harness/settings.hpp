// From what was said to what holds: settings of a configuration file and of the command line become
// the values of a run. The command line beats the file, both beat the defaults; a name said twice
// in one of them, an unknown name, and values that make no sense together are errors.
#pragma once

#include "heap/support/parameter.hpp"
#include "collector/options.hpp"
#include "workloads/ambiguous_words.hpp"
#include "workloads/pin_options.hpp"

#include <string>
#include <vector>

namespace pinlab::harness {

/// One name=value as it was said.
struct Setting {
  std::string name;
  std::string text;
};
using Settings = std::vector<Setting>;

/// Throws heap::ParameterError or collector::OptionsError with a sentence for the user.
[[nodiscard]] heap::ParameterValues resolve(const Settings& file, const Settings& command_line);

/// The collector's share of the values. REQUIRES values of resolve().
[[nodiscard]] collector::Options collector_options(const heap::ParameterValues& values);
[[nodiscard]] workloads::AmbiguousOptions ambiguous_options(const heap::ParameterValues& values);
/// The pin pressure's share. Throws heap::ParameterError where pin.rate is too fine.
[[nodiscard]] workloads::PinPressureOptions pin_options(const heap::ParameterValues& values);
/// Why two runs with these values may differ in their exact figures; empty where they must not.
[[nodiscard]] std::string why_unrepeatable(const heap::ParameterValues& values);

}  // namespace pinlab::harness
