// A batch of operations: its objects stay until the last one of them is complete.
//
// Shape A15 of the list in results/README.md: a blocking SubmitBatch([]Submissions) as the scope of
// its pins (balasanjay). Source: golang/go issue 46787.
#pragma once

#include "pinning/pin_holder.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <span>
#include <utility>

namespace pinlab::pinning {

inline constexpr HolderRule kSubmitBatchRule = {.shape = "submit_batch",
                                                .when_lost = WhenLost::reported};

/// Lifetime: from pin() until every operation of the batch is complete and wait() has seen it: the
/// slowest one decides for all. Neither copied nor moved: completions come from other threads.
///
/// Misuse: null, and a completion of which none is outstanding, are PinErrors; a batch that ends
/// before its completions have come is a leak.
class SubmitBatch {
 public:
  explicit SubmitBatch(PinRegistry& registry) : pins_(registry, kSubmitBatchRule) {}
  SubmitBatch(const SubmitBatch&) = delete;
  SubmitBatch& operator=(const SubmitBatch&) = delete;
  ~SubmitBatch() = default;

  /// One operation with one object.
  void pin(heap::ObjectRef object, SiteId site = 0);
  void pin_all(std::span<const heap::ObjectRef> objects, SiteId site = 0);
  /// One operation is complete. From any thread.
  void complete();
  /// Blocks until all are; then the pins end, and the batch can be used again.
  void wait();
  /// As PinHolder::lose(): the completions never come.
  void lose() { pins_.lose(); }
  [[nodiscard]] std::size_t size() const { return pins_.size(); }

 private:
  PinHolder pins_;
  std::mutex mutex_;
  std::condition_variable completed_;
  std::uint64_t outstanding_ = 0;
  heap::Address last_object_;  ///< of the newest operation: for errors
  SiteId last_site_ = 0;
};

/// Pins the objects, lets `start(batch)` submit the operations, and returns when complete() was
/// called for each of them.
template <class Start>
void submit_batch(PinRegistry& registry,
                  std::span<const heap::ObjectRef> objects,
                  SiteId site,
                  Start&& start) {
  SubmitBatch batch(registry);
  batch.pin_all(objects, site);
  std::forward<Start>(start)(batch);
  batch.wait();
}

}  // namespace pinlab::pinning
