#include "pinning/pin_registry.hpp"

#include "pinning/foreign_memory.hpp"
#include "pinning/static_memory.hpp"

#include <algorithm>
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

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

PinRegistry::PinRegistry(heap::Heap& heap)
    : heap_(heap),
      heap_base_(heap.base().value()),
      heap_bytes_(heap.range().bytes()),
      serial_(next_serial()) {}

PinRegistry::~PinRegistry() {
  kept_.clear();
  lost_.clear();
  EXPECTS(sets_.empty() && foreign_.empty());
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
    heap_.set_may_be_pinned(object.address());
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
  ++shard.extra;
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
      heap_.set_pin_ended(object.address());
      return true;
    }
  }
  const std::size_t slot = shard.slot_of(object.address());
  EXPECTS(shard.records[slot].object);
  --shard.extra;
  if (--shard.records[slot].extra == 0) {
    shard.erase(slot);
    object.header_word().fetch_and(~Header::kMultiple, std::memory_order_acq_rel);
  }
  return true;
}

void PinRegistry::list_young(ObjectRef object) {
  if (object.header().has(Header::kListed)) {
    return;
  }
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
  const std::lock_guard lock(report_mutex_);
  leak_handler_ = std::move(handler);
}

void PinRegistry::report_leak(const PinLeak& leak) {
  leaked_.fetch_add(leak.pins, std::memory_order_relaxed);
  const std::lock_guard lock(report_mutex_);
  if (leak_handler_) {
    leak_handler_(leak);
  } else if (!leak_) {
    leak_ = leak;
  }
}

std::optional<PinLeak> PinRegistry::take_leak() {
  const std::lock_guard lock(report_mutex_);
  return std::exchange(leak_, std::nullopt);
}

void PinRegistry::set_collected_handler(CollectedHandler handler) {
  const std::lock_guard lock(report_mutex_);
  collected_handler_ = std::move(handler);
}

std::optional<CollectedPin> PinRegistry::take_collected() {
  const std::lock_guard lock(report_mutex_);
  return std::exchange(collected_, std::nullopt);
}

PinLeak PinRegistry::leak_of(const PinSet& set) const {
  PinLeak leak{.shape = set.shape_};
  const std::lock_guard lock(set.lock_);
  leak.pins = set.notes_.size();
  if (leak.pins > 0) {
    const PinSet::Note& oldest = set.notes_.front();
    leak.site = oldest.site;
    leak.object = set.objects_.front().address();
    leak.since = oldest.since;
    leak.collections = collections() - oldest.collections;
  }
  for (const PinSet::Note& note : set.notes_) {
    leak.bytes += note.bytes();
  }
  return leak;
}

std::string PinRegistry::sentence_of(const PinLeak& leak) const {
  std::string text = leak.shape.empty() ? "" : std::string(leak.shape) + ": ";
  text += "a set ended with " + std::to_string(leak.pins) + " pins of " +
          std::to_string(leak.bytes) + " bytes in it; its oldest was made by " +
          sites_.name(leak.site) + " at " + std::to_string(leak.since) + " bytes allocated, " +
          std::to_string(leak.collections) + " collections ago, of the object at heap offset " +
          std::to_string(leak.object - heap_.base());
  if (leak.hostage) {
    text += ", and held " + std::to_string(*leak.hostage) + " bytes hostage";
  }
  return text;
}

std::string PinRegistry::sentence_of(const CollectedPin& pin) const {
  return "an object of " + std::to_string(pin.bytes) +
         " bytes was collected though it was pinned, by " + sites_.name(pin.site) + " at " +
         std::to_string(pin.since) + " bytes allocated, " + std::to_string(pin.collections) +
         " collections ago";
}

PinCounts PinRegistry::counts() const {
  PinCounts sum;
  sum.leaked = leaked_.load(std::memory_order_relaxed);
  sum.died = died_.load(std::memory_order_relaxed);
  sum.needless = needless_.values();
  sum.work = work_.values();
  const std::lock_guard lock(accounts_mutex_);
  for (const ThreadAccount& of : accounts_) {
    sum.ended += of.account->ended();
    sum.needless[static_cast<std::size_t>(Needless::zero_size)] += of.account->zero_size();
    sum.needless[static_cast<std::size_t>(Needless::large)] += of.account->large();
  }
  for (const ThreadAccount& of : accounts_) {
    sum.made += of.account->made();
  }
  return sum;
}

PinAccount& PinRegistry::find_account() {
  const std::thread::id me = std::this_thread::get_id();
  const std::lock_guard lock(accounts_mutex_);
  auto found = std::ranges::find(accounts_, me, &ThreadAccount::thread);
  if (found == accounts_.end()) {
    accounts_.push_back({me, std::make_unique<PinAccount>()});
    found = accounts_.end() - 1;
  }
  mine_ = {serial_, found->account.get()};
  return *found->account;
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
      __builtin_prefetch(&sets_[i + kAhead]->notes_);
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

void PinRegistry::for_each_young_weak_set(const std::function<void(PinSet&)>& visit) {
  const std::lock_guard lock(sets_mutex_);
  for (PinSet* set : young_weak_sets_) {
    visit(*set);
  }
}

void PinRegistry::end_dead(const SetList& sets, const IsDead& is_dead) {
  std::vector<CollectedPin> collected;
  {
    const std::lock_guard lock(sets_mutex_);
    for (PinSet* set : sets) {
      for (const PinSet::Entry& entry : set->take_dead(is_dead)) {
        died_.fetch_add(1, std::memory_order_relaxed);
        if (set->liveness() == Liveness::crash) {
          collected.push_back({.site = entry.site,
                               .since = entry.since,
                               .collections = collections() - entry.collections,
                               .bytes = entry.bytes()});
        }
      }
    }
  }
  const std::lock_guard lock(report_mutex_);
  for (const CollectedPin& pin : collected) {
    if (collected_handler_) {
      collected_handler_(pin);
    } else if (!collected_) {
      collected_ = pin;
    }
  }
}

void PinRegistry::end_dead_pins(const IsDead& is_dead) {
  end_dead(weak_sets_, is_dead);
}

void PinRegistry::end_dead_young_pins(const IsDead& is_dead) {
  end_dead(young_weak_sets_, is_dead);
}

void PinRegistry::keep_young_weak_sets() {
  const std::lock_guard lock(sets_mutex_);
  const auto has_young = [this](const PinSet& set) {
    const std::lock_guard set_lock(set.lock_);
    return std::ranges::any_of(
        set.objects_, [this](ObjectRef object) { return heap_.is_young(object.address()); });
  };
  for (std::size_t i = young_weak_sets_.size(); i-- > 0;) {
    if (!has_young(*young_weak_sets_[i])) {
      delist(young_weak_sets_, *young_weak_sets_[i], &PinSet::young_place_);
    }
  }
}

void PinRegistry::for_each_foreign_slot(const std::function<void(Address)>& visit) {
  const std::lock_guard lock(foreign_mutex_);
  for (ForeignMemory* memory : foreign_) {
    memory->for_each_slot(visit);
  }
}

void PinRegistry::settle_foreign() {
  const std::lock_guard lock(foreign_mutex_);
  for (ForeignMemory* memory : foreign_) {
    memory->settle();
  }
}

std::optional<PinLeak> PinRegistry::end_unreached(PinSet& set) {
  const PinLeak leak = leak_of(set);
  const bool is_silent = set.is_silent();
  set.unpin_all();
  set.disown();
  if (set.lost_) {
    forget_lost(set);
  }
  if (is_silent) {
    work_.add(ShapeWork::released, leak.pins);
    return std::nullopt;
  }
  return leak.pins > 0 ? std::optional(leak) : std::nullopt;
}

void PinRegistry::forget_lost(const PinSet& set) {
  std::unique_ptr<PinSet> ended;  // outlives the lock, which its end takes too
  const std::lock_guard lock(sets_mutex_);
  const auto found = std::ranges::find(lost_, &set, &std::unique_ptr<PinSet>::get);
  ended = std::move(*found);
  lost_.erase(found);
}

void PinRegistry::lose(std::unique_ptr<PinSet> set) {
  EXPECTS(set != nullptr && &set->registry_ == this);
  const std::lock_guard lock(sets_mutex_);
  set->owner_ = 0;
  set->lost_ = true;
  enlist(owned_sets_, *set, &PinSet::owned_place_);
  lost_.push_back(std::move(set));
}

void PinRegistry::enlist(SetList& list, PinSet& set, Place place) {
  if (set.*place == PinSet::kNowhere) {
    set.*place = list.size();
    list.push_back(&set);
  }
}

void PinRegistry::delist(SetList& list, PinSet& set, Place place) {
  if (set.*place != PinSet::kNowhere) {
    list.back()->*place = set.*place;
    list[set.*place] = list.back();
    list.pop_back();
    set.*place = PinSet::kNowhere;
  }
}

void PinRegistry::attach(PinSet& set) {
  const std::lock_guard lock(sets_mutex_);
  enlist(sets_, set, &PinSet::place_);
  if (set.owner()) {
    enlist(owned_sets_, set, &PinSet::owned_place_);
  }
  if (!set.keeps_alive()) {
    enlist(weak_sets_, set, &PinSet::weak_place_);
  }
}

void PinRegistry::detach(PinSet& set) {
  const std::lock_guard lock(sets_mutex_);
  delist(sets_, set, &PinSet::place_);
  delist(owned_sets_, set, &PinSet::owned_place_);
  delist(weak_sets_, set, &PinSet::weak_place_);
  delist(young_weak_sets_, set, &PinSet::young_place_);
}

void PinRegistry::list_weak_young(PinSet& set) {
  const std::lock_guard lock(sets_mutex_);
  enlist(young_weak_sets_, set, &PinSet::young_place_);
}

// Pins that come and go meanwhile make the answer too large, never too small: ends are read first,
// and beginnings, which are counted before the pin is made, last.
std::uint64_t PinRegistry::pinned_objects() const {
  const std::lock_guard lock(accounts_mutex_);
  std::uint64_t too_many = 0;
  for (const ThreadAccount& of : accounts_) {
    too_many += of.account->ended();
  }
  for (const Shard& shard : shards_) {
    const std::lock_guard shard_lock(shard.mutex);
    too_many += shard.extra;
  }
  std::uint64_t made = 0;
  for (const ThreadAccount& of : accounts_) {
    made += of.account->made();
  }
  return made - too_many;
}

const PinLedger& PinRegistry::settled_ledger() {
  const std::lock_guard lock(accounts_mutex_);
  for (const ThreadAccount& of : accounts_) {
    of.account->settle(ledger_);
  }
  ledger_.settle();
  return ledger_;
}

void PinRegistry::attach(ForeignMemory& memory) {
  const std::lock_guard lock(foreign_mutex_);
  foreign_.push_back(&memory);
}

void PinRegistry::detach(ForeignMemory& memory) {
  const std::lock_guard lock(foreign_mutex_);
  std::erase(foreign_, &memory);
}

void PinRegistry::keep(std::unique_ptr<PinSet> set) {
  const std::lock_guard lock(kept_mutex_);
  kept_.push_back(std::move(set));
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
