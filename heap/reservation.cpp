#include "heap/reservation.hpp"

#include "heap/poison.hpp"

#include <algorithm>
#include <new>

#include <sys/mman.h>

namespace pinlab::heap {

Reservation::Reservation(std::size_t bytes, std::size_t alignment) {
  const std::size_t padded = bytes + alignment;
  void* start = mmap(nullptr, padded, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) {
    throw std::bad_alloc();
  }
  mapped_ = {Address::of(start), Address::of(start) + padded};
  const Address base = mapped_.base.align_up(alignment);
  range_ = {base, base + bytes};
}

Reservation::~Reservation() {
  unpoison(mapped_);  // the next mapping here starts clean
  munmap(mapped_.base.as<void>(), mapped_.bytes());
}

void Reservation::decommit(AddressRange pages) {
  EXPECTS(pages.base == pages.base.align_down(kPageBytes) &&
          pages.limit == pages.limit.align_down(kPageBytes));
  if (!pages.empty()) {
    EXPECTS(madvise(pages.base.as<void>(), pages.bytes(), MADV_DONTNEED) == 0);
  }
}

void Reservation::populate(AddressRange range) {
#ifdef MADV_POPULATE_WRITE
  constexpr std::size_t kLeastBytes = 4 * kPageBytes;
  const AddressRange pages{range.base.align_up(kPageBytes), range.limit.align_down(kPageBytes)};
  if (pages.base < pages.limit && pages.bytes() >= kLeastBytes) {
    static_cast<void>(madvise(pages.base.as<void>(), pages.bytes(), MADV_POPULATE_WRITE));
  }
#else
  static_cast<void>(range);
#endif
}

void Reservation::prefer_huge_pages(AddressRange part) const {
#ifdef MADV_HUGEPAGE
  if (part.bytes() >= kHugePageBytes) {
    const AddressRange pages{
        std::max(part.base.align_down(kHugePageBytes), range_.base.align_up(kPageBytes)),
        std::min(part.limit.align_up(kHugePageBytes), range_.limit.align_down(kPageBytes))};
    static_cast<void>(madvise(pages.base.as<void>(), pages.bytes(), MADV_HUGEPAGE));
  }
#else
  static_cast<void>(part);
#endif
}

}  // namespace pinlab::heap
