// The cursor that every allocation bumps, whoever refills it.
#pragma once

#include "heap/address.hpp"

namespace pinlab::heap {

/// [base, cursor) holds objects, [cursor, limit) is free and the owner's alone.
struct BumpCursor {
  Address base;
  Address cursor;
  Address limit;

  void open(AddressRange range) {
    base = range.base;
    cursor = range.base;
    limit = range.limit;
  }
  [[nodiscard]] AddressRange filled() const { return {base, cursor}; }
  [[nodiscard]] AddressRange rest() const { return {cursor, limit}; }
};

}  // namespace pinlab::heap
