#include "pinning/pin_registry.hpp"

#include "pinning/static_memory.hpp"

#include <utility>

namespace pinlab::pinning {

using heap::Address;
using heap::Header;
using heap::ObjectRef;

namespace {

constexpr std::size_t kFirstRecords = 16;
constexpr std::size_t kAhead = 8;  // sets whose memory is fetched before they are visited

std::uint64_t mixed(ObjectRef object) {
  const std::uint64_t z = (object.address().value() >> heap::kGranuleShift) * 0x9E3779B97F4A7C15U;
  return z ^ (z >> 32U);
}

}  // namespace

PinRegistry::PinRegistry(heap::Heap& heap) : heap_(heap) {}

PinRegistry::~PinRegistry() {
  EXPECTS(sets_.empty());
}

std::size_t PinRegistry::shard_index(ObjectRef object) {
  return (mixed(object) >> 20U) % kShards;
}

std::size_t PinRegistry::Shard::slot_of(Address object) const {
  const std::size_t mask = records.size() - 1;
  std::size_t i = mixed(ObjectRef(object)) & mask;
  while (records[i].object && records[i].object != object) {
    i = (i + 1) & mask;
  }
  return i;
}

void PinRegistry::Shard::grow() {
  std::vector<Record> old(records.empty() ? kFirstRecords : 2 * records.size());
  old.swap(records);
  for (const Record& record : old) {
    if (record.object) {
      records[slot_of(record.object)] = record;
    }
  }
}

void PinRegistry::Shard::erase(std::size_t hole) {
  // Backward shift: no tombstones, so that a table that is used for years does not silt up.
  const std::size_t mask = records.size() - 1;
  for (std::size_t i = (hole + 1) & mask; records[i].object; i = (i + 1) & mask) {
    const std::size_t home = mixed(ObjectRef(records[i].object)) & mask;
    if (((i - home) & mask) >= ((i - hole) & mask)) {
      records[hole] = records[i];
      hole = i;
    }
  }
  records[hole] = {};
  --used;
}

void PinRegistry::pin_again(ObjectRef object) {
  Shard& shard = shard_of(object);
  const std::lock_guard lock(shard.mutex);
  // The pin that was seen may be gone by now; `multiple` may only be set beside `pinned`.
  std::uintptr_t header = object.header_word().load(std::memory_order_relaxed);
  std::uintptr_t wanted = 0;
  do {
    wanted = header | ((header & Header::kPinned) != 0 ? Header::kMultiple : Header::kPinned);
  } while (!object.header_word().compare_exchange_weak(header, wanted, std::memory_order_acq_rel));
  if ((header & Header::kPinned) == 0) {
    return;  // the first pin after all; it was listed by the pin before it, or is old
  }
  if (2 * (shard.used + 1) > shard.records.size()) {
    shard.grow();
  }
  Record& record = shard.records[shard.slot_of(object.address())];
  if (!record.object) {
    record = {object.address(), 0};
    ++shard.used;
  }
  ++record.extra;
}

bool PinRegistry::unpin_counted(ObjectRef object) {
  Shard& shard = shard_of(object);
  const std::lock_guard lock(shard.mutex);
  std::uintptr_t header = object.header_word().load(std::memory_order_relaxed);
  while ((header & Header::kMultiple) == 0) {
    if ((header & Header::kPinned) == 0) {
      return false;
    }
    if (object.header_word().compare_exchange_weak(header, header & ~Header::kPinned,
                                                   std::memory_order_acq_rel)) {
      return true;
    }
  }
  const std::size_t slot = shard.slot_of(object.address());
  EXPECTS(shard.records[slot].object);
  if (--shard.records[slot].extra == 0) {
    shard.erase(slot);
    object.header_word().fetch_and(~Header::kMultiple, std::memory_order_acq_rel);
  }
  return true;
}

void PinRegistry::list_young(ObjectRef object) {
  const std::uintptr_t before =
      object.header_word().fetch_or(Header::kListed, std::memory_order_relaxed);
  if ((before & Header::kListed) == 0) {
    const std::lock_guard lock(young_mutex_);
    young_pins_.push_back(object);
  }
}

std::uint64_t PinRegistry::extra_pins(ObjectRef object) const {
  const Shard& shard = shards_[shard_index(object)];
  const std::lock_guard lock(shard.mutex);
  if (shard.records.empty()) {
    return 0;
  }
  return shard.records[shard.slot_of(object.address())].extra;
}

std::size_t PinRegistry::overflow_records() const {
  std::size_t records = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    records += shard.used;
  }
  return records;
}

void PinRegistry::set_leak_handler(LeakHandler handler) {
  const std::lock_guard lock(leak_mutex_);
  leak_handler_ = std::move(handler);
}

void PinRegistry::report_leak(const PinLeak& leak) {
  leaked_.fetch_add(leak.pins, std::memory_order_relaxed);
  const std::lock_guard lock(leak_mutex_);
  if (leak_handler_) {
    leak_handler_(leak);
  }
}

PinCounts PinRegistry::counts() const {
  const std::lock_guard lock(sets_mutex_);
  PinCounts sum = ended_sets_;
  for (const PinSet* set : sets_) {
    const std::lock_guard set_lock(set->lock_);
    sum.made += set->made_;
    sum.ended += set->ended_;
  }
  sum.leaked = leaked_.load(std::memory_order_relaxed);
  sum.needless = needless_.values();
  sum.work = work_.values();
  return sum;
}

std::uint64_t PinRegistry::held() const {
  const PinCounts sum = counts();
  return sum.made - sum.ended;
}

void PinRegistry::for_each_set(const std::function<void(PinSet&)>& visit) {
  const std::lock_guard lock(sets_mutex_);
  for (std::size_t i = 0; i < sets_.size(); ++i) {
    // Where each pin has a set of its own there are as many sets as pins, anywhere in memory.
    if (i + kAhead < sets_.size()) {
      __builtin_prefetch(sets_[i + kAhead]);
      __builtin_prefetch(&sets_[i + kAhead]->entries_);
    }
    visit(*sets_[i]);
  }
}

void PinRegistry::for_each_owned_set(const std::function<void(PinSet&)>& visit) {
  const std::lock_guard lock(sets_mutex_);
  for (PinSet* set : owned_sets_) {
    visit(*set);
  }
}

void PinRegistry::for_each_weak_set(const std::function<void(PinSet&)>& visit) {
  const std::lock_guard lock(sets_mutex_);
  for (PinSet* set : weak_sets_) {
    visit(*set);
  }
}

void PinRegistry::end_unreached(PinSet& set) {
  set.disown();
  if (set.empty()) {
    return;
  }
  const PinSet::Entry oldest = set.entries().front();
  PinLeak leak{oldest.site, oldest.since, set.size(), 0};
  for (const PinSet::Entry& entry : set.entries()) {
    leak.bytes += entry.object.bytes();
  }
  set.unpin_all();
  report_leak(leak);
}

void PinRegistry::attach(PinSet& set) {
  const std::lock_guard lock(sets_mutex_);
  set.place_ = sets_.size();
  sets_.push_back(&set);
  if (set.owner()) {
    owned_sets_.push_back(&set);
  }
  if (!set.keep_alive()) {
    weak_sets_.push_back(&set);
  }
}

void PinRegistry::detach(PinSet& set) {
  const std::lock_guard lock(sets_mutex_);
  sets_.back()->place_ = set.place_;
  sets_[set.place_] = sets_.back();
  sets_.pop_back();
  std::erase(owned_sets_, &set);
  if (!set.keep_alive()) {
    std::erase(weak_sets_, &set);
  }
  ended_sets_.made += set.made_;
  ended_sets_.ended += set.ended_;
}

bool PinRegistry::admit(Address address) {
  if (heap_.contains(address)) {
    return true;
  }
  if (!address) {
    needless_.add(Needless::null);
  } else {
    needless_.add(is_static_memory(address) ? Needless::static_memory : Needless::foreign);
  }
  return false;
}

ObjectRef PinRegistry::admit_interior(Address inside) {
  if (!admit(inside)) {
    return {};
  }
  const ObjectRef object = heap_.object_containing(inside);
  if (!object) {
    needless_.add(Needless::no_object);
  }
  return object;
}

}  // namespace pinlab::pinning
