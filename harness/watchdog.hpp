// Ends a run from outside: after a time, or because the user asked. First politely, by a flag that
// is read at each pause; where no pause comes for two seconds, or the user asks again, for good.
//
// It has no thread: that would make every lock of the run dearer, since the C library spares
// programs of one thread the atomic operations. Signals and a timer interrupt the program instead,
// and what is left to do at the bitter end is done in the handler, with memory of its own.
#pragma once

#include "harness/recorder.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <functional>
#include <optional>

namespace pinlab::harness {

/// One at a time.
class Watchdog {
 public:
  struct Request {
    StopReason reason;
    bool asked_again;   ///< before its time to come to a pause was over
    bool needs_little;  ///< the first call ran out of memory; for this one there are a few MiB
  };
  /// Called in a signal handler, on any thread, when the program does not end by itself; malloc
  /// must not be called, operator new may be (harness/memory_apart.hpp). Must not return.
  using Abandon = std::function<void(const Request&)>;

  /// `timeout` in nanoseconds, from now. Sets `stop`.
  Watchdog(std::optional<std::uint64_t> timeout, StopFlag& stop, Abandon abandon);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

 private:
  static constexpr std::array kSignals = {SIGINT, SIGTERM, SIGALRM};

  static void handle(int signal) noexcept;
  /// The memory that the abandoning has is used up.
  static void run_out_of_memory();
  void hear(StopReason reason);
  /// SIGALRM after so many nanoseconds.
  void wake_after(std::uint64_t nanoseconds) const;

  StopFlag& stop_;
  Abandon abandon_;
  std::atomic_flag abandoned_;
  Request request_{};  ///< written once, by whoever sets abandoned_
  timer_t timer_{};
  sigset_t old_mask_{};
  std::array<struct sigaction, kSignals.size()> old_actions_{};
};

}  // namespace pinlab::harness
