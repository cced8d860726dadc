// The memory of used blocks that is being handed out: the cursors of mutators and of spaces. What
// lies beyond a cursor holds no objects yet, nor zeros, so whoever walks a block between pauses
// asks here.
//
// Invariant: base and limit of a listed cursor change under the lock; `cursor` itself moves freely,
// and is read and written as an atomic.
#pragma once

#include "heap/bump_cursor.hpp"

#include <mutex>
#include <vector>

namespace pinlab::heap {

class OpenCursors {
 public:
  void add(const BumpCursor& cursor);
  void remove(const BumpCursor& cursor);
  /// Sets a listed cursor to a range of which nothing is used yet; an empty one closes it.
  void open(BumpCursor& cursor, AddressRange range);

  /// Where a walk that has come to `walk` on its way to `wanted` goes on: beyond what is open
  /// there, unless it holds `wanted`; null where `wanted` lies beyond a cursor, in no object.
  [[nodiscard]] Address onward(Address walk, Address wanted) const;

  /// Held over a whole walk.
  [[nodiscard]] std::unique_lock<std::mutex> lock() const { return std::unique_lock(mutex_); }

 private:
  mutable std::mutex mutex_;
  std::vector<const BumpCursor*> cursors_;
};

}  // namespace pinlab::heap
