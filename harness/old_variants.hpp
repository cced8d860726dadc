// The parameters that only some old routes have: compact.* and old.*. A route takes those that it
// names (collector/old_route.hpp), and has values of its own for some; others are refused.
#pragma once

#include "heap/support/parameter.hpp"
#include "collector/options.hpp"

#include <span>

namespace pinlab::harness {

[[nodiscard]] std::span<const heap::Parameter> old_variant_parameters();

/// The route's own defaults. Throws heap::ParameterError where a parameter is given that the chosen
/// route does not take, and says which routes do.
void settle_old_variants(heap::ParameterValues& values);

[[nodiscard]] collector::OldVariants old_variants(const heap::ParameterValues& values);

}  // namespace pinlab::harness
