// Pins that a program makes one by one and ends when it likes, in any order, under pin.limit: by
// the shape that pin.shape names, or by a pinner where that is the shape of pins beside the
// program's.
//
// Invariant: what is pinned here has room under the limit, and has it until it is unpinned. One
// thread, the mutator's.
#pragma once

#include "pinning/shape.hpp"
#include "workloads/workload.hpp"

#include <memory>
#include <string_view>

namespace pinlab::workloads {

class ProgramPins {
 public:
  ProgramPins(WorkloadContext& context, std::string_view site);
  ProgramPins(const ProgramPins&) = delete;
  ProgramPins& operator=(const ProgramPins&) = delete;
  /// What is still pinned ends, no leak.
  ~ProgramPins() { shape_->close(); }

  /// None where the limit answers with less. Throws PinLimitReached, and OptionsError where the
  /// shape's pins hold nothing, or cannot end in any order.
  [[nodiscard]] pinning::PinTicket pin(heap::ObjectRef object);
  /// Does nothing for none, and leaves none.
  void unpin(pinning::PinTicket& ticket);

 private:
  void check_shape();

  PinPressure& pressure_;
  std::unique_ptr<pinning::PinShape> shape_;
  pinning::SiteId site_;
  bool checked_ = false;
};

}  // namespace pinlab::workloads
