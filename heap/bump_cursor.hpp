// The cursor that every allocation bumps, whoever refills it.
#pragma once

#include "heap/address.hpp"

#include <atomic>

namespace pinlab::heap {

/// [base, cursor) holds objects, [cursor, limit) is free and the owner's alone.
struct BumpCursor {
  Address base;
  Address cursor;
  Address limit;

  void open(AddressRange range) {
    base = range.base;
    reach(range.base);
    limit = range.limit;
  }
  /// By the owner, when an object was placed: others look at how far it came (OpenCursors).
  void reach(Address end) { std::atomic_ref(cursor).store(end, std::memory_order_relaxed); }
  /// By anyone.
  [[nodiscard]] Address reached() const {
    // atomic_ref takes no const object before C++26.
    return std::atomic_ref(const_cast<Address&>(cursor))  // NOLINT(*-const-cast)
        .load(std::memory_order_relaxed);
  }
  [[nodiscard]] AddressRange filled() const { return {base, cursor}; }
  [[nodiscard]] AddressRange rest() const { return {cursor, limit}; }
};

}  // namespace pinlab::heap
