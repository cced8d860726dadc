// Ends a run from outside: after a time, or because the user asked. First politely, by a flag that
// is read at each pause; where no pause comes for two seconds, or the user asks again, for good.
//
// Invariant: while it lives, SIGINT and SIGTERM come to its thread alone. Make it before other
// threads.
#pragma once

#include "harness/recorder.hpp"

#include <csignal>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>

namespace pinlab::harness {

class Watchdog {
 public:
  /// Called on the watchdog's thread when the program does not end by itself. Must not return.
  using Abandon = std::function<void(StopReason)>;

  /// `timeout` in nanoseconds, from now. Sets `stop`.
  Watchdog(std::optional<std::uint64_t> timeout, StopFlag& stop, Abandon abandon);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

 private:
  enum class Event : std::uint8_t { done, signal, time };

  void watch(std::optional<std::uint64_t> timeout);
  /// Waits at most so many nanoseconds, or for ever.
  [[nodiscard]] Event wait(std::optional<std::uint64_t> time) const;

  StopFlag& stop_;
  Abandon abandon_;
  sigset_t old_mask_{};
  int signals_ = -1;
  int done_ = -1;
  std::thread thread_;
};

}  // namespace pinlab::harness
