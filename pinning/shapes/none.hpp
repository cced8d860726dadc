// No pin at all: an address that the collector does not know of.
//
// Shape A0 of the list in results/README.md (ansiwen's workarounds 1 and 2: hide the pointer as a
// uintptr). The negative control: every access to it is exposed, and islands, pauses and leaks are
// as if nobody pinned. Source: golang/go issue 46787, problem statement.
#pragma once

#include "heap/object.hpp"
#include "pinning/pin_registry.hpp"

namespace pinlab::pinning {

/// Lifetime: none. The object may move or die at any collection; nothing tells.
/// Misuse: every use after an allocation.
class HiddenAddress {
 public:
  explicit HiddenAddress(heap::ObjectRef object) : value_(object.address().value()) {}
  /// Where the object was. An Address, for it may be stale.
  [[nodiscard]] heap::Address get() const { return heap::Address(value_); }

 private:
  std::uintptr_t value_;
};

}  // namespace pinlab::pinning
