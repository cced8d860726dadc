#include "pinning/pin_set.hpp"

#include "pinning/pin_registry.hpp"

#include <mutex>

namespace pinlab::pinning {

PinSet::PinSet(PinRegistry& registry,
               Liveness liveness,
               heap::ObjectRef owner,
               std::string_view shape)
    : liveness_(liveness),
      owner_(owner.address().value()),
      registry_(registry),
      shape_(shape) {
  registry_.attach(*this);
}

PinSet::~PinSet() {
  unpin_all();
  registry_.detach(*this);
}

// The registry's list is locked before sets are, so that a set which is in none is unlocked first.
PinSet::Change::Change(PinSet& set) : set_(set) {
  set.lock_.lock();
  while (!set.changed_) {
    set.lock_.unlock();
    set.registry_.list_changed(set);
    set.lock_.lock();
  }
}

void PinSet::pin(heap::ObjectRef object, SiteId site) {
  list_if_weak(object);
  const Change change(*this);
  add(object, site);
}

void PinSet::pin_all(std::span<const heap::ObjectRef> objects, SiteId site) {
  for (const heap::ObjectRef object : objects) {
    list_if_weak(object);
  }
  const Change change(*this);
  objects_.reserve(objects_.size() + objects.size());
  notes_.reserve(notes_.size() + objects.size());
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
  const auto granules = static_cast<std::uint32_t>(object.header().granules());
  notes_.push_back({registry_.clock(), site, registry_.collections(), granules, false});
  objects_.push_back(object);
  registry_.pin(object);
  ++tally_.made;
  if (registry_.heap().is_large(object.address())) {
    ++tally_.large;
  } else if (granules == 1) {
    ++tally_.zero_size;
  }
}

bool PinSet::unpin(heap::ObjectRef object) {
  const Change change(*this);
  for (std::size_t i = objects_.size(); i-- > 0;) {
    if (objects_[i] == object) {
      release(object);
      seen_ -= note_gone(i) ? 1U : 0U;
      objects_.erase(objects_.begin() + static_cast<std::ptrdiff_t>(i));
      notes_.erase(notes_.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
  }
  return false;
}

void PinSet::unpin_all() {
  const Change change(*this);
  for (const heap::ObjectRef object : objects_) {
    EXPECTS(registry_.unpin(object));
  }
  for (std::size_t i = 0; i < seen_; ++i) {
    static_cast<void>(note_gone(i));
  }
  seen_ = 0;
  tally_.ended += objects_.size();
  objects_.clear();
  notes_.clear();
}

void PinSet::release(heap::ObjectRef object) {
  EXPECTS(registry_.unpin(object));
  ++tally_.ended;
}

bool PinSet::empty() const {
  return size() == 0;
}

std::size_t PinSet::size() const {
  const std::lock_guard lock(lock_);
  return objects_.size();
}

}  // namespace pinlab::pinning
