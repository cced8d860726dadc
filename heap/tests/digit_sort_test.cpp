#include "heap/support/digit_sort.hpp"

#include "heap/support/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace pinlab::heap {

TEST_CASE("sorting by digits is a stable sort by the upper half") {
  Random random(1);
  for (int round = 0; round < 400; ++round) {
    const auto most =
        static_cast<std::uint32_t>(random.below(std::uint64_t{1} << random.below(33)));
    std::vector<std::uint64_t> entries(random.below(round % 10 == 0 ? 3000 : 40));
    for (std::uint64_t& entry : entries) {
      // Few lower halves, in no order: what is equal above must stay as it came.
      entry = random.below(std::uint64_t{most} + 1) << 32U | random.below(8);
    }
    std::vector<std::uint64_t> expected = entries;
    std::ranges::stable_sort(expected, {}, [](std::uint64_t entry) { return entry >> 32U; });
    sort_by_upper_half(entries, most);
    CAPTURE(most);
    CHECK(entries == expected);
  }
}

}  // namespace pinlab::heap
