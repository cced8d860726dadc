#include "workloads/population.hpp"

namespace pinlab::workloads {

void Population::birth(heap::Shape shape, std::uint64_t lifetime, std::uint32_t site) {
  bury();
  clock_ += shape.object_bytes();
  settle(shape, lifetime, site);
}

void Population::settle(heap::Shape shape, std::uint64_t lifetime, std::uint32_t site) {
  const std::uint64_t slot = take_slot();
  const heap::ObjectRef object = context_.pins.allocate(context_.mutator, shape, site);
  put(slot, object);
  const std::uint64_t bytes = object.bytes();
  live_bytes_ += bytes;
  ++live_objects_;
  context_.live.born(bytes);
  residents_[slot] = {.token = context_.pins.born(object, site), .bytes = bytes};
  if (lifetime < kForever - clock_) {
    deaths_.push({clock_ + lifetime, slot});
  }
}

void Population::bury() {
  while (!deaths_.empty() && deaths_.top().at <= clock_) {
    const std::uint64_t slot = deaths_.top().slot;
    deaths_.pop();
    put(slot, {});
    Resident& resident = residents_[slot];
    context_.pins.dropped(resident.token);
    context_.live.dropped(resident.bytes);
    live_bytes_ -= resident.bytes;
    --live_objects_;
    resident = {};
    free_slots_.push_back(slot);
  }
}

std::uint64_t Population::take_slot() {
  if (free_slots_.empty()) {
    const heap::ObjectRef chunk = context_.mutator.allocate({.references = kChunkSlots});
    chunks_.push_back(context_.runtime.globals().add(chunk));
    const std::uint64_t first = residents_.size();
    residents_.resize(first + kChunkSlots);
    for (std::uint64_t slot = first + kChunkSlots; slot > first; --slot) {
      free_slots_.push_back(slot - 1);
    }
  }
  const std::uint64_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

void Population::put(std::uint64_t slot, heap::ObjectRef object) const {
  const heap::ObjectRef chunk = context_.runtime.globals().get(chunks_[slot / kChunkSlots]);
  context_.mutator.store(chunk, slot % kChunkSlots, object);
}

}  // namespace pinlab::workloads
