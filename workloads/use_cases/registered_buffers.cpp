#include "workloads/use_cases/registered_buffers.hpp"

#include <string>
#include <utility>

namespace pinlab::workloads {

RegisteredBuffers::RegisteredBuffers(collector::Mutator& mutator,
                                     std::shared_ptr<PinKeeper> pins,
                                     std::uint64_t count,
                                     std::uint64_t bytes,
                                     std::uint32_t site,
                                     bool managed)
    : pins_(std::move(pins)) {
  if (managed) {
    objects_.emplace(mutator, mutator.allocate({.references = static_cast<std::uint32_t>(count)}));
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    std::byte* base = nullptr;
    if (managed) {
      const heap::ObjectRef made = mutator.allocate({.references = 0, .bytes = bytes});
      mutator.store(objects_->get(), i, made);
      if (pins_->ask(1, made.bytes(), PinsFor::run) != Granted::pins) {
        throw collector::OptionsError(
            "workload.registered=" + std::to_string(count) +
            " buffers are pinned as long as the ring has them, and pin.limit has room for " +
            std::to_string(i) + ": give it room for all, or take pin.limit_answer=crash or block");
      }
      const heap::ObjectRef held = objects_->get().load(i);
      // Ended with the keeper, when the run is over.
      const PinWish wish{.object = held, .site = site, .access = Access::writes};
      static_cast<void>(pins_->hold({&wish, 1}, {}, PinsFor::run));
      base = held.payload().data();
    } else {
      base = outside_.emplace_back(bytes).data();
    }
    vectors_.push_back({.iov_base = base, .iov_len = bytes});
    idle_.push_back(static_cast<std::uint32_t>(count) - 1 - i);
  }
}

std::optional<std::uint32_t> RegisteredBuffers::take() {
  if (idle_.empty()) {
    return std::nullopt;
  }
  const std::uint32_t index = idle_.back();
  idle_.pop_back();
  return index;
}

std::span<std::byte> RegisteredBuffers::bytes(std::uint32_t index) const {
  const iovec& vector = vectors_[index];
  return {static_cast<std::byte*>(vector.iov_base), vector.iov_len};
}

}  // namespace pinlab::workloads
