// A hidden address, and the check at the border to foreign code switched off.
//
// Shape A1 of the list in results/README.md (ansiwen's workaround 3: a shadowed _cgoCheckPointer,
// or a write to runtime.dbgvars). What A0 is, and the diagnostics of unrelated code are gone too:
// the switch is one for the whole process. Source: golang/go issue 46787, problem statement.
#pragma once

#include "heap/object.hpp"
#include "pinning/pin_registry.hpp"

#include <utility>

namespace pinlab::pinning {

/// Lifetime: while it lives, checks at the border pass, anybody's. The object may move or die at
/// any collection; nothing tells. It can be moved, never copied.
/// Misuse: every use of the address after an allocation.
class UncheckedAddress {
 public:
  UncheckedAddress(PinRegistry& registry, heap::ObjectRef object)
      : registry_(&registry), value_(object.address().value()) {
    registry.suspend_checks();
  }
  UncheckedAddress(const UncheckedAddress&) = delete;
  UncheckedAddress& operator=(const UncheckedAddress&) = delete;
  UncheckedAddress(UncheckedAddress&& other) noexcept
      : registry_(std::exchange(other.registry_, nullptr)), value_(other.value_) {}
  UncheckedAddress& operator=(UncheckedAddress&&) = delete;
  ~UncheckedAddress() {
    if (registry_ != nullptr) {
      registry_->resume_checks();
    }
  }

  /// Where the object was. An Address, for it may be stale.
  [[nodiscard]] heap::Address get() const { return heap::Address(value_); }

 private:
  PinRegistry* registry_;
  std::uintptr_t value_;
};

}  // namespace pinlab::pinning
