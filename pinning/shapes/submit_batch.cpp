#include "pinning/shapes/submit_batch.hpp"

#include "pinning/shapes/adapters.hpp"

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "submit_batch",
    .number = "A15",
    .lifetime = "from submission until the last operation of the batch is complete",
    .alive = "the pin, through its batch",
    .misuse =
        "null and a completion too many are errors; a batch that ends before its completions is "
        "a leak; the thread that submits waits for the slowest operation",
    .uses = {PinUse::call, PinUse::scope, PinUse::operation},
    .holds_still = true,
    .is_set = true};

/// The operations of a workload are those of other threads, and the batch ends when they have.
class BatchOfOthers {
 public:
  explicit BatchOfOthers(PinRegistry& registry) : batch_(registry) {}

  void pin(heap::ObjectRef object, SiteId site) {
    batch_.pin(object, site);
    ++operations_;
  }
  void unpin() {
    for (; operations_ > 0; --operations_) {
      batch_.complete();
    }
    batch_.wait();
  }
  void lose() { batch_.lose(); }

 private:
  SubmitBatch batch_;
  std::uint64_t operations_ = 0;
};

}  // namespace

void SubmitBatch::pin(heap::ObjectRef object, SiteId site) {
  pins_.pin(object, site);
  const std::lock_guard lock(mutex_);
  ++outstanding_;
  last_object_ = object.address();
  last_site_ = site;
}

void SubmitBatch::pin_all(std::span<const heap::ObjectRef> objects, SiteId site) {
  pins_.pin_all(objects, site);
  const std::lock_guard lock(mutex_);
  outstanding_ += objects.size();
  last_object_ = objects.empty() ? last_object_ : objects.back().address();
  last_site_ = site;
}

void SubmitBatch::complete() {
  const std::lock_guard lock(mutex_);
  if (outstanding_ == 0) {
    misuse(pins_.registry(), kSubmitBatchRule.shape, "a completion of which none is outstanding",
           last_site_, last_object_);
  }
  if (--outstanding_ == 0) {
    completed_.notify_all();
  }
}

void SubmitBatch::wait() {
  std::unique_lock lock(mutex_);
  completed_.wait(lock, [this] { return outstanding_ == 0; });
  pins_.unpin();
}

heap::Named<PinShape> pin_shape_submit_batch() {
  return {.name = "submit_batch",
          .summary = "A15: a batch of operations whose objects stay until the last is complete",
          .source = "golang/go#46787: blocking SubmitBatch (balasanjay)",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<SetShape<BatchOfOthers>>(kFacts);
          }};
}

}  // namespace pinlab::pinning
