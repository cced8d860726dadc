// Address space from the system. Memory in it appears, zeroed, when it is first touched, and goes
// back by decommit(); nothing else in the project maps memory.
#pragma once

#include "heap/address.hpp"

#include <cstddef>

namespace pinlab::heap {

class Reservation {
 public:
  static constexpr std::size_t kHugePageBytes = std::size_t{2} << 20U;

  /// `bytes` of address space at a multiple of `alignment`, a power of two. Throws std::bad_alloc.
  Reservation(std::size_t bytes, std::size_t alignment);
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  ~Reservation();

  [[nodiscard]] AddressRange range() const { return range_; }
  /// Gives whole pages back; they read as zero afterwards. REQUIRES page-aligned ends.
  static void decommit(AddressRange pages);
  /// Asks for the pages of a range that is about to be written, all at once instead of fault by
  /// fault. Only worth a call for several; a system that cannot do it is not missed.
  static void populate(AddressRange range);
  /// Asks for huge pages under a part of range(), and as much beside it as they may take: for what
  /// is read all over, so that finding the memory of an address does not take longer than reading
  /// it. Of less than a huge page, and where the system has none to give, nothing changes.
  void prefer_huge_pages(AddressRange part) const;

 private:
  AddressRange mapped_;
  AddressRange range_;
};

}  // namespace pinlab::heap
