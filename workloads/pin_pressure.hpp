// Pins as an independent variable: which of a program's objects are pinned, when, and for how long,
// by the parameters pin.*, apart from what the program does. A workload says what was born and what
// was dropped; everything else happens here, on the allocation clock, from a random stream of its
// own.
//
// Invariants: (1) what is pinned depends on the options, the seed and the sequence of born(),
// dropped() and scopes, and, where pins wait for an age, on when collections happen; on nothing
// else; (2) the clock is the sum of the bytes of the objects that were born, and of what passed
// while a pin waited for room; (3) held() is exact at every moment, and with it the peaks.
//
// One thread, the mutator's. Ends before its runtime; what is still pinned then is unpinned, no
// leak.
#pragma once

#include "heap/support/random.hpp"
#include "pinning/foreign_memory.hpp"
#include "pinning/pretenuring.hpp"
#include "pinning/shape.hpp"
#include "pinning/shapes/pinner.hpp"
#include "collector/runtime.hpp"
#include "workloads/draws.hpp"
#include "workloads/pin_options.hpp"
#include "workloads/pin_room.hpp"
#include "workloads/pin_sites.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <vector>

namespace pinlab::workloads {

/// What pin.placement did.
struct PlacementFigures {
  std::uint64_t apart = 0;    ///< pins of objects that lay in the pinned space, or were large
  std::uint64_t beside = 0;   ///< of others: they lie among what moves
  std::uint64_t waits = 0;    ///< pins that waited for a collection to move their object
  std::uint64_t waited = 0;   ///< on the clock
  std::uint64_t dropped = 0;  ///< of these: their object or scope ended first, and none was made
  std::uint64_t sites = 0;    ///< whose objects are born in the pinned space from now on
};

/// Names a pin that follows an object until the program drops it; 0: nothing to tell.
using PinToken = std::uint32_t;

class PinPressure {
 public:
  /// Throws OptionsError.
  PinPressure(collector::Runtime& runtime, const PinPressureOptions& options);
  PinPressure(const PinPressure&) = delete;
  PinPressure& operator=(const PinPressure&) = delete;
  ~PinPressure();

  [[nodiscard]] const PinPressureOptions& options() const { return options_; }
  /// False: born(), dropped() and scopes do nothing, and a workload may skip them.
  [[nodiscard]] bool enabled() const { return enabled_; }
  /// From now on sites have these names, which must last as long as objects are born.
  void use_names(const SiteNames& names) { sites_.use_names(names); }

  /// The program allocates an object, and tells born() next: in the pinned space, if pin.placement
  /// says so. As Mutator::allocate().
  [[nodiscard]] heap::ObjectRef allocate(collector::Mutator& mutator, heap::Shape shape) {
    return allocate(mutator, shape, 0);
  }
  template <class... Refs>
  [[nodiscard]] heap::ObjectRef allocate(collector::Mutator& mutator,
                                         heap::Shape shape,
                                         std::uint32_t site,
                                         Refs... references) {
    if (places_births_ && is_born_apart(shape.object_bytes(), site)) {
      return mutator.allocate_apart(shape, references...);
    }
    return mutator.allocate(shape, references...);
  }

  /// An object was born; it may be pinned here. `site` is the program's own number for who
  /// allocated it. Does not allocate managed memory, so the reference stays valid. Throws
  /// PinLimitReached.
  [[nodiscard]] PinToken born(heap::ObjectRef object, std::uint32_t site = 0) {
    if (!enabled_) {
      return 0;
    }
    if (verdict_ != Verdict::none) {
      return take_verdict(object, site);
    }
    clock_ += object.bytes();
    if (parents_) {
      choose_parent(object);
    }
    if (skip_ > 0 && clock_ < next_event_ && any_target_ &&
        runtime_.collections() == collections_) {
      --skip_;
      return 0;
    }
    return track(object, site);
  }
  /// The program drops the object: pins with lifetime `object` end. Once for each token.
  void dropped(PinToken token) {
    if (token != 0) {
      drop(token - 1);
    }
  }

  /// Under pin.limit, for these pins and for those that the program makes itself.
  [[nodiscard]] PinRoom& room() { return room_; }

  // Pins that the program makes itself, for the figures. From any thread.

  /// A pin for which there is room.
  pinning::SiteId count_made(std::uint32_t site, std::uint64_t bytes);
  /// Gives back its room. `lasted`: bytes allocated.
  void count_ended(std::uint32_t site, std::uint64_t bytes, std::uint64_t lasted);
  /// What is to last as long as the run: pins that end with the program.
  void keep(std::shared_ptr<void> thing);

  /// Bytes of the objects born so far, if enabled, and what passed while pins waited.
  [[nodiscard]] std::uint64_t clock() const { return clock_; }
  /// Pins held now, their bytes, and the most of each at a time.
  [[nodiscard]] std::uint64_t held() const { return held_ + program_held_; }
  [[nodiscard]] std::uint64_t held_bytes() const { return held_bytes_ + program_held_bytes_; }
  [[nodiscard]] std::uint64_t peak() const { return peak_; }
  [[nodiscard]] std::uint64_t peak_bytes() const { return peak_bytes_; }
  /// Copies that are there in the place of pins of the pressure.
  [[nodiscard]] std::uint64_t copies_held() const { return copies_held_; }
  /// Pins of the pressure made so far, those of the program itself apart.
  [[nodiscard]] std::uint64_t made() const { return made_; }
  [[nodiscard]] const LimitFigures& limit_figures() const { return room_.figures(); }
  /// What foreign code, which has the address of every pinned object, saw: up to now.
  [[nodiscard]] pinning::BoundaryFigures boundary() const { return foreign_.figures(clock_); }
  /// Addresses that were checked as they went to foreign code.
  [[nodiscard]] std::uint64_t checked_stores() const { return checked_stores_; }
  [[nodiscard]] PlacementFigures placement_figures() const {
    PlacementFigures figures = placement_;
    figures.sites = pretenuring_.chosen();
    return figures;
  }
  /// For each site that pinned, in the order of its first pin.
  [[nodiscard]] const std::vector<SiteFigures>& site_figures() const { return sites_.figures(); }

 private:
  friend class PinScope;

  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  /// A pin, from the choice of its object on. A named one is kept until the program drops it.
  struct Pin {
    enum class State : std::uint8_t { unused, waiting, cancelled, placing, held, done };
    State state = State::unused;
    bool named = false;
    bool copied = false;  ///< the limit made it a copy
    bool needed = false;  ///< by foreign code
    bool leaked = false;
    std::uint32_t site = 0;  ///< by the program's number
    std::uint32_t batch = kNone;
    std::uint32_t address = kNone;   ///< what foreign code has
    std::uint32_t root = 0;          ///< waiting: the weak root; placing: the migrant
    pinning::PinTicket ticket = {};  ///< held: if it has one of its own
    std::uint64_t since = 0;         ///< waiting: collections at birth; held: the clock
    std::uint64_t bytes = 0;
    std::uint64_t fulls = 0;  ///< placing: full collections before
  };
  /// Pins that end when the last of them is done.
  struct Batch {
    std::vector<std::uint32_t> pins;
    std::uint32_t chosen = 0;  ///< members so far, with those that the limit refused
    std::uint32_t done = 0;
    pinning::PinTicket ticket = {};  ///< of all, where the shape is a set
  };
  /// Whether the object that is being allocated will be pinned, where that is known before.
  enum class Verdict : std::uint8_t { none, left, chosen };
  struct Expiry {
    std::uint64_t at;
    std::uint64_t order;
    std::uint32_t pin;
    friend bool operator>(const Expiry& a, const Expiry& b) {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };

  [[nodiscard]] PinToken track(heap::ObjectRef object, std::uint32_t site);
  void drop(std::uint32_t pin);
  void choose_parent(heap::ObjectRef object);

  [[nodiscard]] bool is_born_apart(std::uint64_t bytes, std::uint32_t site);
  [[nodiscard]] PinToken take_verdict(heap::ObjectRef object, std::uint32_t site);
  void start(std::uint32_t pin, heap::ObjectRef object);
  void place(std::uint32_t pin, heap::ObjectRef object);
  void pin_placed();
  void cancel_placing(std::uint32_t pin);
  void look_at_sites();
  [[nodiscard]] bool is_target(std::uint64_t bytes, std::uint32_t site);
  [[nodiscard]] bool is_wanted();
  [[nodiscard]] bool is_of_age(heap::ObjectRef object, std::uint64_t born) const;
  PinToken choose(heap::ObjectRef object, std::uint32_t site);
  void hold(std::uint32_t pin, heap::ObjectRef object);
  [[nodiscard]] bool find_room(Pin& pin, std::uint64_t bytes);
  void wait_for_room();
  void pin_object(std::uint32_t pin, heap::ObjectRef object);
  void join_batch(std::uint32_t pin);
  void finish(std::uint32_t pin);
  void finish_in_batch(std::uint32_t batch);
  void end(std::uint32_t pin);
  void give_up(std::uint32_t pin);
  void owe_another();
  void give_address(Pin& pin, heap::ObjectRef object, pinning::SiteId site);
  void last_access(Pin& pin);
  [[nodiscard]] bool is_leaking();
  void leak(Pin& pin);
  void forget(std::uint32_t pin);

  void pass_time();
  void pass_collection();
  void schedule_arrival();
  void schedule_event();
  [[nodiscard]] std::uint64_t draw_lifetime();
  [[nodiscard]] std::uint32_t take_pin();

  void note_peak();

  [[nodiscard]] std::size_t open_scope() {
    if (enabled_) {
      room_.enter_call();
    }
    return scope_pins_.size();
  }
  void close_call(std::size_t depth) {
    if (enabled_) {
      room_.leave_call();
      close_scope(depth);
    }
  }
  void close_scope(std::size_t depth);

  collector::Runtime& runtime_;
  PinPressureOptions options_;
  bool enabled_;
  bool any_target_;  ///< the target is uniform
  bool places_births_;
  std::unique_ptr<pinning::PinShape> shape_;
  std::unique_ptr<pinning::PinShape> copies_;  ///< what the limit may fall back to
  PinRoom room_;
  PlacementFigures placement_;
  pinning::Pretenuring pretenuring_;
  Verdict verdict_ = Verdict::none;
  PinSites sites_;
  heap::Random choices_;
  heap::Random lengths_;
  heap::Random leaks_;
  pinning::ForeignMemory foreign_;
  std::optional<Failures> misses_;  ///< share: objects between two batches
  heap::Random parent_choices_;
  std::optional<Failures> parents_;  ///< objects between two whose slots cannot be updated
  std::uint64_t next_parent_ = 0;    ///< after so many objects

  std::uint64_t clock_ = 0;
  std::uint64_t next_event_ = 0;    ///< the clock of the next expiry or arrival
  std::uint64_t next_arrival_ = 0;  ///< rate: in 1024ths of a byte
  std::uint64_t collections_ = 0;
  std::uint64_t skip_ = 0;     ///< share: so many targets are left alone
  std::uint64_t wanted_ = 0;   ///< so many of the next targets are chosen; 0 while skip_ is not
  std::uint64_t waiting_ = 0;  ///< chosen, not yet of age or not yet in the pinned space
  std::uint64_t held_ = 0;
  std::uint64_t held_bytes_ = 0;
  std::uint64_t copies_made_ = 0;
  std::uint64_t copies_held_ = 0;
  std::uint64_t peak_ = 0;
  std::uint64_t peak_bytes_ = 0;
  std::uint64_t made_ = 0;
  std::uint64_t checked_stores_ = 0;

  std::vector<Pin> pins_;
  std::vector<std::uint32_t> free_pins_;
  std::vector<std::uint32_t> waiters_;
  std::vector<std::uint32_t> placing_;
  std::vector<Batch> batches_;
  std::vector<std::uint32_t> free_batches_;
  std::uint32_t open_batch_ = kNone;
  std::priority_queue<Expiry, std::vector<Expiry>, std::greater<>> expiries_;
  /// Last accesses of foreign code, after the end of the pin; `pin` is the address's ticket.
  std::priority_queue<Expiry, std::vector<Expiry>, std::greater<>> accesses_;
  std::vector<std::uint32_t> scope_pins_;
  std::deque<pinning::Pinner> own_pinners_;  ///< leak=self: each owned by the object that it pins
  std::vector<std::uint32_t> global_leaks_;  ///< leak=global: the globals

  std::mutex counts_mutex_;  ///< for several threads that make pins of their own
  std::uint64_t program_held_ = 0;
  std::uint64_t program_held_bytes_ = 0;
  std::vector<std::shared_ptr<void>> kept_;
};

/// A call, a request, a frame: pins of lifetime `scope` that were made in it end with it, the
/// newest first. Scopes nest. Those made outside of any end with the run.
class PinScope {
 public:
  explicit PinScope(PinPressure& pins) : pins_(pins), depth_(pins.open_scope()) {}
  PinScope(const PinScope&) = delete;
  PinScope& operator=(const PinScope&) = delete;
  ~PinScope() { pins_.close_call(depth_); }

 private:
  PinPressure& pins_;
  std::size_t depth_;
};

}  // namespace pinlab::workloads
