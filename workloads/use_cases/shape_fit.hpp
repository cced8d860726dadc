// Which pin shapes can express the pins of a use case.
#pragma once

#include "pinning/shape.hpp"
#include "workloads/pin_options.hpp"
#include "workloads/use_cases/options.hpp"

#include <string>

namespace pinlab::workloads {

/// Why the shape of `pins` cannot, with what could; empty where it can.
[[nodiscard]] std::string why_inexpressible(const pinning::ShapeFacts& facts,
                                            const PinPressureOptions& pins,
                                            const UseCaseOptions& options);

}  // namespace pinlab::workloads
