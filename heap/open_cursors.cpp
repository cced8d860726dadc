#include "heap/open_cursors.hpp"

#include <algorithm>

namespace pinlab::heap {

void OpenCursors::add(const BumpCursor& cursor) {
  const auto hold = lock();
  cursors_.push_back(&cursor);
}

void OpenCursors::remove(const BumpCursor& cursor) {
  const auto hold = lock();
  std::erase(cursors_, &cursor);
}

void OpenCursors::open(BumpCursor& cursor, AddressRange range) {
  const auto hold = lock();
  cursor.open(range);
}

Address OpenCursors::onward(Address walk, Address wanted) const {
  for (bool again = true; again;) {
    again = false;
    for (const BumpCursor* open : cursors_) {
      const AddressRange whole{open->base, open->limit};
      if (whole.contains(wanted)) {
        if (wanted >= open->reached()) {
          return {};
        }
        continue;  // among the objects of this one
      }
      if (walk == whole.base && !whole.empty()) {
        walk = whole.limit;
        again = true;  // what follows may be open too
      }
    }
  }
  return walk;
}

}  // namespace pinlab::heap
