// A stretch of a mutator's thread in which collections do not wait for it: a blocking system call,
// a join. The thread's roots are visited and updated meanwhile.
//
// Invariant: while it lives, its thread touches no managed memory but what is pinned, and none of
// its roots. Source: HotSpot's threads in native code, Go's entersyscall.
#pragma once

#include "collector/mutator.hpp"

namespace pinlab::collector {

class SafeRegion {
 public:
  explicit SafeRegion(const Mutator& mutator);
  SafeRegion(const SafeRegion&) = delete;
  SafeRegion& operator=(const SafeRegion&) = delete;
  /// Waits for the end of a collection that goes on.
  ~SafeRegion();

 private:
  Runtime& runtime_;
};

}  // namespace pinlab::collector
