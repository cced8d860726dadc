// Address space from the system. Memory in it appears, zeroed, when it is first touched, and goes
// back by decommit(); nothing else in the project maps memory.
#pragma once

#include "heap/address.hpp"

#include <cstddef>

namespace pinlab::heap {

class Reservation {
 public:
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

 private:
  AddressRange mapped_;
  AddressRange range_;
};

}  // namespace pinlab::heap
