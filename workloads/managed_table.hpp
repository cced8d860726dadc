// A table of references in the managed heap, as long as one likes: a directory of chunks.
//
//   directory --> chunk 0: slots 0 .. 2^s - 1
//             --> chunk 1: slots 2^s .. 2 * 2^s - 1
//             --> ...
//
// It lives on the stack of the mutator's thread: it holds a Root.
#pragma once

#include "collector/mutator.hpp"

#include <algorithm>
#include <cstdint>

namespace pinlab::workloads {

class ManagedTable {
 public:
  /// `shift`: a chunk has 2^shift slots, or as many as there are. Throws HeapExhausted.
  ManagedTable(collector::Mutator& mutator, std::uint64_t slots, unsigned shift = 20)
      : mutator_(mutator),
        shift_(shift),
        directory_(mutator,
                   mutator.allocate({.references = static_cast<std::uint32_t>(
                                         (slots + chunk_slots() - 1) >> shift)})) {
    for (std::uint64_t first = 0; first < slots; first += chunk_slots()) {
      const auto length = static_cast<std::uint32_t>(std::min(slots - first, chunk_slots()));
      const heap::ObjectRef chunk = mutator.allocate({.references = length});
      mutator.store(directory_.get(), first >> shift, chunk);
    }
  }

  [[nodiscard]] heap::ObjectRef get(std::uint64_t slot) const {
    return chunk_of(slot).load(slot & (chunk_slots() - 1));
  }
  void set(std::uint64_t slot, heap::ObjectRef object) const {
    mutator_.store(chunk_of(slot), slot & (chunk_slots() - 1), object);
  }
  /// What keeps the table and all that is in it.
  [[nodiscard]] heap::ObjectRef directory() const { return directory_.get(); }

 private:
  [[nodiscard]] std::uint64_t chunk_slots() const { return std::uint64_t{1} << shift_; }
  [[nodiscard]] heap::ObjectRef chunk_of(std::uint64_t slot) const {
    return directory_.get().load(slot >> shift_);
  }

  collector::Mutator& mutator_;
  unsigned shift_;
  collector::Root directory_;
};

}  // namespace pinlab::workloads
