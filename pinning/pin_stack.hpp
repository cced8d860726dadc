// Pins that end with the block of code that made them, newest first: a stack for each thread, and
// frames on it.
//
// Invariants: (1) the pins of a PinStack are those of the frames that live, in the order in which
// they were made; (2) only the newest frame makes pins, and only it can end. One thread.
#pragma once

#include "heap/object.hpp"
#include "pinning/pin_registry.hpp"
#include "pinning/pin_set.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace pinlab::pinning {

/// The scoped pins of one thread: no pin is searched for, no lock is shared with another thread.
/// Outlives its frames.
class PinStack {
 public:
  explicit PinStack(PinRegistry& registry) : set_(registry, registry.liveness()) {}
  PinStack(const PinStack&) = delete;
  PinStack& operator=(const PinStack&) = delete;
  ~PinStack() { EXPECTS(pins_.empty()); }

  /// Pins held by frames that have not ended, ignored ones included.
  [[nodiscard]] std::size_t depth() const { return pins_.size(); }
  [[nodiscard]] PinRegistry& registry() const { return set_.registry(); }

 private:
  friend class PinFrame;

  void push(heap::ObjectRef object, SiteId site);
  void push_all(std::span<const heap::ObjectRef> objects, SiteId site);
  void pop_to(std::size_t depth);

  PinSet set_;
  std::vector<heap::ObjectRef> pins_;  ///< null where nothing was pinned
};

/// What a block of code pinned. It cannot outlive the block: it is neither copied nor moved nor
/// made by new. Null and what lies outside the heap are legal, ignored and counted.
class PinFrame {
 public:
  /// `shape`: for errors.
  PinFrame(PinStack& stack, std::string_view shape)
      : stack_(stack), shape_(shape), base_(stack.depth()) {}
  PinFrame(const PinFrame&) = delete;
  PinFrame& operator=(const PinFrame&) = delete;
  ~PinFrame();
  static void* operator new(std::size_t) = delete;
  static void* operator new[](std::size_t) = delete;

  /// Throws PinError where a frame was opened inside this one and has not ended.
  void pin(heap::ObjectRef object, SiteId site);
  /// The same for each, in one transaction.
  void pin_all(std::span<const heap::ObjectRef> objects, SiteId site);
  [[nodiscard]] std::size_t size() const { return pins_; }
  [[nodiscard]] PinRegistry& registry() const { return stack_.registry(); }

 private:
  void check_newest(heap::ObjectRef object, SiteId site) const;

  PinStack& stack_;
  std::string_view shape_;
  std::size_t base_;
  std::size_t pins_ = 0;
};

}  // namespace pinlab::pinning
