// How many pins there may be: N, and M more for each foreign call that goes on.
//
// Source: golang/go issue 46787 (cherrymui): a limit that the user can raise, and a crash above it.
// Pins that outlast their calls live on N alone. Any thread.
#pragma once

#include "heap/support/expects.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace pinlab::pinning {

/// More pins than the limit allows. An outcome, no bug.
struct PinLimitReached : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What becomes of a pin beyond the limit.
enum class LimitAnswer : std::uint8_t {
  crash,  ///< the program ends with PinLimitReached
  fail,   ///< it is not made, and the program goes on without
  block,  ///< it waits until another pin ends
  copy,   ///< the object is copied out of the heap instead
};
inline constexpr std::array<std::string_view, 4> kLimitAnswerNames = {"crash", "fail", "block",
                                                                      "copy"};

class PinLimit {
 public:
  /// 0 and 0: there is no limit.
  PinLimit(std::uint64_t base, std::uint64_t for_each_call)
      : base_(base), for_each_call_(for_each_call) {}

  [[nodiscard]] bool is_set() const { return (base_ | for_each_call_) != 0; }
  /// Pins that may be held now. REQUIRES is_set().
  [[nodiscard]] std::uint64_t most() const {
    return base_ + for_each_call_ * calls_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t held() const { return held_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t calls() const { return calls_.load(std::memory_order_relaxed); }

  /// Counts so many pins more; false, and nothing counted, where they are beyond the limit.
  [[nodiscard]] bool take(std::uint64_t pins = 1) {
    std::uint64_t held = held_.load(std::memory_order_relaxed);
    do {
      if (is_set() && held + pins > most()) {
        return false;
      }
    } while (!held_.compare_exchange_weak(held, held + pins, std::memory_order_relaxed));
    return true;
  }
  void give_back(std::uint64_t pins = 1) {
    EXPECTS(held_.fetch_sub(pins, std::memory_order_relaxed) >= pins);
  }
  void enter_call() { calls_.fetch_add(1, std::memory_order_relaxed); }
  void leave_call() { EXPECTS(calls_.fetch_sub(1, std::memory_order_relaxed) > 0); }

 private:
  std::uint64_t base_;
  std::uint64_t for_each_call_;
  std::atomic<std::uint64_t> held_{0};
  std::atomic<std::uint64_t> calls_{0};
};

/// A foreign call that goes on: M pins more.
class CallInProgress {
 public:
  explicit CallInProgress(PinLimit& limit) : limit_(limit) { limit_.enter_call(); }
  CallInProgress(const CallInProgress&) = delete;
  CallInProgress& operator=(const CallInProgress&) = delete;
  ~CallInProgress() { limit_.leave_call(); }

 private:
  PinLimit& limit_;
};

}  // namespace pinlab::pinning
