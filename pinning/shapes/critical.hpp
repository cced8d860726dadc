// A section of the program in which no collection begins: nothing is pinned, nothing moves.
//
// Shape A14 of the list in results/README.md: treat this C call as a tight loop (dot-asm), pause
// the moving (ansiwen); JNI's critical sections and HotSpot's GCLocker. Source: golang/go issue
// 46787.
#pragma once

#include "heap/object.hpp"
#include "pinning/pin_registry.hpp"

namespace pinlab::pinning {

/// Lifetime: from its construction to its end, every address in the heap is good: no collection
/// begins. They nest, and count, over all threads.
///
/// What is allocated meanwhile takes what is free without a collection; when that is out, the
/// thread waits for the sections of others, and where nobody is left who could end one, it throws
/// collector::GcBlocked.
///
/// Misuse: none compiles: it is neither copied nor moved nor made by new. A section that is long
/// stops all progress: that is its cost.
class CriticalSection {
 public:
  explicit CriticalSection(PinRegistry& registry) : registry_(registry) {
    registry_.work().add(ShapeWork::critical_sections);
    registry_.enter_critical_section();
  }
  CriticalSection(const CriticalSection&) = delete;
  CriticalSection& operator=(const CriticalSection&) = delete;
  ~CriticalSection() { registry_.leave_critical_section(); }
  static void* operator new(std::size_t) = delete;
  static void* operator new[](std::size_t) = delete;

  /// The object's address, good until the section ends. What needs no section is counted.
  [[nodiscard]] heap::Address address_of(heap::ObjectRef object) const {
    static_cast<void>(registry_.admit(object.address()));
    return object.address();
  }

 private:
  PinRegistry& registry_;
};

}  // namespace pinlab::pinning
