// A set of pins that end together: the part that all shapes share. Each entry says what is pinned,
// by which site, and since when: on the allocation clock, and in collections.
//
// Invariants: (1) an entry's object does not move while the entry is in the set; (2) the set lives
// outside the managed heap, is attached to one registry for its whole life, and is no copy of
// another; (3) it belongs to a C++ scope, or to a managed object, or is lost: nobody can end it.
#pragma once

#include "heap/object.hpp"
#include "pinning/pin_site.hpp"
#include "pinning/spin_lock.hpp"

#include <boost/container/small_vector.hpp>

#include <array>
#include <cstdint>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

namespace pinlab::pinning {

class PinRegistry;

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
    bool entered = false;       ///< in an account, and so in the ledger (PinRegistry::ledger())

    /// Whether the ledger does not tell them apart.
    [[nodiscard]] bool is_entered_with(const Note& other) const {
      return site == other.site && collections == other.collections && entered == other.entered;
    }
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
  template <class IsDead>
  [[nodiscard]] std::vector<Entry> take_dead(IsDead&& is_dead) {
    std::vector<Entry> dead;
    const std::lock_guard lock(lock_);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      if (is_dead(objects_[i])) {
        release(i);
        dead.push_back(entry(i));
      } else {
        objects_[kept] = objects_[i];
        notes_[kept++] = notes_[i];
      }
    }
    objects_.resize(kept);
    notes_.resize(kept);
    return dead;
  }

 private:
  void add(heap::ObjectRef object, SiteId site);
  void list_if_weak(heap::ObjectRef object);

  friend class PinRegistry;  // its places in lists of sets
  static constexpr std::size_t kNowhere = ~std::size_t{0};

  void release(std::size_t index);
  [[nodiscard]] Entry entry(std::size_t index) const { return {notes_[index], objects_[index]}; }

  // What marking looks at, with the first objects in the same cache line.
  mutable SpinLock lock_;
  Liveness liveness_;
  bool lost_ = false;
  bool silent_ = false;
  Objects objects_;
  Notes notes_;
  std::uintptr_t owner_;
  PinRegistry& registry_;
  std::string_view shape_;
  // In the registry's lists of all sets, of owned ones, of weak ones, of weak ones with young pins.
  std::size_t place_ = kNowhere;
  std::size_t owned_place_ = kNowhere;
  std::size_t weak_place_ = kNowhere;
  std::size_t young_place_ = kNowhere;
};

}  // namespace pinlab::pinning
