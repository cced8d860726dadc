// The free runs of blocks whose live bits are exact: found once, for whoever offers them and for
// whoever counts them.
#pragma once

#include "heap/marks.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pinlab::heap {

/// Of several blocks, until clear().
class FreeRuns {
 public:
  /// Where the runs of one block are to be found.
  struct OfBlock {
    Address base;  ///< of the block; null: nobody looked for its runs
    std::size_t first = 0;
    std::size_t limit = 0;
  };

  /// REQUIRES whole lines, of at most 2^32 - 1 granules.
  [[nodiscard]] OfBlock find(const MarkTable& marks, AddressRange block);

  /// visit(AddressRange) for each, ascending; between two there is something that lives.
  template <class Visit>
  void for_each(const OfBlock& block, Visit&& visit) const {
    for (std::size_t i = block.first; i < block.limit; i += 2) {
      visit(AddressRange{block.base + edges_[i] * kGranuleBytes,
                         block.base + edges_[i + 1] * kGranuleBytes});
    }
  }

  void clear() { used_ = 0; }

 private:
  std::vector<std::uint32_t> edges_;  ///< where a run begins, where it ends: granules of its block
  std::size_t used_ = 0;              ///< of these
};

}  // namespace pinlab::heap
