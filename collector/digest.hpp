// Digests of a heap and of the graph in it, equal on every machine: offsets stand for addresses.
#pragma once

#include "collector/generations.hpp"

#include <cstdint>

namespace pinlab::collector {

/// Over every object: where it is, its header, its references as offsets, its bytes.
[[nodiscard]] std::uint64_t digest_heap(const heap::Heap& heap);

struct Digests {
  std::uint64_t heap = 0;
  std::uint64_t graph = 0;
};

/// The same, and over what the roots reach, breadth first in the order of roots and slots, an
/// object's number in that order standing for its address: equal under every plan and policy. Pins
/// are no roots here. Each byte is read once for both.
[[nodiscard]] Digests digest_both(const heap::Heap& heap, const RootSet& roots);

}  // namespace pinlab::collector
