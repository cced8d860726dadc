#include "collector/safe_region.hpp"

#include "collector/runtime.hpp"

namespace pinlab::collector {

SafeRegion::SafeRegion(const Mutator& mutator) : runtime_(mutator.runtime()) {
  const Runtime::Lock lock(runtime_.mutex_);
  ++runtime_.in_safe_regions_;
  runtime_.changed_.notify_all();
}

SafeRegion::~SafeRegion() {
  Runtime::Lock lock(runtime_.mutex_);
  runtime_.changed_.wait(lock, [this] { return !runtime_.stopping_; });
  --runtime_.in_safe_regions_;
}

}  // namespace pinlab::collector
