#include "heap/large_space.hpp"

#include "heap/reservation.hpp"

#include <iterator>

namespace pinlab::heap {

std::optional<ObjectRef> LargeSpace::allocate(Shape shape) {
  const std::size_t bytes = footprint(shape.object_bytes());
  Address base;
  for (auto extent = free_.begin(); extent != free_.end(); ++extent) {
    if (extent->second >= bytes) {
      base = extent->first;
      const std::size_t rest = extent->second - bytes;
      free_.erase(extent);
      if (rest > 0) {
        free_.emplace(base + bytes, rest);
      }
      break;
    }
  }
  if (!base) {
    if (span_.limit - frontier_ < bytes) {
      return std::nullopt;
    }
    base = frontier_;
    frontier_ += bytes;
  }
  objects_.emplace(base, bytes);
  bytes_ += bytes;
  base.word() = Header(shape.object_bytes() >> kGranuleShift, shape.references).word();
  return ObjectRef(base);
}

void LargeSpace::release(ObjectRef object) {
  const auto entry = objects_.find(object.address());
  EXPECTS(entry != objects_.end());
  Address base = entry->first;
  std::size_t bytes = entry->second;
  objects_.erase(entry);
  bytes_ -= bytes;
  Reservation::decommit({base, base + bytes});
  const auto next = free_.find(base + bytes);
  if (next != free_.end()) {
    bytes += next->second;
    free_.erase(next);
  }
  const auto after = free_.lower_bound(base);
  if (after != free_.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second == base) {
      base = before->first;
      bytes += before->second;
      free_.erase(before);
    }
  }
  if (base + bytes == frontier_) {
    frontier_ = base;
  } else {
    free_.emplace(base, bytes);
  }
}

ObjectRef LargeSpace::object_containing(Address a) const {
  auto entry = objects_.upper_bound(a);
  if (entry == objects_.begin()) {
    return {};
  }
  --entry;
  return a < entry->first + entry->second ? ObjectRef(entry->first) : ObjectRef();
}

}  // namespace pinlab::heap
