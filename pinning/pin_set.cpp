#include "pinning/pin_set.hpp"

#include "pinning/pin_registry.hpp"

#include <mutex>

namespace pinlab::pinning {

PinSet::PinSet(PinRegistry& registry, Liveness liveness, heap::ObjectRef owner)
    : registry_(registry), liveness_(liveness), owner_(owner.address().value()) {
  registry_.attach(*this);
}

PinSet::~PinSet() {
  unpin_all();
  registry_.detach(*this);
}

void PinSet::pin(heap::ObjectRef object, SiteId site) {
  list_if_weak(object);
  const std::lock_guard lock(lock_);
  add(object, site);
}

void PinSet::pin_all(std::span<const heap::ObjectRef> objects, SiteId site) {
  for (const heap::ObjectRef object : objects) {
    list_if_weak(object);
  }
  const std::lock_guard lock(lock_);
  entries_.reserve(entries_.size() + objects.size());
  for (const heap::ObjectRef object : objects) {
    add(object, site);
  }
}

// Before the set is locked: the registry locks in the other order.
void PinSet::list_if_weak(heap::ObjectRef object) {
  if (liveness_ != Liveness::strong && registry_.heap().is_young(object.address())) {
    registry_.list_weak_young(*this);
  }
}

void PinSet::add(heap::ObjectRef object, SiteId site) {
  entries_.push_back({object, registry_.clock(), site, registry_.collections()});
  registry_.pin(object);
  ++made_;
  if (registry_.heap().is_large(object.address())) {
    registry_.needless().add(Needless::large);
  } else if (object.header().granules() == 1) {
    registry_.needless().add(Needless::zero_size);
  }
}

bool PinSet::unpin(heap::ObjectRef object) {
  const std::lock_guard lock(lock_);
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->object == object) {
      EXPECTS(registry_.unpin(object));
      entries_.erase(std::prev(entry.base()));
      ++ended_;
      return true;
    }
  }
  return false;
}

void PinSet::unpin_all() {
  const std::lock_guard lock(lock_);
  for (const Entry& entry : entries_) {
    EXPECTS(registry_.unpin(entry.object));
  }
  ended_ += entries_.size();
  entries_.clear();
}

void PinSet::release(const Entry& entry) {
  EXPECTS(registry_.unpin(entry.object));
  ++ended_;
}

bool PinSet::empty() const {
  return size() == 0;
}

std::size_t PinSet::size() const {
  const std::lock_guard lock(lock_);
  return entries_.size();
}

}  // namespace pinlab::pinning
