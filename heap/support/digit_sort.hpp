// Sorting by small numbers without comparing them: for what is sorted in a pause, where a
// comparison is a branch that nobody foresees.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace pinlab::heap {

/// Sorts entries by their upper halves, ascending; equal ones stay in their order. Digit by digit,
/// the lowest first: time grows with the digits that `most` has. REQUIRES upper halves of at most
/// `most`.
inline void sort_by_upper_half(std::vector<std::uint64_t>& entries, std::uint32_t most) {
  constexpr unsigned kDigitBits = 8;
  constexpr std::uint64_t kDigits = std::uint64_t{1} << kDigitBits;
  std::vector<std::uint64_t> sorted(entries.size());
  for (unsigned shift = 32; shift < 32 + static_cast<unsigned>(std::bit_width(most));
       shift += kDigitBits) {
    const auto digit_of = [shift](std::uint64_t entry) -> std::size_t {
      return entry >> shift & (kDigits - 1);
    };
    std::array<std::size_t, kDigits> places{};
    for (const std::uint64_t entry : entries) {
      ++places[digit_of(entry)];
    }
    std::exclusive_scan(places.begin(), places.end(), places.begin(), std::size_t{0});
    for (const std::uint64_t entry : entries) {
      sorted[places[digit_of(entry)]++] = entry;
    }
    std::swap(entries, sorted);
  }
}

}  // namespace pinlab::heap
