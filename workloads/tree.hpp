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

  void born(heap::ObjectRef node) {
    if (const PinToken token = pins_.born(node); token != 0) {
      tokens_.push_back(token);
    }
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

  [[nodiscard]] heap::ObjectRef make_node(heap::ObjectRef left = {}, heap::ObjectRef right = {}) {
    const heap::ObjectRef node = mutator_.allocate({.references = 2, .bytes = kBytes}, left, right);
    if constexpr (kPinning == Pinning::on) {
      pins_.born(node);
    }
    return node;
  }

  /// Children first, then their parent.
  [[nodiscard]] heap::ObjectRef make(unsigned depth) {
    return depth == 0 ? make_node() : make_inner(depth);
  }

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
  // Not inlined into make(), or each leaf would be a call.
  [[nodiscard, gnu::noinline]] heap::ObjectRef make_inner(
      unsigned depth) {  // NOLINT(misc-no-recursion)
    const collector::Root left(mutator_, make(depth - 1));
    const heap::ObjectRef right = make(depth - 1);
    return make_node(left.get(), right);
  }

  collector::Mutator& mutator_;
  TreePins& pins_;
};

}  // namespace pinlab::workloads
