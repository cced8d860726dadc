// The pin registry: which objects may not move, counted, for both generations; and the sets of
// pins.
//
// Invariants: (1) an object's header is `pinned` exactly while its count is at least 1;
// (2) it is `multiple` exactly while the count is at least 2, and then the overflow table holds
// count - 1 for it; (3) a pinned young object is named in the list of young pins.
// First pins are a bit, so that a pin costs one atomic operation and is-pinned one load; only
// further pins of the same object meet a lock, of a shard found by hash, never by block.
//
// Pin and unpin may be called from any thread, in any order, in any phase.
#pragma once

#include "heap/heap.hpp"
#include "heap/object.hpp"
#include "pinning/handle_table.hpp"
#include "pinning/misuse.hpp"
#include "pinning/pin_account.hpp"
#include "pinning/pin_ledger.hpp"
#include "pinning/pin_marks.hpp"
#include "pinning/pin_set.hpp"
#include "pinning/pin_site.hpp"
#include "pinning/pin_tally.hpp"
#include "pinning/site_sampler.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace pinlab::pinning {

class ForeignMemory;

/// A set that ended, or that nobody reaches any more, with pins in it.
struct PinLeak {
  std::string_view shape = {};    ///< that the set is of; empty: of none
  SiteId site = 0;                ///< of the oldest pin in the set
  heap::Address object = {};      ///< of that pin
  std::uint64_t since = 0;        ///< allocation clock of that pin
  std::uint64_t collections = 0;  ///< since that pin, the one that found the leak included
  std::uint64_t pins = 0;
  std::uint64_t bytes = 0;
  /// Bytes in use after the collection that found it with the set's pins, less without them; of a
  /// set that a collection found and could plan with.
  std::optional<std::int64_t> hostage = {};
};

/// An object that died though it was pinned, under Liveness::crash.
struct CollectedPin {
  SiteId site = 0;
  std::uint64_t since = 0;
  std::uint64_t collections = 0;
  std::uint64_t bytes = 0;
};

struct PinCounts {
  std::uint64_t made = 0;
  std::uint64_t ended = 0;
  std::uint64_t leaked = 0;  ///< of `ended`: in sets that were lost
  std::uint64_t died = 0;    ///< of `ended`: with their objects, which they did not keep alive
  NeedlessTally::Values needless{};
  ShapeWorkTally::Values work{};

  [[nodiscard]] std::uint64_t needless_of(Needless reason) const {
    return needless[static_cast<std::size_t>(reason)];
  }
  [[nodiscard]] std::uint64_t work_of(ShapeWork work_in) const {
    return work[static_cast<std::size_t>(work_in)];
  }
};

class PinRegistry {
 public:
  explicit PinRegistry(heap::Heap& heap);
  PinRegistry(const PinRegistry&) = delete;
  PinRegistry& operator=(const PinRegistry&) = delete;
  ~PinRegistry();

  /// Adds one to the object's count: for sets. REQUIRES that the object is in this heap.
  void pin(heap::ObjectRef object) {
    // Of the answer one bit alone is asked for, which the processor has in one instruction.
    const bool was_pinned =
        (object.header_word().fetch_or(heap::Header::kPinned, std::memory_order_acq_rel) &
         heap::Header::kPinned) != 0;
    if (was_pinned) {
      pin_again(object);
      return;
    }
    heap_.set_may_be_pinned(object.address());
    if (heap_.is_young(object.address())) {
      list_young(object);
    }
  }

  /// Takes one from the object's count. False, and nothing changed, where the object is not pinned.
  [[nodiscard]] bool unpin(heap::ObjectRef object) {
    std::uintptr_t header = object.header_word().load(std::memory_order_relaxed);
    while ((header & (heap::Header::kMultiple | heap::Header::kPinned)) == heap::Header::kPinned) {
      if (object.header_word().compare_exchange_weak(header, header & ~heap::Header::kPinned,
                                                     std::memory_order_acq_rel)) {
        heap_.set_pin_ended(object.address());
        return true;
      }
    }
    return (header & heap::Header::kPinned) != 0 && unpin_counted(object);
  }

  /// One load. Any address that is no object of this heap counts as pinned, as in Go.
  [[nodiscard]] bool is_pinned(heap::ObjectRef object) const {
    return object.address().value() - heap_base_ >= heap_bytes_ ||
           object.header().has(heap::Header::kPinned);
  }

  /// Pins beyond the first.
  [[nodiscard]] std::uint64_t extra_pins(heap::ObjectRef object) const;
  /// Objects that have a record in the overflow table.
  [[nodiscard]] std::size_t overflow_records() const;

  [[nodiscard]] SiteTable& sites() { return sites_; }
  [[nodiscard]] const SiteTable& sites() const { return sites_; }
  [[nodiscard]] heap::Heap& heap() { return heap_; }
  [[nodiscard]] const heap::Heap& heap() const { return heap_; }

  /// Bytes allocated by the program, as of the last refill of a cursor: the time of pins.
  [[nodiscard]] std::uint64_t clock() const { return clock_.load(std::memory_order_relaxed); }
  void set_clock(std::uint64_t clock) { clock_.store(clock, std::memory_order_relaxed); }

  /// Collections so far, the running one included: the other time of pins.
  [[nodiscard]] std::uint32_t collections() const {
    return collections_.load(std::memory_order_relaxed);
  }
  void set_collections(std::uint32_t collections) {
    collections_.store(collections, std::memory_order_relaxed);
  }

  /// The liveness that shapes give their sets (parameter pin.liveness). Before the first pin.
  [[nodiscard]] Liveness liveness() const { return liveness_; }
  void set_liveness(Liveness liveness) { liveness_ = liveness; }

  /// Every so many-th pin that a thread makes is entered in the ledger, and leaves it when it ends;
  /// 0: none. Before the first pin (parameter record.pins).
  [[nodiscard]] std::uint64_t ledger_period() const { return ledger_period_; }
  void set_ledger_period(std::uint64_t period) { ledger_period_ = period; }

  /// Of pins that name no site, every period-th is named by the code that made it; 0: none.
  [[nodiscard]] SiteSampler& sampler() { return sampler_; }
  /// `site` where there is one, else a sampled one. For shapes: `caller` is the return address of
  /// their out-of-line pin function.
  [[nodiscard]] SiteId site_or_caller(SiteId site, const void* caller) {
    return site != 0 || !sampler_.is_on() ? site : sampler_.sample(caller, sites_);
  }

  /// Called with each leak once its pins are released. Without a handler the first leak is kept
  /// for take_leak(), and the runtime ends the program with it (PinLeaked).
  using LeakHandler = std::function<void(const PinLeak&)>;
  void set_leak_handler(LeakHandler handler);
  void report_leak(const PinLeak& leak);
  /// The first leak that no handler took; once.
  [[nodiscard]] std::optional<PinLeak> take_leak();
  /// What is lost if the set ends now.
  [[nodiscard]] PinLeak leak_of(const PinSet& set) const;
  /// In one sentence, without a full stop.
  [[nodiscard]] std::string sentence_of(const PinLeak& leak) const;
  [[nodiscard]] std::string sentence_of(const CollectedPin& pin) const;

  /// The same for pinned objects that died.
  using CollectedHandler = std::function<void(const CollectedPin&)>;
  void set_collected_handler(CollectedHandler handler);
  [[nodiscard]] std::optional<CollectedPin> take_collected();

  /// Takes a set that nobody has any more, as a garbage-collected language loses one: its pins hold
  /// until the first full collection finds it, which reports it as a leak.
  void lose(std::unique_ptr<PinSet> set);

  /// Sums over all threads, also those that ended, and what was needless.
  [[nodiscard]] PinCounts counts() const;
  /// Pins held now.
  [[nodiscard]] std::uint64_t held() const;
  [[nodiscard]] ShapeWorkTally& work() { return work_; }

  // For collections, with every mutator stopped. Unpins of foreign threads may still come in.

  /// Objects that are pinned, by any set: no fewer than are from now on, as long as no object is
  /// pinned that was not.
  [[nodiscard]] std::uint64_t pinned_objects() const;
  /// What the ledger has up to now, of every ledger_period()-th pin.
  [[nodiscard]] const PinLedger& settled_ledger();
  /// Young objects that were pinned at some time since they were listed, in no particular order.
  [[nodiscard]] std::vector<heap::ObjectRef>& young_pins() { return young_pins_; }
  /// Visits each set, under the lock that keeps sets from coming and going.
  void for_each_set(const std::function<void(PinSet&)>& visit);
  /// The same for sets that have a managed owner, or are lost: few, and visited by young
  /// collections too.
  void for_each_owned_set(const std::function<void(PinSet&)>& visit);
  /// The same for sets whose pins keep nothing alive and that may have young ones.
  void for_each_young_weak_set(const std::function<void(PinSet&)>& visit);
  /// Visits the slots of handles: roots that may be updated.
  void for_each_handle(const std::function<void(heap::Address)>& visit) {
    handles_.for_each(visit);
  }
  /// The marks that pins flow through: weak slots.
  [[nodiscard]] PinMarks& marks() { return marks_; }
  /// Objects whose slots nobody can update, so that what they refer to may not move while they
  /// live; they themselves may: weak slots. CRuby on MMTk has such lists of parents.
  [[nodiscard]] PinMarks& parents() { return parents_; }
  /// Whether the program is in a critical section, in which no collection may begin.
  [[nodiscard]] bool in_critical_section() const {
    return critical_.load(std::memory_order_acquire) != 0;
  }
  /// Visits the slots through which foreign memory watches objects that no pin holds for it: they
  /// keep nothing alive.
  void for_each_foreign_slot(const std::function<void(heap::Address)>& visit);
  /// After a collection: foreign memory looks at what became of these.
  void settle_foreign();

  /// Ends the pins of dead objects, of sets that keep nothing alive, and reports them where their
  /// liveness says so.
  using IsDead = std::function<bool(heap::ObjectRef)>;
  void end_dead_pins(const IsDead& is_dead);
  /// The same for young objects, by a young collection.
  void end_dead_young_pins(const IsDead& is_dead);
  /// At the end of a collection: forgets the sets whose young pins are old by now, or have ended.
  void keep_young_weak_sets();

  /// A set that nothing reaches: its pins end. What was lost, if any; the caller reports it.
  [[nodiscard]] std::optional<PinLeak> end_unreached(PinSet& set);

  // For shapes.
  void attach(PinSet& set);
  void detach(PinSet& set);
  void attach(ForeignMemory& memory);
  void detach(ForeignMemory& memory);
  void list_weak_young(PinSet& set);
  /// The calling thread's.
  [[nodiscard]] PinAccount& account() {
    return mine_.registry == serial_ ? *mine_.account : find_account();
  }
  /// True for an address in this heap. Else counts why a pin of it needs nothing.
  [[nodiscard]] bool admit(heap::Address address);
  /// The object that `inside` points into, or null where there is none to pin, which is counted.
  [[nodiscard]] heap::ObjectRef admit_interior(heap::Address inside);
  [[nodiscard]] HandleTable& handles() { return handles_; }
  /// The pins of the set last as long as the registry.
  void keep(std::unique_ptr<PinSet> set);
  /// No collection begins until as many have been left.
  void enter_critical_section() { critical_.fetch_add(1, std::memory_order_acq_rel); }
  void leave_critical_section() { critical_.fetch_sub(1, std::memory_order_acq_rel); }
  /// While any is suspended, checks at the border to foreign code pass: for the whole process.
  void suspend_checks() { checks_suspended_.fetch_add(1, std::memory_order_relaxed); }
  void resume_checks() { checks_suspended_.fetch_sub(1, std::memory_order_relaxed); }
  [[nodiscard]] bool checks_suspended() const {
    return checks_suspended_.load(std::memory_order_relaxed) != 0;
  }

 private:
  struct Record {
    heap::Address object;
    std::uint64_t extra = 0;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::vector<Record> records;  ///< open addressing, a power of two; Address() is empty
    std::size_t used = 0;
    std::uint64_t extra = 0;  ///< of all records

    /// Where the record of `object` is, or belongs. REQUIRES records.
    [[nodiscard]] std::size_t slot_of(heap::Address object) const;
    void grow();
    void erase(std::size_t hole);
  };
  static constexpr std::size_t kShards = 64;
  struct ThreadAccount {
    std::thread::id thread;
    std::unique_ptr<PinAccount> account;
  };
  using SetList = std::vector<PinSet*>;
  using Place = std::size_t PinSet::*;

  static void enlist(SetList& list, PinSet& set, Place place);
  static void delist(SetList& list, PinSet& set, Place place);
  void end_dead(const SetList& sets, const IsDead& is_dead);
  void forget_lost(const PinSet& set);
  [[nodiscard]] PinAccount& find_account();

  void pin_again(heap::ObjectRef object);
  [[nodiscard]] bool unpin_counted(heap::ObjectRef object);
  void list_young(heap::ObjectRef object);
  [[nodiscard]] Shard& shard_of(heap::ObjectRef object) { return shards_[shard_index(object)]; }
  static std::size_t shard_index(heap::ObjectRef object);

  heap::Heap& heap_;
  std::uintptr_t heap_base_;  ///< of heap_: is_pinned() is asked more often than anything else
  std::uintptr_t heap_bytes_;
  SiteTable sites_;
  std::array<Shard, kShards> shards_;
  std::mutex young_mutex_;
  std::vector<heap::ObjectRef> young_pins_;
  mutable std::mutex sets_mutex_;
  SetList sets_;
  SetList owned_sets_;
  SetList weak_sets_;
  SetList young_weak_sets_;
  inline static constinit thread_local LastAccount mine_;
  const std::uint64_t serial_;
  std::uint64_t ledger_period_ = 1;
  mutable std::mutex accounts_mutex_;
  std::vector<ThreadAccount> accounts_;
  PinLedger ledger_;
  std::vector<std::unique_ptr<PinSet>> lost_;
  HandleTable handles_;
  PinMarks marks_;
  PinMarks parents_;
  NeedlessTally needless_;
  ShapeWorkTally work_;
  std::mutex kept_mutex_;
  std::vector<std::unique_ptr<PinSet>> kept_;
  std::atomic<std::uint32_t> critical_{0};
  std::atomic<std::uint32_t> checks_suspended_{0};
  std::atomic<std::uint64_t> clock_{0};
  std::mutex foreign_mutex_;
  std::vector<ForeignMemory*> foreign_;
  Liveness liveness_ = Liveness::strong;
  SiteSampler sampler_;
  std::atomic<std::uint32_t> collections_{0};
  std::atomic<std::uint64_t> leaked_{0};
  std::atomic<std::uint64_t> died_{0};
  std::mutex report_mutex_;
  LeakHandler leak_handler_;
  CollectedHandler collected_handler_;
  std::optional<PinLeak> leak_;
  std::optional<CollectedPin> collected_;
};

}  // namespace pinlab::pinning
