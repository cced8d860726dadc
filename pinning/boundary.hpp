// The check at the border to foreign code: may it hold on to what a reference leads to?
//
// The rules are those of Go's pointer passing (cmd/cgo, "Passing pointers";
// src/runtime/cgocall.go): what foreign code can reach must be pinned, each object by a pin of its
// own, since pins are shallow; the argument of a call is pinned by the call itself. The check looks
// at pins as they are now, never at types. A reference out of this heap never moves and passes.
//
// Any thread may ask while no collection runs; the answer holds until the next unpin or store.
#pragma once

#include "heap/object.hpp"
#include "pinning/pin_registry.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>

namespace pinlab::pinning {

/// What foreign code does with the reference.
enum class Passing : std::uint8_t {
  argument,  ///< uses it until the call returns: the object itself needs no pin
  kept,      ///< stores it, or got it as a result: the object itself must be pinned too
};

/// Which addresses are checked as they go to foreign code (parameter pin.store_check): Go's
/// cgocheck, 0, 1 and 2.
enum class StoreCheck : std::uint8_t {
  off,
  arguments,  ///< those that are passed to a call and end with it
  all,        ///< every one that is stored
};

/// An address was given to foreign code that what it reaches forbids; what() is a sentence.
struct StoreRefused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The reference that breaks the rules.
struct Unpinned {
  heap::ObjectRef holder;  ///< where it was found; null: it is what was passed
  std::size_t slot = 0;    ///< of the holder
  heap::ObjectRef object;
};

/// The first reference, nearest to `object`, that is reachable through pinned objects and is not
/// pinned itself; nothing where the rules are kept. Null passes.
[[nodiscard]] std::optional<Unpinned> first_unpinned(PinRegistry& registry,
                                                     heap::ObjectRef object,
                                                     Passing passing = Passing::argument);

/// Throws StoreRefused where first_unpinned() finds something. `site`: who gives the address away.
void check_store(PinRegistry& registry, heap::ObjectRef object, Passing passing, SiteId site);

}  // namespace pinlab::pinning
