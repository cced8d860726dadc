// The oracle of the compactor: LISP2 with a side table (Knuth, TAOCP 2.5, exercise 33), as plain as
// it gets. From a snapshot of what is alive it says where a slide around islands puts each object;
// it shares no code with collector/move_plan.cpp, and reads no bit of the heap.
//
// The rule: objects in address order; each goes to the current gap if it fits, else to the next one
// that it fits in, and no gap is returned to. A block's end is an island of no length.
#pragma once

#include "heap/address.hpp"

#include <map>
#include <vector>

namespace pinlab::collector::tests {

struct SnapshotObject {
  heap::Address address;
  std::size_t bytes = 0;
  bool immovable = false;

  [[nodiscard]] heap::Address limit() const { return address + bytes; }
};

struct SnapshotBlock {
  heap::AddressRange range;
  std::vector<SnapshotObject> objects;  ///< alive, ascending by address
};

/// The blocks that the plan works on, in its order, empty ones included.
using Snapshot = std::vector<SnapshotBlock>;
/// Where each object of the snapshot is afterwards.
using SideTable = std::map<heap::Address, heap::Address>;

/// What lies between islands and block ends, in the order of the plan, empty stretches left out.
[[nodiscard]] inline std::vector<heap::AddressRange> gaps_of(const Snapshot& snapshot) {
  std::vector<heap::AddressRange> gaps;
  const auto add = [&](heap::Address base, heap::Address limit) {
    if (base < limit) {
      gaps.push_back({base, limit});
    }
  };
  for (const SnapshotBlock& block : snapshot) {
    heap::Address base = block.range.base;
    for (const SnapshotObject& object : block.objects) {
      if (object.immovable) {
        add(base, object.address);
        base = object.limit();
      }
    }
    add(base, block.range.limit);
  }
  return gaps;
}

/// REQUIRES that everything fits, as it does where objects slide down.
[[nodiscard]] inline SideTable slide(const Snapshot& snapshot) {
  SideTable table;
  std::vector<heap::AddressRange> gaps = gaps_of(snapshot);
  auto gap = gaps.begin();
  for (const SnapshotBlock& block : snapshot) {
    for (const SnapshotObject& object : block.objects) {
      if (object.immovable) {
        table[object.address] = object.address;
        continue;
      }
      while (gap != gaps.end() && gap->bytes() < object.bytes) {
        ++gap;
      }
      EXPECTS(gap != gaps.end());
      table[object.address] = gap->base;
      gap->base += object.bytes;
    }
  }
  return table;
}

}  // namespace pinlab::collector::tests
