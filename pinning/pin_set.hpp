// A set of pins that end together: the part that all shapes share. Each entry says what is pinned,
// by which site, and since when: on the allocation clock, and in collections.
//
// Invariants: (1) an entry's object does not move while the entry is in the set; (2) the set lives
// outside the managed heap, is attached to one registry for its whole life, and is no copy of
// another; (3) it belongs to a C++ scope, or to a managed object, or is lost: nobody can end it.
#pragma once

#include "heap/object.hpp"
#include "pinning/pin_site.hpp"

#include <boost/container/small_vector.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace pinlab::pinning {

class PinRegistry;

/// Held for a few instructions: by the owner of a set for one pin, by a collection for one set.
class SpinLock {
 public:
  void lock() {
    while (flag_.test_and_set(std::memory_order_acquire)) {
      while (flag_.test(std::memory_order_relaxed)) {
      }
    }
  }
  void unlock() { flag_.clear(std::memory_order_release); }

 private:
  std::atomic_flag flag_;
};

/// What a pin does to the life of its object: golang/go#46787, where ansiwen and bcmills argued for
/// the first, aclements for the second, and rsc for the third.
enum class Liveness : std::uint8_t {
  strong,  ///< the pin is a root
  weak,    ///< the object dies as if it were not pinned, and the pin ends with it
  crash,   ///< the same, but that it died is reported, and ends a run
};
inline constexpr std::array<std::string_view, 3> kLivenessNames = {"strong", "weak", "crash"};

/// Aligned, so that threads which pin with sets of their own share no cache line.
class alignas(64) PinSet {
 public:
  /// What a pin has beside its object.
  struct Note {
    std::uint64_t since;  ///< the allocation clock
    SiteId site;
    std::uint32_t collections;  ///< so many had been before
    std::uint32_t granules;     ///< of the object: who counts bytes need not touch it
    bool skipped = false;       ///< by the ledger's sampling (PinRegistry::ledger())

    [[nodiscard]] std::uint64_t bytes() const {
      return std::uint64_t{granules} << heap::kGranuleShift;
    }
  };
  struct Entry : Note {
    heap::ObjectRef object;
  };
  /// Marking wants objects alone, and the census notes alone. Go's Pinner keeps five references
  /// inline; so do we.
  using Objects = boost::container::small_vector<heap::ObjectRef, 5>;
  using Notes = boost::container::small_vector<Note, 5>;

  /// The pins, oldest first, as values.
  class Entries {
   public:
    class Iterator {
     public:
      Iterator(const PinSet& set, std::size_t index) : set_(&set), index_(index) {}
      Entry operator*() const { return set_->entry(index_); }
      Iterator& operator++() {
        ++index_;
        return *this;
      }
      friend bool operator==(const Iterator&, const Iterator&) = default;

     private:
      const PinSet* set_;
      std::size_t index_;
    };

    explicit Entries(const PinSet& set) : set_(set) {}
    [[nodiscard]] Iterator begin() const { return {set_, 0}; }
    [[nodiscard]] Iterator end() const { return {set_, set_.objects_.size()}; }

   private:
    const PinSet& set_;
  };

  /// `owner`: a managed object whose death ends the set (and is a leak if pins are left), or null:
  /// the set is owned by a C++ scope. `shape`: for reports of leaks.
  PinSet(PinRegistry& registry,
         Liveness liveness,
         heap::ObjectRef owner = {},
         std::string_view shape = {});
  PinSet(const PinSet&) = delete;
  PinSet& operator=(const PinSet&) = delete;
  /// Releases what is left without a report; shapes decide what that means before.
  ~PinSet();

  /// REQUIRES an object of the registry's heap.
  void pin(heap::ObjectRef object, SiteId site);
  /// The same for each of them, in one transaction.
  void pin_all(std::span<const heap::ObjectRef> objects, SiteId site);
  /// Releases the newest entry of `object`. False where the set has none.
  [[nodiscard]] bool unpin(heap::ObjectRef object);
  void unpin_all();
  [[nodiscard]] bool empty() const;
  [[nodiscard]] std::size_t size() const;

  [[nodiscard]] PinRegistry& registry() const { return registry_; }
  [[nodiscard]] Liveness liveness() const { return liveness_; }
  [[nodiscard]] bool keeps_alive() const { return liveness_ == Liveness::strong; }
  [[nodiscard]] std::uint64_t made() const { return tally_.made; }
  [[nodiscard]] std::uint64_t ended() const { return tally_.ended; }

  // For collections, under lock().
  [[nodiscard]] SpinLock& lock() const { return lock_; }
  [[nodiscard]] const Objects& objects() const { return objects_; }
  [[nodiscard]] const Notes& notes() const { return notes_; }
  [[nodiscard]] Entries entries() const { return Entries(*this); }
  /// The slot of the owner: a reference that collections update; 0 without an owner.
  [[nodiscard]] heap::Address owner_slot() { return heap::Address::of(&owner_); }
  [[nodiscard]] heap::ObjectRef owner() const { return heap::ObjectRef(heap::Address(owner_)); }
  void disown() { owner_ = 0; }
  /// Whether it is no leak when nothing reaches the set any more: a rule of its shape.
  [[nodiscard]] bool is_silent() const { return silent_; }
  void set_silent(bool silent) { silent_ = silent; }
  /// Whether no scope and no object has the set any more: it is a leak as soon as one looks.
  [[nodiscard]] bool is_lost() const { return lost_; }
  /// Whether its pins hold as long as it exists, whatever a collection reaches.
  [[nodiscard]] bool belongs_to_scope() const { return owner_ == 0 && !lost_; }
  /// Ends the pins of objects that died, of a set that keeps nothing alive, and says which these
  /// were.
  /// REQUIRES that the registry lists it as changed.
  template <class IsDead>
  [[nodiscard]] std::vector<Entry> take_dead(IsDead&& is_dead) {
    std::vector<Entry> dead;
    lock_.lock();
    std::size_t kept = 0;
    std::size_t seen = seen_;
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      if (is_dead(objects_[i])) {
        release(objects_[i]);
        seen -= note_gone(i) ? 1U : 0U;
        dead.push_back(entry(i));
      } else {
        objects_[kept] = objects_[i];
        notes_[kept++] = notes_[i];
      }
    }
    objects_.resize(kept);
    notes_.resize(kept);
    seen_ = seen;
    lock_.unlock();
    return dead;
  }

 private:
  /// Locks the set, for pins to come or go: it is in the registry's list of changed sets then.
  class Change {
   public:
    explicit Change(PinSet& set);
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;
    ~Change() { set_.lock_.unlock(); }

   private:
    PinSet& set_;
  };

  void add(heap::ObjectRef object, SiteId site);
  void list_if_weak(heap::ObjectRef object);

  friend class PinRegistry;  // its places in lists of sets
  static constexpr std::size_t kNowhere = ~std::size_t{0};

  void release(heap::ObjectRef object);
  /// Of a pin that ends: whether the ledger has seen it.
  bool note_gone(std::size_t index) {
    if (index < seen_ && !notes_[index].skipped) {
      gone_.push_back(notes_[index]);
    }
    return index < seen_;
  }
  [[nodiscard]] Entry entry(std::size_t index) const { return {notes_[index], objects_[index]}; }

  /// Counted by each set: a counter that all threads share would cost more than the pin.
  struct Tally {
    std::uint64_t made = 0;
    std::uint64_t ended = 0;
    std::uint64_t zero_size = 0;  ///< of `made`, as `large`: see Needless
    std::uint64_t large = 0;

    Tally& operator+=(const Tally& other) {
      made += other.made;
      ended += other.ended;
      zero_size += other.zero_size;
      large += other.large;
      return *this;
    }
  };

  // What marking looks at, with the first objects in the same cache line.
  mutable SpinLock lock_;
  Liveness liveness_;
  bool lost_ = false;
  bool silent_ = false;
  bool changed_ = false;  ///< listed as such
  Objects objects_;
  // What the registry knew when it last looked at what had changed.
  std::size_t settled_ = 0;  ///< pins then
  std::size_t seen_ = 0;     ///< the oldest pins, which the ledger has seen
  std::vector<Note> gone_;   ///< pins in the ledger that have ended since
  Notes notes_;
  std::uintptr_t owner_;
  PinRegistry& registry_;
  std::string_view shape_;
  Tally tally_;
  // In the registry's lists of all sets, of owned ones, of weak ones, of weak ones with young pins,
  // of changed ones.
  std::size_t place_ = kNowhere;
  std::size_t owned_place_ = kNowhere;
  std::size_t weak_place_ = kNowhere;
  std::size_t young_place_ = kNowhere;
  std::size_t changed_place_ = kNowhere;
};

}  // namespace pinlab::pinning
