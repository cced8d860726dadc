// Objects above half a block: each on pages of its own, never moved. A pin on one costs nothing but
// its count.
//
// Invariants: (1) extents in use and free extents tile the span below `frontier`; (2) free extents
// hold no memory: their pages went back to the system.
#pragma once

#include "heap/object.hpp"

#include <cstdint>
#include <map>
#include <optional>

namespace pinlab::heap {

class LargeSpace {
 public:
  explicit LargeSpace(AddressRange span) : span_(span), frontier_(span.base) {}

  /// Zeroed pages for `bytes`, first fit by address; nothing where the address space is out.
  [[nodiscard]] std::optional<ObjectRef> allocate(Shape shape);
  /// REQUIRES an object of this space. Its pages go back to the system.
  void release(ObjectRef object);

  /// Pages in use, in bytes.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] static std::size_t footprint(std::size_t object_bytes) {
    return (object_bytes + kPageBytes - 1) & ~(kPageBytes - 1);
  }
  [[nodiscard]] bool contains(Address a) const { return span_.contains(a); }
  /// The object whose pages hold `a`, or null.
  [[nodiscard]] ObjectRef object_containing(Address a) const;

  /// Base and footprint of each object, ascending.
  [[nodiscard]] const std::map<Address, std::size_t>& objects() const { return objects_; }

 private:
  AddressRange span_;
  Address frontier_;
  std::map<Address, std::size_t> objects_;
  std::map<Address, std::size_t> free_;
  std::uint64_t bytes_ = 0;
};

}  // namespace pinlab::heap
