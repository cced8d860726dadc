#include "heap/marks.hpp"

namespace pinlab::heap {

Address MarkTable::end_of_live(Address start, Address limit) const {
  Address base = start.align_down(kLineBytes);
  LineMarks marks = line(base);
  // What stops the object: a start bit or a granule that is not live, above its own granule.
  std::uint64_t stops =
      (~marks.live | marks.start) & bits_from(granule_in_line(start)) & ~granule_bit(start);
  while (stops == 0) {
    base += kLineBytes;
    if (base >= limit) {
      return limit;
    }
    marks = line(base);
    stops = ~marks.live | marks.start;
  }
  const Address end = base + kGranuleBytes * static_cast<std::size_t>(std::countr_zero(stops));
  return end < limit ? end : limit;
}

std::uint64_t MarkTable::live_bytes(AddressRange range) const {
  std::uint64_t granules = 0;
  for (Address base = range.base; base < range.limit; base += kLineBytes) {
    granules += static_cast<std::uint64_t>(std::popcount(line(base).live));
  }
  return granules * kGranuleBytes;
}

Address MarkTable::start_at_or_before(Address a, Address floor) const {
  Address base = a.align_down(kLineBytes);
  std::uint64_t starts = line(base).start & (granule_bit(a) | bits_below(granule_in_line(a)));
  while (starts == 0) {
    if (base <= floor) {
      return {};
    }
    base = base - kLineBytes;
    starts = line(base).start;
  }
  const auto highest = static_cast<std::size_t>(63 - std::countl_zero(starts));
  const Address found = base + kGranuleBytes * highest;
  return found < floor ? Address() : found;
}

}  // namespace pinlab::heap
