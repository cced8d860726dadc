// A small heap in which everything moves that may: for tests of what a pin holds in place. A test
// that says so has a Neighbour, and asks it after every collection.
#pragma once

#include "pinning/shapes/pinner.hpp"
#include "collector/runtime.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

namespace pinlab::collector::tests {

/// Blocks are small, promotion is at once, full collections move all they can, everything is
/// verified.
[[nodiscard]] inline Options moving_options() {
  Options options;
  options.heap_max = std::uint64_t{8} << 20U;
  options.heap_block = std::uint64_t{16} << 10U;
  options.nursery_size = std::uint64_t{512} << 10U;
  options.nursery_survivals = 0;
  options.compact_effort = CompactEffort::exhaustive;
  options.verify = VerifyLevel::full;
  options.verify_when = VerifyWhen::before_after;
  return options;
}

class Neighbour;

class PinWorld {
 public:
  explicit PinWorld(const Options& options = moving_options())
      : runtime_(options), mutator_(runtime_.attach()) {}

  [[nodiscard]] Runtime& runtime() { return runtime_; }
  [[nodiscard]] Mutator& mutator() { return *mutator_; }
  [[nodiscard]] pinning::PinRegistry& pins() { return runtime_.pins(); }
  [[nodiscard]] heap::ObjectRef make(std::uint32_t references = 0, std::uint64_t bytes = 40) {
    return mutator_->allocate({.references = references, .bytes = bytes});
  }

  /// Every young object that is not pinned moves.
  void collect_young() { mutator_->collect_young(); }
  /// Old objects move if something below them has died: neighbours see to that, the first time.
  void collect_full();

 private:
  friend class Neighbour;

  Runtime runtime_;
  std::unique_ptr<Mutator> mutator_;
  std::vector<Neighbour*> neighbours_;
};

/// An object that nobody pins, with another one below it that a full collection finds dead.
class Neighbour {
 public:
  explicit Neighbour(PinWorld& world)
      : world_(world),
        below_(world.mutator(), world.make()),
        object_(world.mutator(), world.make()),
        was_(object_.get()) {
    world_.neighbours_.push_back(this);
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;
  ~Neighbour() { std::erase(world_.neighbours_, this); }

  /// Whether it has moved since the last time that one asked.
  [[nodiscard]] bool has_moved() {
    const heap::ObjectRef before = was_;
    was_ = object_.get();
    return was_ != before;
  }

 private:
  friend class PinWorld;

  PinWorld& world_;
  Root below_;
  Root object_;
  heap::ObjectRef was_;
};

inline void PinWorld::collect_full() {
  for (Neighbour* neighbour : neighbours_) {
    neighbour->below_.set({});
  }
  mutator_->collect_full();
}

/// Bytes that tell whether an object is still itself.
inline void mark(heap::ObjectRef object, std::uint64_t number) {
  object.slot(object.references()).word() = number;
}
[[nodiscard]] inline std::uint64_t mark_of(heap::ObjectRef object) {
  return object.slot(object.references()).word();
}

}  // namespace pinlab::collector::tests
