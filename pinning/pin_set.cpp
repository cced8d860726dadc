#include "pinning/pin_set.hpp"

#include "pinning/pin_registry.hpp"

#include <mutex>

namespace pinlab::pinning {

PinSet::PinSet(PinRegistry& registry,
               Liveness liveness,
               heap::ObjectRef owner,
               std::string_view shape)
    : liveness_(liveness), owner_(owner.address().value()), registry_(registry), shape_(shape) {
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

// The header is read once its line is the thread's own: a look before would fetch it twice where
// others pin beside it.
void PinSet::add(heap::ObjectRef object, SiteId site) {
  PinAccount& account = registry_.account();
  const PinLedger::Time time{registry_.collections(), registry_.clock()};
  const bool entered = account.samples(registry_.ledger_period());
  notes_.push_back({time.since, site, time.collections, 0, entered});
  objects_.push_back(object);
  account.count_made();
  // The header is read and written side by side: where others pin beside it, its line comes once.
  const auto granules = static_cast<std::uint32_t>(object.header().granules());
  registry_.pin(object);
  notes_.back().granules = granules;
  if (entered) {
    account.come(site, time, granules);
  }
  if (registry_.heap().is_large(object.address())) {
    account.count_large();
  } else if (granules == 1) {
    account.count_zero_size();
  }
}

bool PinSet::unpin(heap::ObjectRef object) {
  const std::lock_guard lock(lock_);
  for (std::size_t i = objects_.size(); i-- > 0;) {
    if (objects_[i] == object) {
      release(i);
      objects_.erase(objects_.begin() + static_cast<std::ptrdiff_t>(i));
      notes_.erase(notes_.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    }
  }
  return false;
}

void PinSet::unpin_all() {
  const std::lock_guard lock(lock_);
  for (const heap::ObjectRef object : objects_) {
    EXPECTS(registry_.unpin(object));
  }
  // Mostly all are of one site and time.
  PinAccount& account = registry_.account();
  for (std::size_t i = 0; i < notes_.size();) {
    const Note& first = notes_[i];
    std::uint64_t pins = 0;
    std::uint64_t granules = 0;
    for (; i < notes_.size() && notes_[i].is_entered_with(first); ++i) {
      ++pins;
      granules += notes_[i].granules;
    }
    if (first.entered) {
      account.go(first.site, {first.collections, first.since}, pins, granules);
    }
  }
  account.count_ended(objects_.size());
  objects_.clear();
  notes_.clear();
}

void PinSet::release(std::size_t index) {
  const Note& note = notes_[index];
  EXPECTS(registry_.unpin(objects_[index]));
  PinAccount& account = registry_.account();
  if (note.entered) {
    account.go(note.site, {note.collections, note.since}, 1, note.granules);
  }
  account.count_ended(1);
}

bool PinSet::empty() const {
  return size() == 0;
}

std::size_t PinSet::size() const {
  const std::lock_guard lock(lock_);
  return objects_.size();
}

}  // namespace pinlab::pinning
