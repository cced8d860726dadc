// Binary trees on the managed heap, for the programs that are made of them.
//
// Invariant: while a tree is built, every part that is not yet linked lies in a Root; the result
// does not, until the caller puts it into one.
#pragma once

#include "workloads/workload.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace pinlab::workloads {

/// Whether nodes are told to the pin pressure. Known at compile time, so that it costs nothing
/// where it is off.
enum class Pinning : std::uint8_t { off, on };

/// The nodes of a tree of this depth; a leaf has depth 0.
[[nodiscard]] constexpr std::uint64_t tree_nodes(unsigned depth) {
  return (std::uint64_t{2} << depth) - 1;
}

/// Counts the nodes by visiting them, and no null below a leaf. Allocates nothing.
[[nodiscard]] inline std::uint64_t count_nodes(heap::ObjectRef node) {  // NOLINT(misc-no-recursion)
  const heap::ObjectRef left = node.load(0);
  const heap::ObjectRef right = node.load(1);
  return 1 + (left ? count_nodes(left) : 0) + (right ? count_nodes(right) : 0);
}

/// Throws std::logic_error where a tree has lost or won nodes: a bug of the collector.
inline void check_nodes(std::string_view program, std::uint64_t nodes, std::uint64_t expected) {
  if (nodes != expected) {
    throw std::logic_error(std::string(program) + ": " + std::to_string(nodes) +
                           " nodes are reachable where " + std::to_string(expected) +
                           " were linked");
  }
}

/// The pins of one tree's nodes, which the program drops all at once.
class TreePins {
 public:
  explicit TreePins(PinPressure& pins) : pins_(pins) {}
  TreePins(const TreePins&) = delete;
  TreePins& operator=(const TreePins&) = delete;
  ~TreePins() { drop(); }

  [[nodiscard]] heap::ObjectRef make(collector::Mutator& mutator,
                                     heap::Shape shape,
                                     heap::ObjectRef left,
                                     heap::ObjectRef right) {
    const heap::ObjectRef node = pins_.allocate(mutator, shape, 0, left, right);
    if (const PinToken token = pins_.born(node); token != 0) {
      tokens_.push_back(token);
    }
    return node;
  }
  void drop() {
    for (const PinToken token : tokens_) {
      pins_.dropped(token);
    }
    tokens_.clear();
  }

 private:
  PinPressure& pins_;
  std::vector<PinToken> tokens_;
};

/// Builds trees of nodes with two references and kBytes bytes.
template <Pinning kPinning, std::uint64_t kBytes>
class TreeBuilder {
 public:
  TreeBuilder(WorkloadContext& context, TreePins& pins) : mutator_(context.mutator), pins_(pins) {}

  [[nodiscard]] heap::ObjectRef make_node() { return make_node(mutator_, pins_); }

  /// Children first, then their parent.
  [[nodiscard]] heap::ObjectRef make(unsigned depth) { return make(mutator_, pins_, depth); }

  /// A parent first, then its children. The argument is stale afterwards.
  void populate(heap::ObjectRef root, unsigned depth) {  // NOLINT(misc-no-recursion)
    if (depth == 0) {
      return;
    }
    const collector::Root node(mutator_, root);
    for (std::size_t side = 0; side < 2; ++side) {
      const heap::ObjectRef child = make_node();
      mutator_.store(node.get(), side, child);
    }
    populate(node.get().load(0), depth - 1);
    populate(node.get().load(1), depth - 1);
  }

 private:
  // These take the mutator as an argument, so that it stays in a register.

  static heap::ObjectRef make_node(collector::Mutator& mutator,
                                   TreePins& pins,
                                   heap::ObjectRef left = {},
                                   heap::ObjectRef right = {}) {
    constexpr heap::Shape kShape{.references = 2, .bytes = kBytes};
    if constexpr (kPinning == Pinning::on) {
      return pins.make(mutator, kShape, left, right);
    }
    return mutator.allocate(kShape, left, right);
  }

  static heap::ObjectRef make(collector::Mutator& mutator, TreePins& pins, unsigned depth) {
    return depth == 0   ? make_node(mutator, pins)
           : depth == 1 ? make_twig(mutator, pins)
                        : make_inner(mutator, pins, depth);
  }

  // Most calls would be for leaves and what is just above them: both are inlined, as a compiler at
  // run time does it.
  [[gnu::always_inline]] static heap::ObjectRef make_twig(collector::Mutator& mutator,
                                                          TreePins& pins) {
    const collector::Root left(mutator, make_node(mutator, pins));
    const heap::ObjectRef right = make_node(mutator, pins);
    return make_node(mutator, pins, left.get(), right);
  }

  [[gnu::noinline]] static heap::ObjectRef make_inner(collector::Mutator& mutator,
                                                      TreePins& pins,
                                                      unsigned depth) {  // NOLINT(misc-no-recursion)
    const collector::Root left(mutator, make(mutator, pins, depth - 1));
    const heap::ObjectRef right = make(mutator, pins, depth - 1);
    return make_node(mutator, pins, left.get(), right);
  }

  collector::Mutator& mutator_;
  TreePins& pins_;
};

}  // namespace pinlab::workloads
