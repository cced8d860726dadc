// The door: a Runtime owns its heap, its pins and its plan. It is a value without global state: two
// of them work in one process, on two threads.
//
//   Runtime runtime(options);
//   auto mutator = runtime.attach();
//   Root list(*mutator);
//   list.set(mutator->allocate({.references = 1, .bytes = 16}));
#pragma once

#include "heap/heap.hpp"
#include "pinning/pin_registry.hpp"
#include "collector/digest.hpp"
#include "collector/generations.hpp"
#include "collector/mutator.hpp"
#include "collector/options.hpp"
#include "collector/pause.hpp"
#include "collector/roots.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace pinlab::collector {

class Plan;

/// Memory was asked for that the heap cannot give, also after a full collection. An outcome, no
/// bug.
struct HeapExhausted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A collection is needed, pins forbid it (nursery route `lock`), and every thread waits for it.
struct GcBlocked : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A set of pins became unreachable with pins in it, or ended so, and no handler took it.
struct PinLeaked : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// An object died though it was pinned, under Liveness::crash, and no handler took it.
struct PinnedObjectCollected : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The verifier found a broken invariant; what() names it and the place. Always a bug of ours.
struct VerificationFailed : std::logic_error {
  using std::logic_error::logic_error;
};

class Runtime {
 public:
  /// Throws OptionsError, or HeapExhausted where the system gives no address space.
  explicit Runtime(Options options);
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  ~Runtime();

  /// A mutator for the calling thread. Every mutator must end before the runtime does.
  [[nodiscard]] std::unique_ptr<Mutator> attach();

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] heap::Heap& heap() { return heap_; }
  [[nodiscard]] pinning::PinRegistry& pins() { return pins_; }
  [[nodiscard]] GlobalRoots& globals() { return globals_; }
  [[nodiscard]] WeakRoots& weaks() { return weaks_; }
  [[nodiscard]] AmbiguousRoots& ambiguous() { return ambiguous_; }
  /// REQUIRES a pinned space: options().pin_placement.
  [[nodiscard]] Migrants& migrants() {
    EXPECTS(options_.pin_placement != PinPlacement::anywhere);
    return migrants_;
  }

  /// Listeners are called in the order in which they were added. REQUIRES that no mutator runs.
  void add_observer(PauseObserver& observer) { observers_.push_back(&observer); }

  /// The same for those who want to know of each object where it went. It makes pauses no longer,
  /// and the run.
  void add_move_observer(MoveObserver& observer) {
    generations_.move_observers.push_back(&observer);
  }

  /// Bytes allocated by all mutators up to the last refill of each.
  [[nodiscard]] std::uint64_t clock() const { return clock_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t collections() const { return collections_; }
  [[nodiscard]] std::uint64_t full_collections() const { return full_collections_; }

  /// Throws PinLeaked or PinnedObjectCollected where no handler took the report of one since the
  /// last collection: collections throw them at their end.
  void throw_pin_reports();

  /// Occupancy now, with every free run. Stops the other mutators.
  [[nodiscard]] Census census(Mutator& self);
  /// Checks every invariant of the heap from scratch. Throws VerificationFailed.
  void verify(Mutator& self, VerifyLevel level);
  /// Over every header and byte of the heap, with offsets for addresses.
  [[nodiscard]] std::uint64_t heap_digest(Mutator& self);
  /// Over the object graph from this mutator's roots and the globals, in canonical order, without
  /// addresses.
  [[nodiscard]] std::uint64_t graph_digest(Mutator& self);
  /// Both, for little more than one of them.
  [[nodiscard]] Digests digests(Mutator& self);
  /// Of a sample, which costs next to nothing: digest.hpp says of what.
  [[nodiscard]] Digests sampled_digests(Mutator& self);

 private:
  friend class Mutator;     // its slow paths
  friend class SafeRegion;  // collections do not wait for it

  using Lock = std::unique_lock<std::mutex>;

  /// Memory that was asked for, and what was tried to have it.
  struct Request {
    std::size_t bytes;
    PauseCause cause;
    unsigned youngs = 0;  ///< young collections
    unsigned fulls = 0;   ///< full collections
    unsigned waits = 0;   ///< times that it waited for pins to end
  };

  void detach(Mutator& mutator);
  [[nodiscard]] heap::ObjectRef allocate_large(Mutator& self, heap::Shape shape);
  void refill(Mutator& self, std::size_t need);
  /// The same for its cursor in the pinned space.
  void refill_apart(Mutator& self, std::size_t need);
  void retire(Mutator& mutator);
  /// The one of its two cursors that allocate() bumps.
  void retire_first(Mutator& mutator);
  void retire(Mutator& mutator, heap::BumpCursor& cursor, heap::Space& space);
  void open(heap::BumpCursor& cursor, heap::AddressRange range);
  void add_clock(std::uint64_t bytes);
  void park_while_stopping(Lock& lock, Mutator& self);
  /// And while a collection that waits for pins holds everyone back.
  void park_while_held(Lock& lock, Mutator& self);
  /// Until the nursery route admits a collection. Throws GcBlocked, or HeapExhausted for a request
  /// that gives up; `request` is null where the program asked for the collection itself.
  void await_admission(Lock& lock, Request* request);
  [[noreturn]] void exhausted(const Request& request, const std::string& why) const;
  /// False where another thread collected meanwhile.
  bool collect(Lock& lock,
               Mutator& self,
               PauseKind kind,
               PauseCause cause,
               CompactEffort effort,
               Request* request = nullptr);
  void run_pause(PauseKind kind, CompactEffort effort, PauseReport& report);
  /// The next collection for a request that could not be served. Throws HeapExhausted.
  void collect_for(Lock& lock, Mutator& self, Request& request);
  template <class Work>
  auto with_stopped_world(Mutator& self, Work&& work);
  [[nodiscard]] RootSet root_set();
  /// Whether every mutator but the calling one is parked, or in a safe region.
  [[nodiscard]] bool others_stand() const {
    return parked_ + in_safe_regions_ + 1 >= mutators_.size();
  }
  [[nodiscard]] std::uint64_t elapsed_ns() const;

  Options options_;
  std::unique_ptr<Plan> plan_;
  heap::Heap heap_;
  pinning::PinRegistry pins_;
  Generations generations_;
  GlobalRoots globals_;
  WeakRoots weaks_;
  AmbiguousRoots ambiguous_;
  Migrants migrants_;
  std::vector<PauseObserver*> observers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Mutator*> mutators_;
  std::size_t parked_ = 0;
  std::size_t in_safe_regions_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> held_back_{false};  ///< a collection waits for pins, and nobody is to make more
  std::uint64_t blocked_requests_ = 0;  ///< since the last pause, and how long they waited
  std::uint64_t blocked_ns_ = 0;
  std::atomic<std::uint64_t> clock_{0};
  std::uint64_t collections_ = 0;
  std::uint64_t full_collections_ = 0;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace pinlab::collector
