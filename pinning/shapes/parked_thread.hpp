// A foreign function that calls back and is parked until the pins may end: a thread for each pin.
//
// Shape A4 of the list in results/README.md: a C function and a parked callback (workaround 4,
// ansiwen). The object is an argument of a call that does not return. Threads are used again, as
// Go's are. Source: golang/go issue 46787, problem statement.
#pragma once

#include "pinning/pin_stack.hpp"

#include <memory>
#include <vector>

namespace pinlab::pinning {

/// The threads. Outlives its calls.
class ParkedThreads {
 public:
  /// Go's default limit, above which it ends the program.
  static constexpr std::size_t kMostThreads = 10'000;

  /// `most`: how many there may be.
  explicit ParkedThreads(PinRegistry& registry, std::size_t most = kMostThreads);
  ParkedThreads(const ParkedThreads&) = delete;
  ParkedThreads& operator=(const ParkedThreads&) = delete;
  /// REQUIRES that all calls have ended.
  ~ParkedThreads();

  [[nodiscard]] std::size_t threads() const { return threads_.size(); }

 private:
  friend class ParkedCall;
  class Thread;

  [[nodiscard]] Thread& park(heap::ObjectRef object, SiteId site);
  void release(Thread& thread);

  PinRegistry& registry_;
  std::size_t most_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::vector<Thread*> idle_;
};

/// Lifetime: from construction, which returns when the thread has pinned and is parked, to the end,
/// which returns when the call has. It can be moved, never copied.
///
/// Misuse: beyond kMostThreads calls at a time, or what the system gives, it throws
/// PinLimitReached. One that never ends is a thread that never ends. Null is legal, ignored and
/// counted. One thread makes and ends calls.
class ParkedCall {
 public:
  ParkedCall(ParkedThreads& threads, heap::ObjectRef object, SiteId site = 0)
      : threads_(threads), thread_(&threads.park(object, site)) {}
  ParkedCall(const ParkedCall&) = delete;
  ParkedCall& operator=(const ParkedCall&) = delete;
  ParkedCall(ParkedCall&& other) noexcept : threads_(other.threads_), thread_(other.thread_) {
    other.thread_ = nullptr;
  }
  ParkedCall& operator=(ParkedCall&&) = delete;
  ~ParkedCall() {
    if (thread_ != nullptr) {
      threads_.release(*thread_);
    }
  }

 private:
  ParkedThreads& threads_;
  ParkedThreads::Thread* thread_;
};

}  // namespace pinlab::pinning
