// A copy of an object's bytes outside the heap, where no collector moves anything.
//
// Shape A21 of the list in results/README.md: C.malloc'd buffers (the problem statement; randall77,
// egonelbre, beoran). The control arm: no island, a copy for each operation, and the fragmentation
// is malloc's. Source: golang/go issue 46787.
#pragma once

#include "heap/object.hpp"
#include "pinning/pin_registry.hpp"

#include <cstddef>
#include <memory>
#include <span>

namespace pinlab::pinning {

/// Lifetime: from construction to destruction, as a buffer of C. The object lives and moves on its
/// own: what foreign code writes reaches it by copy_back(). It can be moved, never copied.
///
/// Misuse: null, an object of another heap, and bytes() after a move are PinErrors; one that is
/// never ended is memory that is never free.
class OffHeapCopy {
 public:
  OffHeapCopy(PinRegistry& registry, heap::ObjectRef object, SiteId site = 0);
  OffHeapCopy(const OffHeapCopy&) = delete;
  OffHeapCopy& operator=(const OffHeapCopy&) = delete;
  OffHeapCopy(OffHeapCopy&& other) noexcept = default;
  OffHeapCopy& operator=(OffHeapCopy&& other) noexcept = default;
  ~OffHeapCopy() = default;

  /// The object's bytes as they were; its references are not among them: foreign code could not
  /// follow them.
  [[nodiscard]] std::span<std::byte> bytes() const;
  /// Writes the bytes into `object`, the one that was copied, wherever it is now. REQUIRES that it
  /// has as many.
  void copy_back(heap::ObjectRef object) const;

 private:
  PinRegistry* registry_;
  SiteId site_;
  heap::Address from_;  ///< where the object was: for errors
  std::size_t size_;
  std::unique_ptr<std::byte[]> bytes_;
};

}  // namespace pinlab::pinning
