// A run on one screen: what people want to know first, with the words of the record.
#pragma once

#include "harness/console.hpp"
#include "harness/experiment.hpp"

#include <string>

namespace pinlab::harness {

[[nodiscard]] std::string summary_text(const RunResult& result, const Console& console);

}  // namespace pinlab::harness
