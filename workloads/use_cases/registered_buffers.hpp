// Buffers that a ring knows beforehand, so that the kernel need not look for their memory at each
// request. From the registration on the kernel holds the physical pages: were their memory given
// back to the system meanwhile, the kernel would write into pages that nobody sees any more, and
// the bytes would be lost without a word.
//
// Invariants: (1) the objects are pinned before the queue is told, and a block that holds a pinned
// object, as a large object that lives, is never given back; (2) the queue owns this and ends the
// ring first (IoQueue::register_buffers), so that no registration outlasts its pins; there is no
// other way to register.
#pragma once

#include "collector/mutator.hpp"
#include "workloads/io/io_queue.hpp"
#include "workloads/use_cases/pin_keeper.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace pinlab::workloads {

class RegisteredBuffers final : public LastingMemory {
 public:
  /// `count` buffers of `bytes`: managed objects that `pins` holds as long as the run lasts, or,
  /// where `managed` is false, memory of its own.
  RegisteredBuffers(collector::Mutator& mutator,
                    std::shared_ptr<PinKeeper> pins,
                    std::uint64_t count,
                    std::uint64_t bytes,
                    std::uint32_t site,
                    bool managed);

  [[nodiscard]] std::span<const iovec> vectors() const override { return vectors_; }

  /// One that no request has; none where all are taken.
  [[nodiscard]] std::optional<std::uint32_t> take();
  void give_back(std::uint32_t index) { idle_.push_back(index); }
  [[nodiscard]] std::span<std::byte> bytes(std::uint32_t index) const;

 private:
  std::shared_ptr<PinKeeper> pins_;
  std::optional<collector::Root> objects_;
  std::vector<std::vector<std::byte>> outside_;
  std::vector<iovec> vectors_;
  std::vector<std::uint32_t> idle_;
};

}  // namespace pinlab::workloads
