// The listener behind --gctrace: a line on standard error for each collection, as Go's gctrace=1.
#pragma once

#include "collector/pause.hpp"
#include "harness/console.hpp"

namespace pinlab::harness {

class GcTrace final : public collector::PauseObserver {
 public:
  explicit GcTrace(const Console& console) : console_(console) {}
  void paused(const collector::PauseReport& report) override;

 private:
  const Console& console_;
};

}  // namespace pinlab::harness
