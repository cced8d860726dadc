// Whether memory is part of the program itself: static data, constants and code, which no collector
// ever moves.
#pragma once

#include "heap/address.hpp"

namespace pinlab::pinning {

/// Whether a segment of the program or of a library that it has loaded holds the address. Asks the
/// dynamic linker: for reports, not for hot paths.
[[nodiscard]] bool is_static_memory(heap::Address address);

}  // namespace pinlab::pinning
