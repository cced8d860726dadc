// Digests of a heap and of the graph in it, equal on every machine: offsets stand for addresses.
// A sampled digest is never equal to a full one.
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

/// The same of a part that is chosen by places, or by the order of roots and slots, and small
/// enough for any run. Of the heap: the state of each block, where each old object starts and ends,
/// where each large one lies; and in full the first object of one line in 251, the first of each
/// nursery block, at least 128 large ones where there are as many. Of the graph: the first 1,024
/// objects that are met where at most 512 references of each are followed. Of what is longer than 4
/// KiB, one line in 61 is read after these.
[[nodiscard]] Digests digest_sample(const heap::Heap& heap, const RootSet& roots);

}  // namespace pinlab::collector
