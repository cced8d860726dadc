// A pinner under a limit on the pins of the process.
//
// Shape A17 of the list in results/README.md: N + M x calls in progress, and a crash above it
// (cherrymui). pin.limit puts the same limit on any other shape. Source: golang/go issue 46787.
#pragma once

#include "pinning/pin_holder.hpp"
#include "pinning/pin_limit.hpp"

#include <cstdint>
#include <utility>

namespace pinlab::pinning {

inline constexpr HolderRule kLimitedRule = {.shape = "limited", .when_lost = WhenLost::reported};

/// Lifetime: as Pinner. A pin beyond the limit throws PinLimitReached, and nothing is changed.
/// It can be moved, never copied.
/// Misuse: as Pinner.
class LimitedPinner {
 public:
  /// `limit`: shared by all that count against it; outlives them.
  LimitedPinner(PinRegistry& registry, PinLimit& limit)
      : pins_(registry, kLimitedRule), limit_(&limit) {}
  LimitedPinner(const LimitedPinner&) = delete;
  LimitedPinner& operator=(const LimitedPinner&) = delete;
  LimitedPinner(LimitedPinner&& other) noexcept
      : pins_(std::move(other.pins_)),
        limit_(other.limit_),
        taken_(std::exchange(other.taken_, 0)) {}
  LimitedPinner& operator=(LimitedPinner&&) = delete;
  ~LimitedPinner() { limit_->give_back(taken_); }

  void pin(heap::ObjectRef object, SiteId site = 0);
  void unpin();
  /// As PinHolder::lose(): what was held counts against the limit for ever.
  void lose() {
    pins_.lose();
    taken_ = 0;
  }
  [[nodiscard]] std::size_t size() const { return pins_.size(); }
  [[nodiscard]] bool empty() const { return pins_.empty(); }

 private:
  PinHolder pins_;
  PinLimit* limit_;
  std::uint64_t taken_ = 0;  ///< of the limit: also for pins that ended with their objects
};

}  // namespace pinlab::pinning
