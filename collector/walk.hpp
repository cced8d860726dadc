// Walking a block: every object that is there, by start bits in old blocks, by headers in nursery
// ones.
#pragma once

#include "heap/heap.hpp"

namespace pinlab::collector {

/// visit(ObjectRef) for each object of a used block, ascending. REQUIRES a stopped world.
template <class Visit>
void for_each_object(const heap::Heap& heap, heap::Block block, Visit&& visit) {
  const heap::AddressRange range = heap.range_of(block);
  if ((heap.state(block) & heap::block_state::kOld) != 0) {
    heap.marks().for_each_start(range, [&](heap::Address start) { visit(heap::ObjectRef(start)); });
    return;
  }
  for (heap::Address walk = range.base; walk < range.limit;) {
    const heap::ObjectRef object(walk);
    walk = object.range().limit;
    if (!object.header().has(heap::Header::kFiller)) {
      visit(object);
    }
  }
}

/// visit(ObjectRef) for each object of the heap, blocks first, then large ones.
template <class Visit>
void for_each_object(const heap::Heap& heap, Visit&& visit) {
  for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
    if (heap.state(heap::Block{i}) != heap::block_state::kFree) {
      for_each_object(heap, heap::Block{i}, visit);
    }
  }
  for (const auto& [base, bytes] : heap.large().objects()) {
    visit(heap::ObjectRef(base));
  }
}

}  // namespace pinlab::collector
