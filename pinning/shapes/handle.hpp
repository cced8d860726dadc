// A number that stands for an object: it keeps the object alive, and lets it move.
//
// Shape A6 of the list in results/README.md, Go's cgo.Handle (DeedleFake asks, ansiwen answers).
// The control beside every pin: the same memory is retained, nothing is immobile, and the cost
// moves to a look-up for each access. Source: golang/go issue 46787; src/runtime/cgo/handle.go.
//
// Invariant: while a Handle lives, resolve() of its id gives the object, wherever it is by then.
#pragma once

#include "heap/object.hpp"
#include "pinning/pin_registry.hpp"
#include "pinning/shape.hpp"

#include <cstdint>

namespace pinlab::pinning {

/// Lifetime: from construction to destruction. It can be moved, never copied.
///
/// Misuse: a null reference, an object of another heap, and get() after a move, is a PinError. An
/// id of no living handle ends the program, as Go's panic does; an id that outlived its handle may
/// mean a younger one. A handle that is never ended retains its object for ever.
class Handle {
 public:
  Handle(PinRegistry& registry, heap::ObjectRef object);
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  Handle(Handle&& other) noexcept;
  Handle& operator=(Handle&& other) noexcept;
  ~Handle() { end(); }

  /// Where the object is now; stale after the next allocation or poll.
  [[nodiscard]] heap::ObjectRef get() const;
  /// What foreign code keeps instead of an address; 0 after a move.
  [[nodiscard]] std::uint32_t id() const { return id_; }
  /// The object that foreign code means by `id`. REQUIRES the id of a living handle.
  [[nodiscard]] static heap::ObjectRef resolve(const PinRegistry& registry, std::uint32_t id) {
    return registry.handle_target(id);
  }

 private:
  void end() noexcept;

  PinRegistry* registry_;
  std::uint32_t id_;
};

}  // namespace pinlab::pinning
