// Why objects may not move: the one place that all reasons come from, for young and full
// collections alike, before islands are formed and before spread.
//
// Invariants: (1) a reason holds for one collection; (2) what an ambiguous root points into is kept
// alive by it, and so pins keep what they pin; the other reasons keep nothing alive.
#pragma once

#include "collector/generations.hpp"
#include "collector/pause.hpp"

#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

namespace pinlab::collector {

enum class Reason : std::uint8_t {
  pin,
  ambiguous,  ///< a word points into it that may be a reference and cannot be updated
  flow,       ///< something that is immovable for one of these two leads to it
  parent,     ///< an object refers to it whose slots cannot be updated
};

/// The objects that ambiguous roots point into, ascending, each once: anything that stands in the
/// heap, at its start or inside. A word that points into none refers to nothing. REQUIRES a stopped
/// world, retired cursors and closed spaces.
[[nodiscard]] std::vector<heap::ObjectRef> ambiguous_targets(const heap::Heap& heap,
                                                             const RootSet& roots);

/// One more object that may not move, by its first reason.
void count(PauseReport& report, Reason reason, std::uint64_t bytes);

/// What is found along references from seeds, each object once, nearest first.
class Flow {
 public:
  explicit Flow(std::uint32_t depth) : depth_(depth) {}

  [[nodiscard]] bool is_on() const { return depth_ > 0; }
  void seed(heap::ObjectRef object) {
    if (is_on() && seen_.insert(object.address().value()).second) {
      frontier_.push_back(object);
    }
  }
  /// found(ObjectRef) for each object that is no seed.
  template <class Found>
  void run(Found&& found) {
    std::vector<heap::ObjectRef> next;
    for (std::uint32_t depth = 0; depth < depth_ && !frontier_.empty(); ++depth) {
      next.clear();
      for (const heap::ObjectRef object : frontier_) {
        for (std::size_t slot = 0; slot < object.references(); ++slot) {
          const heap::ObjectRef target = object.load(slot);
          if (target && seen_.insert(target.address().value()).second) {
            found(target);
            next.push_back(target);
          }
        }
      }
      frontier_.swap(next);
    }
  }

 private:
  std::uint32_t depth_;
  std::unordered_set<std::uintptr_t> seen_;  ///< asked, never walked
  std::vector<heap::ObjectRef> frontier_;
};

/// keep(object, reason) for whatever may not move, reason after reason in their order; an object
/// with several reasons comes several times.
///   pins(visit)           has visit(ObjectRef) called for each pinned object
///   is_alive(ObjectRef)   of a parent: those of the dead hold nothing
template <class Pins, class IsAlive, class Keep>
void for_each_immovable(Generations& generations,
                        Pins&& pins,
                        std::span<const heap::ObjectRef> ambiguous,
                        IsAlive&& is_alive,
                        Keep&& keep) {
  Flow flow(generations.options.pin_transitive);
  pins([&](heap::ObjectRef object) {
    keep(object, Reason::pin);
    flow.seed(object);
  });
  for (const heap::ObjectRef object : ambiguous) {
    keep(object, Reason::ambiguous);
    flow.seed(object);
  }
  flow.run([&](heap::ObjectRef object) { keep(object, Reason::flow); });
  generations.pins.parents().for_each([&](heap::Address parent_slot) {
    const heap::ObjectRef parent(heap::Address(parent_slot.word()));
    for (std::size_t slot = 0; is_alive(parent) && slot < parent.references(); ++slot) {
      if (const heap::ObjectRef child = parent.load(slot)) {
        keep(child, Reason::parent);
      }
    }
  });
}

}  // namespace pinlab::collector
