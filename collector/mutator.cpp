#include "collector/mutator.hpp"

#include "collector/runtime.hpp"

#include <string>

namespace pinlab::collector {

namespace {

constexpr std::size_t kRootStackDepth = std::size_t{1} << 16U;

}  // namespace

Mutator::Mutator(Runtime& runtime)
    : cards_(runtime.heap().cards_biased()), runtime_(runtime), root_stack_(kRootStackDepth) {
  root_top_ = root_stack_.data();
  root_limit_ = root_top_ + root_stack_.size();
}

Mutator::~Mutator() {
  runtime_.detach(*this);
}

heap::ObjectRef Mutator::allocate_slow(heap::Shape shape) {
  const std::size_t bytes = shape.object_bytes();
  if (bytes > runtime_.heap().large_threshold()) {
    return runtime_.allocate_large(*this, shape);
  }
  runtime_.refill(*this, bytes);
  const heap::Address object = cursor_.cursor;
  cursor_.reach(object + bytes);
  return initialise(object, shape);
}

template <class Make>
heap::ObjectRef Mutator::with_references(std::span<const heap::ObjectRef> references, Make&& make) {
  std::uintptr_t* const kept = root_top_;
  EXPECTS(static_cast<std::size_t>(root_limit_ - root_top_) >= references.size());
  for (const heap::ObjectRef reference : references) {
    *root_top_++ = reference.address().value();
  }
  const heap::ObjectRef object = make();
  root_top_ = kept;
  for (std::size_t i = 0; i < references.size(); ++i) {
    store(object, i, heap::ObjectRef(heap::Address(kept[i])));
  }
  return object;
}

heap::ObjectRef Mutator::allocate_slow(heap::Shape shape,
                                       std::span<const heap::ObjectRef> references) {
  return with_references(references, [&] { return allocate_slow(shape); });
}

heap::ObjectRef Mutator::make_apart(heap::Shape shape,
                                    std::span<const heap::ObjectRef> references) {
  EXPECTS(runtime_.options().pin_placement != PinPlacement::anywhere);
  return with_references(references, [&] { return make_apart(shape); });
}

heap::ObjectRef Mutator::make_apart(heap::Shape shape) {
  const std::size_t bytes = shape.object_bytes();
  if (bytes > runtime_.heap().large_threshold()) {
    return runtime_.allocate_large(*this, shape);
  }
  if (bytes > apart_.limit - apart_.cursor) {
    runtime_.refill_apart(*this, bytes);
  }
  const heap::Address object = apart_.cursor;
  apart_.reach(object + bytes);
  return initialise(object, shape);
}

void Mutator::poll() {
  if (runtime_.stopping_.load(std::memory_order_relaxed) ||
      runtime_.held_back_.load(std::memory_order_relaxed)) {
    Runtime::Lock lock(runtime_.mutex_);
    runtime_.park_while_held(lock, *this);
  }
}

void Mutator::collect_young() {
  Runtime::Lock lock(runtime_.mutex_);
  while (!runtime_.collect(lock, *this, PauseKind::young, PauseCause::requested,
                           runtime_.options().compact_effort)) {
  }
}

void Mutator::collect_full(CompactEffort effort) {
  Runtime::Lock lock(runtime_.mutex_);
  const bool all = effort == CompactEffort::exhaustive ||
                   runtime_.options().compact_effort == CompactEffort::exhaustive;
  while (!runtime_.collect(lock, *this, PauseKind::full, PauseCause::requested,
                           all ? CompactEffort::exhaustive : CompactEffort::adaptive)) {
  }
}

}  // namespace pinlab::collector
