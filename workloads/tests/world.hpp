// A small heap for tests of what runs on it.
#pragma once

#include "collector/runtime.hpp"

#include <memory>

namespace pinlab::workloads::tests {

[[nodiscard]] inline collector::Options small_options() {
  collector::Options options;
  options.heap_max = std::uint64_t{64} << 20U;
  options.nursery_size = std::uint64_t{1} << 20U;
  return options;
}

/// One runtime and its only mutator.
struct World {
  explicit World(const collector::Options& options = small_options())
      : runtime(options), mutator(runtime.attach()) {}

  /// An object without references.
  [[nodiscard]] heap::ObjectRef make(std::uint64_t bytes = 56) const {
    return mutator->allocate({.references = 0, .bytes = bytes});
  }

  /// Of what is not asked for.
  template <class T>
  static void discard(T&& /*value*/) {}

  collector::Runtime runtime;
  std::unique_ptr<collector::Mutator> mutator;
};

}  // namespace pinlab::workloads::tests
