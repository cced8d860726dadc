// Go's runtime.Pinner: a set of pins that the program fills one by one and releases together.
//
// Shape A22 of the list in results/README.md, as shipped in Go 1.21: many objects and one Unpin
// (A12, aclements), an error when the set is lost with pins in it (A18, bcmills), pins that keep
// alive (A20, ansiwen). Source: golang/go issue 46787, src/runtime/pinner.go.
//
// Invariants: (1) an object pinned n times by a Pinner, and not since unpinned by it, has n in its
// count from this Pinner; (2) a Pinner that ended holds no pins. One thread uses a Pinner at a
// time; pinners of other threads may pin the same objects meanwhile.
#pragma once

#include "heap/object.hpp"
#include "pinning/pin_registry.hpp"
#include "pinning/pin_set.hpp"
#include "pinning/shape.hpp"

#include <cstddef>
#include <memory>

namespace pinlab::pinning {

/// Lifetime: from pin() until unpin(), which ends every pin of this Pinner, each as often as it was
/// made; then it is ready for the next round. It can be moved, never copied: a copy in Go aliases
/// its pins, and the second Unpin then releases those of a stranger.
///
/// Misuse: a null reference, and any use after a move, is a PinError, and nothing is changed. What
/// is not in this heap (static data, the stack, another runtime) never moves: it is ignored and
/// counted. A Pinner that ends with pins in it releases them and then reports a PinLeak.
///
/// It allocates when it is made, and when it holds more than five pins for the first time.
class Pinner {
 public:
  /// A Pinner that belongs to a C++ scope; or, with an `owner`, to a managed object: when that
  /// dies, the collector ends the pins and reports those that were left as a PinLeak. The
  /// objects that a Pinner pins do not keep its owner alive, so that no cycle hides a leak.
  explicit Pinner(PinRegistry& registry, heap::ObjectRef owner = {});
  Pinner(const Pinner&) = delete;
  Pinner& operator=(const Pinner&) = delete;
  Pinner(Pinner&& other) noexcept = default;
  /// What was held here before ends as in the destructor.
  Pinner& operator=(Pinner&& other) noexcept;
  ~Pinner();

  /// Pins one object: it stays where it is until unpin(). Pins are counted, and they are shallow:
  /// what the object refers to is not pinned.
  void pin(heap::ObjectRef object, SiteId site = 0);
  /// Pins the object that `inside` points into: an interior pin is a pin of the whole object. An
  /// address that no object covers is ignored and counted, as one outside the heap.
  void pin_interior(heap::Address inside, SiteId site = 0);
  /// Ends every pin of this Pinner. Without any it does nothing.
  void unpin();

  [[nodiscard]] std::size_t size() const { return set_ ? set_->size() : 0; }
  [[nodiscard]] bool empty() const { return size() == 0; }

 private:
  void end() noexcept;

  std::unique_ptr<PinSet> set_;  ///< null after a move
};

}  // namespace pinlab::pinning
