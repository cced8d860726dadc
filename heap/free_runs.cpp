#include "heap/free_runs.hpp"

#include <algorithm>
#include <bit>

namespace pinlab::heap {

FreeRuns::OfBlock FreeRuns::find(const MarkTable& marks, AddressRange block) {
  constexpr std::uint32_t kStretch = 128 * kGranulesPerLine;  // so much is made room for at a time
  const std::size_t first = used_;
  const LineMarks* line = &marks.line(block.base);
  const auto granules = static_cast<std::uint32_t>(block.bytes() / kGranuleBytes);
  std::uint64_t before = 1;  // whether the granule below is live
  for (std::uint32_t granule = 0; granule < granules;) {
    if (const std::size_t most = used_ + kStretch + 2; edges_.size() < most) {
      edges_.resize(2 * most);
    }
    std::uint32_t* edge = edges_.data() + used_;
    for (const std::uint32_t limit = granule + std::min(kStretch, granules - granule);
         granule < limit; granule += kGranulesPerLine) {
      const std::uint64_t live = (line++)->live;
      std::uint64_t changes = live ^ (live << 1U | before);
      before = live >> 63U;
      // The first without a branch: whether a line has one is a coin toss. The topmost bit stands
      // in for none.
      constexpr std::uint64_t kTop = std::uint64_t{1} << 63U;
      *edge = granule + static_cast<std::uint32_t>(std::countr_zero(changes | kTop));
      edge += changes != 0 ? 1 : 0;
      for (changes &= changes - 1; changes != 0; changes &= changes - 1) {
        *edge++ = granule + static_cast<std::uint32_t>(std::countr_zero(changes));
      }
    }
    used_ = static_cast<std::size_t>(edge - edges_.data());
  }
  if (before == 0) {
    edges_[used_++] = granules;
  }
  return {block.base, first, used_};
}

}  // namespace pinlab::heap
