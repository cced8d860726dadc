// The verifier: re-derives the invariants of the heap from scratch. It walks headers, traces by a
// bitmap of its own, and asks no phase what it did. Names (V01 …) are those of results/README.md.
#pragma once

#include "collector/generations.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace pinlab::collector {

/// Throws VerificationFailed. `cheap` looks at blocks and pins, `full` at every object and edge,
/// `paranoid` at every word too. REQUIRES a stopped world, retired cursors and closed spaces.
void verify_heap(Generations& generations, const RootSet& roots, VerifyLevel level);

/// V06 after a full collection: what is in old blocks is exactly what roots and pins reach.
void verify_nothing_dead(Generations& generations, const RootSet& roots, VerifyLevel level);

/// V10: what was pinned when the pause began is where it was, with the bytes that it had; so is what
/// ambiguous roots point into, what these two lead to as far as pin.transitive says, and what those
/// of the parents refer to that are still alive.
class PinWitness {
 public:
  PinWitness() = default;
  PinWitness(Generations& generations, const RootSet& roots);
  void check() const;

 private:
  struct Entry {
    heap::ObjectRef object;
    std::uintptr_t shape;
    std::optional<std::uint64_t> payload;  ///< a hash; none where others may write
    heap::ObjectRef origin;                ///< promises hold while it is pinned; null: anyhow
  };
  struct Parent {
    heap::Address slot;  ///< of the table of parents
    std::vector<heap::ObjectRef> children;
  };
  void add(heap::ObjectRef object, heap::ObjectRef origin, bool stable);
  void add_flow(std::uint32_t depth);
  static std::uint64_t payload_hash(heap::ObjectRef object);

  const heap::Heap* heap_ = nullptr;
  pinning::PinRegistry* pins_ = nullptr;
  std::vector<Entry> entries_;
  std::vector<Parent> parents_;
};

}  // namespace pinlab::collector
