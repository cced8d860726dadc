// Cementing: an island that many old slots refer to becomes old where it stands, until the next
// full collection, so that these slots need no dirty cards and no young collection scans them again
// (Mono SGen).
#pragma once

#include "heap/heap.hpp"
#include "collector/pause.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace pinlab::collector {

class Cement {
 public:
  /// `edges`: how many make an island a root; 0: none ever is.
  Cement(std::uint64_t edges, std::span<const heap::ObjectRef> islands) : edges_(edges) {
    if (is_on()) {
      islands_.assign(islands.begin(), islands.end());
      std::ranges::sort(islands_, {}, &heap::ObjectRef::address);
      counts_.assign(islands_.size(), 0);
    }
  }

  [[nodiscard]] bool is_on() const { return edges_ > 0; }

  /// Another edge from an old object to the object at `to`, an island or a companion of one.
  void count(heap::Address to) {
    const auto found = std::ranges::lower_bound(islands_, to, {}, &heap::ObjectRef::address);
    if (found != islands_.end() && found->address() == to) {
      ++counts_[static_cast<std::size_t>(found - islands_.begin())];
    }
  }

  /// Islands with enough edges are old from now on: what tells them from young ones is a start bit
  /// without an immovable bit, in a mixed block.
  void set(heap::Heap& heap, PauseReport& report) const {
    for (std::size_t i = 0; i < islands_.size(); ++i) {
      if (counts_[i] >= edges_) {
        const heap::Address island = islands_[i].address();
        heap.clear_immovable(island);
        heap.state(island) |= heap::block_state::kMixed;
        ++report.cemented_objects;
      }
    }
  }

 private:
  std::uint64_t edges_;
  std::vector<heap::ObjectRef> islands_;
  std::vector<std::uint64_t> counts_;
};

}  // namespace pinlab::collector
