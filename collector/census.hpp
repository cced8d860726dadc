// Occupancy and fragmentation of a heap at an instant.
#pragma once

#include "heap/heap.hpp"
#include "collector/pause.hpp"

#include <cstdint>

namespace pinlab::collector {

/// How free memory in used blocks is found: by the live bits that a full collection has just left
/// (fast), or by walking what is there, the dead since the last full collection included (any
/// time).
enum class Occupancy : std::uint8_t { live_bits, walk };

/// Only what is counted anyway.
[[nodiscard]] Census brief_census(const heap::Heap& heap);
/// Every free run too. REQUIRES a stopped world.
[[nodiscard]] Census full_census(const heap::Heap& heap, Occupancy occupancy);

}  // namespace pinlab::collector
