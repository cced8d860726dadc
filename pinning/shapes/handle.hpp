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

#include <string_view>

namespace pinlab::pinning {

/// Lifetime: from construction to destruction. It can be moved, never copied.
///
/// Misuse: a null reference, an object of another heap, get() after a move, and an id of no living
/// handle are PinErrors: an id carries a generation, so that one which outlived its handle is told
/// from that of a younger one. A handle that is never ended retains its object for ever.
class Handle {
 public:
  /// `shape`: for errors of what is made of handles.
  Handle(PinRegistry& registry,
         heap::ObjectRef object,
         SiteId site = 0,
         std::string_view shape = "handle");
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  Handle(Handle&& other) noexcept;
  Handle& operator=(Handle&& other) noexcept;
  ~Handle() { end(); }

  /// Where the object is now; stale after the next allocation or poll.
  [[nodiscard]] heap::ObjectRef get() const;
  /// What foreign code keeps instead of an address; 0 after a move.
  [[nodiscard]] HandleId id() const { return id_; }
  /// The object that foreign code means by `id`. Throws PinError where its handle has ended.
  [[nodiscard]] static heap::ObjectRef resolve(PinRegistry& registry, HandleId id);
  /// The handle goes and its entry stays: the object is retained as long as the registry.
  void lose() { id_ = 0; }

 private:
  void end() noexcept;

  PinRegistry* registry_;
  HandleId id_;
  HandleId was_;  ///< for errors after a move
};

}  // namespace pinlab::pinning
