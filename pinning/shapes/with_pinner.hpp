// A closure that gets a pinner, whose pins end when the closure returns.
//
// Shape A9 of the list in results/README.md: WithPinner(func(Pinner)) (ansiwen), after
// WithPin(addr, func) (seebs in golang/go issue 40431). Source: golang/go issue 46787.
#pragma once

#include "pinning/pin_stack.hpp"

#include <memory>
#include <utility>

namespace pinlab::pinning {

/// What the closure pins with. Copies are one pinner; one that left its closure leads nowhere, by
/// one indirection, as ansiwen answered to Merovius.
class ScopePinner {
 public:
  /// Throws PinError where the closure has returned, or an inner one runs.
  void pin(heap::ObjectRef object, SiteId site = 0) const {
    if (*frame_ == nullptr) {
      misuse(*registry_, "with_pinner", "a pin after its closure has returned", site,
             object.address());
    }
    (*frame_)->pin(object, site);
  }

 private:
  friend class PinnerScope;
  ScopePinner(PinFrame& frame, std::shared_ptr<PinFrame*> indirection)
      : registry_(&frame.registry()), frame_(std::move(indirection)) {}

  PinRegistry* registry_;
  std::shared_ptr<PinFrame*> frame_;
};

/// The scope that with_pinner() opens, for code that has no closure.
class PinnerScope {
 public:
  explicit PinnerScope(PinStack& stack)
      : frame_(stack, "with_pinner"), indirection_(std::make_shared<PinFrame*>(&frame_)) {}
  PinnerScope(const PinnerScope&) = delete;
  PinnerScope& operator=(const PinnerScope&) = delete;
  ~PinnerScope() { *indirection_ = nullptr; }
  static void* operator new(std::size_t) = delete;
  static void* operator new[](std::size_t) = delete;

  [[nodiscard]] ScopePinner pinner() { return {frame_, indirection_}; }

 private:
  PinFrame frame_;
  std::shared_ptr<PinFrame*> indirection_;
};

/// Lifetime: all pins made through the pinner end when `body` returns, or throws; the newest
/// closure first. An operation that outlives the closure cannot be expressed.
///
/// Misuse: a pinner that escaped is a PinError. A closure that blocks holds its pins as long.
template <class Body>
void with_pinner(PinStack& stack, Body&& body) {
  PinnerScope scope(stack);
  std::forward<Body>(body)(scope.pinner());
}

}  // namespace pinlab::pinning
