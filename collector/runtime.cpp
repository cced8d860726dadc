#include "collector/runtime.hpp"

#include "collector/census.hpp"
#include "collector/digest.hpp"
#include "collector/phase_timer.hpp"
#include "collector/plan.hpp"
#include "collector/verify.hpp"

#include <algorithm>
#include <bit>
#include <new>
#include <string>
#include <utility>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::ObjectRef;
namespace state = heap::block_state;

namespace {

constexpr std::uint64_t kMostSurvivals = 7;
constexpr std::uint64_t kLeastFreedShare =
    128;  // a full collection that frees less than 1/128 of the heap is futile
constexpr unsigned kMostFulls = 3;

std::unique_ptr<Plan> made_plan(const Options& options) {
  const heap::Named<Plan>* entry = heap::find_named(plans(), options.plan);
  if (entry == nullptr) {
    throw OptionsError("there is no plan called '" + options.plan + "'");
  }
  return entry->make();
}

Options checked(Options options) {
  if (options.nursery_size > options.heap_max) {
    throw OptionsError("nursery.size (" + std::to_string(options.nursery_size) +
                       " bytes) is larger than heap.max (" + std::to_string(options.heap_max) +
                       " bytes)");
  }
  if (options.nursery_survivals > kMostSurvivals) {
    throw OptionsError("nursery.survivals is " + std::to_string(options.nursery_survivals) +
                       ": the most is 7");
  }
  if (options.gap_min < heap::kGranuleBytes || options.gap_min % heap::kGranuleBytes != 0) {
    throw OptionsError("gap.min must be a multiple of 8 bytes, at least 8");
  }
  if (!std::has_single_bit(options.spread_line) || options.spread_line < heap::kGranuleBytes ||
      options.spread_line > options.heap_block) {
    throw OptionsError("pin.spread_line must be a power of two from 8 bytes to heap.block");
  }
  if (!std::has_single_bit(options.spread_page) || options.spread_page < 8 * heap::kGranuleBytes ||
      options.spread_page > options.heap_block) {
    throw OptionsError("pin.spread_page must be a power of two from 64 bytes to heap.block (" +
                       std::to_string(options.heap_block) +
                       " bytes): take a smaller page, a larger heap.block, or pin.spread=block");
  }
  settle_options(options);
  if (const std::string why = why_no_pinned_space(options); !why.empty()) {
    throw OptionsError(why);
  }
  return options;
}

heap::HeapConfig heap_config(const Options& options) {
  return {options.heap_max, options.heap_block};
}

}  // namespace

Runtime::Runtime(Options options) try
    : options_(checked(std::move(options))),
      plan_(made_plan(options_)),
      heap_(heap_config(options_)),
      pins_(heap_),
      generations_(options_, heap_, pins_) {
  pins_.set_liveness(options_.pin_liveness);
  pins_.sampler().set_period(options_.sample_sites);
  pins_.set_ledger_period(options_.measure_pins);
} catch (const heap::HeapConfigError& error) {
  throw OptionsError(error.what());
} catch (const std::bad_alloc&) {
  throw HeapExhausted("the system gives no address space for heap.max");
}

Runtime::~Runtime() {
  EXPECTS(mutators_.empty());
}

std::unique_ptr<Mutator> Runtime::attach() {
  Lock lock(mutex_);
  changed_.wait(lock, [this] { return !stopping_; });
  std::unique_ptr<Mutator> mutator(new Mutator(*this));  // NOLINT: the constructor is private
  mutators_.push_back(mutator.get());
  heap_.open_cursors().add(mutator->cursor_);
  heap_.open_cursors().add(mutator->apart_);
  return mutator;
}

void Runtime::detach(Mutator& mutator) {
  Lock lock(mutex_);
  park_while_stopping(lock, mutator);
  retire(mutator);
  heap_.open_cursors().remove(mutator.cursor_);
  heap_.open_cursors().remove(mutator.apart_);
  std::erase(mutators_, &mutator);
  changed_.notify_all();
}

void Runtime::add_clock(std::uint64_t bytes) {
  const std::uint64_t now = clock_.load(std::memory_order_relaxed) + bytes;
  clock_.store(now, std::memory_order_relaxed);
  pins_.set_clock(now);
}

void Runtime::retire(Mutator& mutator) {
  retire_first(mutator);
  retire(mutator, mutator.apart_, generations_.pinned_space);
}

void Runtime::retire_first(Mutator& mutator) {
  const Address base = mutator.cursor_.base;
  const bool old = base && (heap_.state(base) & state::kOld) != 0;
  retire(mutator, mutator.cursor_, old ? generations_.old : generations_.nursery);
}

// A cursor's objects get what only collections need: the bits of those that were born old.
void Runtime::retire(Mutator& mutator, heap::BumpCursor& cursor, heap::Space& space) {
  if (cursor.limit == Address()) {
    return;
  }
  if ((heap_.state(cursor.base) & state::kOld) != 0 && cursor.cursor > cursor.base) {
    std::uint64_t objects = 0;
    heap_.marks().set_live(cursor.filled());
    for (Address walk = cursor.base; walk < cursor.cursor; walk = ObjectRef(walk).range().limit) {
      ++objects;
      heap_.marks().set_start(walk);
      if (ObjectRef(walk).references() > 0) {
        heap_.set_may_refer(walk);
      }
    }
    if (&space == &generations_.pinned_space) {
      generations_.born_apart.objects += objects;
      generations_.born_apart.bytes += cursor.filled().bytes();
    }
  }
  const std::uint64_t bytes = cursor.filled().bytes();
  mutator.retired_ += bytes;
  add_clock(bytes);
  const AddressRange rest = cursor.rest();
  heap_.open_cursors().open(cursor, {});
  space.give_back(rest);
}

void Runtime::open(heap::BumpCursor& cursor, AddressRange range) {
  if ((heap_.state(range.base) & state::kOld) != 0) {
    heap_.dirty_cards(range);
  }
  heap_.open_cursors().open(cursor, range);
}

ObjectRef Runtime::allocate_large(Mutator& self, heap::Shape shape) {
  Lock lock(mutex_);
  park_while_held(lock, self);
  const std::size_t bytes = shape.object_bytes();
  for (Request request{.bytes = bytes, .cause = PauseCause::large_object};;) {
    const std::optional<ObjectRef> object = heap_.allocate_large(shape);
    if (object) {
      self.retired_ += bytes;
      add_clock(bytes);
      return *object;
    }
    if (bytes > heap_.max_bytes() || bytes > heap::kMaxObjectBytes) {
      throw HeapExhausted("an object of " + std::to_string(bytes) + " bytes can never fit");
    }
    collect_for(lock, self, request);
  }
}

void Runtime::refill(Mutator& self, std::size_t need) {
  Lock lock(mutex_);
  park_while_held(lock, self);
  retire_first(self);
  for (Request request{.bytes = need, .cause = PauseCause::heap_full};;) {
    AddressRange range = plan_->take(generations_, need);
    if (range.empty() && pins_.in_critical_section()) {
      range = plan_->grow(generations_, need);
    }
    if (!range.empty()) {
      open(self.cursor_, range);
      return;
    }
    collect_for(lock, self, request);
  }
}

void Runtime::refill_apart(Mutator& self, std::size_t need) {
  Lock lock(mutex_);
  park_while_held(lock, self);
  retire(self, self.apart_, generations_.pinned_space);
  for (Request request{.bytes = need, .cause = PauseCause::heap_full};;) {
    const AddressRange range = generations_.pinned_space.take(need, kRefillBytes);
    if (!range.empty()) {
      open(self.apart_, range);
      return;
    }
    collect_for(lock, self, request);
  }
}

void Runtime::collect_for(Lock& lock, Mutator& self, Request& request) {
  const Next next = plan_->next(generations_);
  if (next == Next::exhausted || request.fulls == kMostFulls) {
    exhausted(request, "");
  }
  // What stays young stays for as many collections; more of them would bring nothing back.
  const bool hopeful = request.fulls == 0 && request.youngs <= options_.nursery_survivals;
  if (next == Next::young && request.cause != PauseCause::large_object && hopeful) {
    if (collect(lock, self, PauseKind::young, PauseCause::nursery_full, options_.compact_effort,
                &request)) {
      ++request.youngs;
    }
    return;
  }
  // First what pays, then everything; then there is nothing left to try.
  const bool futile = request.fulls > 0;
  const CompactEffort effort = futile ? CompactEffort::exhaustive : options_.compact_effort;
  if (!collect(lock, self, PauseKind::full, request.cause, effort, &request)) {
    return;
  }
  ++request.fulls;
  const std::uint64_t usable = heap_.free_blocks() * heap_.block_bytes() +
                               generations_.old_gaps->bytes() + generations_.nursery_gaps->bytes();
  if (usable < heap_.max_bytes() / kLeastFreedShare) {
    if (futile) {
      exhausted(request, "");
    }
    if (collect(lock, self, PauseKind::full, request.cause, CompactEffort::exhaustive, &request)) {
      ++request.fulls;
    }
  }
}

void Runtime::exhausted(const Request& request, const std::string& why) const {
  throw HeapExhausted("no memory for " + std::to_string(request.bytes) +
                      " bytes: " + std::to_string(heap_.used_bytes()) + " of " +
                      std::to_string(heap_.max_bytes()) + " bytes in use after " +
                      std::to_string(collections_) + " collections" + why);
}

void Runtime::park_while_stopping(Lock& lock, Mutator& /*self*/) {
  while (stopping_) {
    ++parked_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !stopping_; });
    --parked_;
  }
}

void Runtime::park_while_held(Lock& lock, Mutator& self) {
  while (stopping_ || held_back_) {
    park_while_stopping(lock, self);
    if (held_back_) {
      ++parked_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return stopping_ || !held_back_; });
      --parked_;
    }
  }
}

void Runtime::await_admission(Lock& lock, Request* request) {
  const auto admit = [this] {
    const Admission answer = generations_.nursery_route->admit(pins_);
    return answer == Admission::now && pins_.in_critical_section() ? Admission::wait : answer;
  };
  Admission admission = admit();
  if (admission == Admission::now) {
    return;
  }
  const std::uint64_t since = elapsed_ns();
  ++blocked_requests_;
  const bool gives_up = admission == Admission::wait_or_give_up && request != nullptr;
  if (gives_up && request->waits++ == options_.nursery_variants.lock_retries) {
    exhausted(*request, ", and " + std::to_string(options_.nursery_variants.lock_retries) +
                            " waits for pins to end did not help");
  }
  for (; admission != Admission::now; admission = admit()) {
    // Everyone who could unpin waits for it: the HotSpot deadlock that ends in an outcome here.
    // A thread in a safe region is none of them.
    if (parked_ + 1 >= mutators_.size()) {
      held_back_ = false;
      changed_.notify_all();
      if (gives_up) {
        exhausted(*request, ", and nobody is left who could end the " +
                                std::to_string(pins_.held()) + " pins that forbid a collection");
      }
      throw GcBlocked("a collection is needed, " +
                      (pins_.in_critical_section()
                           ? std::string("a critical section forbids")
                           : std::to_string(pins_.held()) + " pins forbid") +
                      " it, and every thread waits for it");
    }
    held_back_ = admission == Admission::hold_back;
    ++parked_;
    changed_.wait_for(lock, std::chrono::milliseconds(1));
    --parked_;
  }
  held_back_ = false;
  blocked_ns_ += elapsed_ns() - since;
}

bool Runtime::collect(Lock& lock,
                      Mutator& self,
                      PauseKind kind,
                      PauseCause cause,
                      CompactEffort effort,
                      Request* request) {
  if (stopping_) {
    park_while_stopping(lock, self);
    return false;
  }
  await_admission(lock, request);
  if (stopping_) {
    return false;
  }
  PauseReport report;
  report.start_ns = elapsed_ns();
  stopping_ = true;
  {
    const PhaseTimer timer(report, PausePhase::stop);
    changed_.wait(lock, [this] { return others_stand(); });
  }
  report.cause = cause;
  const auto resume = [this] {
    stopping_ = false;
    changed_.notify_all();
  };
  try {
    run_pause(kind, effort, report);
  } catch (...) {
    resume();
    throw;
  }
  resume();
  return true;
}

void Runtime::run_pause(PauseKind kind, CompactEffort effort, PauseReport& report) {
  for (Mutator* mutator : mutators_) {
    retire(*mutator);
  }
  generations_.close_spaces();
  const RootSet roots = root_set();
  if (options_.verify != VerifyLevel::none && options_.verify_when == VerifyWhen::before_after) {
    const PhaseTimer timer(report, PausePhase::verify);
    verify_heap(generations_, roots, options_.verify);
  }
  report.index = collections_++;
  pins_.set_collections(static_cast<std::uint32_t>(collections_));
  report.kind = kind;
  report.clock = clock();
  report.blocked_requests = std::exchange(blocked_requests_, 0);
  report.blocked_ns = std::exchange(blocked_ns_, 0);
  const BornApart apart = std::exchange(generations_.born_apart, {});
  report.born_apart_objects = apart.objects;
  report.born_apart_bytes = apart.bytes;
  report.before = brief_census(heap_);
  // Pins that a thread which is no mutator ends meanwhile; leaks, and pins of the dead, are ended
  // by the collection itself.
  const auto ended_by_others = [this] {
    const pinning::PinCounts counts = pins_.counts();
    return counts.ended - counts.leaked - counts.died;
  };
  const std::uint64_t ended_before = options_.verify == VerifyLevel::none ? 0 : ended_by_others();
  const PinWitness witness =
      options_.verify == VerifyLevel::none ? PinWitness() : PinWitness(generations_, roots);
  plan_->collect(generations_, roots, kind, effort, report);
  full_collections_ += report.kind == PauseKind::full ? 1U : 0U;
  generations_.format_spaces();
  report.pinned_blocks = heap_.pinned_blocks();
  {
    const PhaseTimer timer(report, PausePhase::census);
    if (report.kind != PauseKind::full || !options_.measure_census) {
      report.after = brief_census(heap_);
    } else if (!report.after.detailed) {
      report.after =
          full_census(heap_, plan_->marks_live() ? Occupancy::live_bits : Occupancy::walk);
    }
    report.after.live = report.kind == PauseKind::full ? report.survivor_bytes : 0;
    pins_.settle_foreign();
  }
  if (options_.verify != VerifyLevel::none) {
    const PhaseTimer timer(report, PausePhase::verify);
    witness.check();
    verify_heap(generations_, roots, options_.verify);
    // What only such a pin kept is there still; and one may end while the heap is looked at.
    const auto undisturbed = [&] { return ended_by_others() == ended_before; };
    if (report.kind == PauseKind::full && plan_->marks_live() && undisturbed()) {
      try {
        verify_nothing_dead(generations_, roots, options_.verify);
      } catch (const VerificationFailed&) {
        if (undisturbed()) {
          throw;
        }
      }
    }
  }
  for (std::size_t phase = 0; phase < kFirstMeasuringPhase; ++phase) {
    report.pause_ns += report.phase_ns[phase];
  }
  for (PauseObserver* observer : observers_) {
    observer->paused(report);
  }
  throw_pin_reports();
}

void Runtime::throw_pin_reports() {
  if (const std::optional<pinning::CollectedPin> pin = pins_.take_collected()) {
    throw PinnedObjectCollected(pins_.sentence_of(*pin));
  }
  if (const std::optional<pinning::PinLeak> leak = pins_.take_leak()) {
    throw PinLeaked(pins_.sentence_of(*leak));
  }
}

RootSet Runtime::root_set() {
  RootSet roots{{}, options_.ambiguous_stacks, globals_, ambiguous_, weaks_, migrants_, pins_};
  for (Mutator* mutator : mutators_) {
    std::uintptr_t* base = mutator->root_stack_.data();
    roots.stacks.emplace_back(base, static_cast<std::size_t>(mutator->root_top_ - base));
  }
  return roots;
}

template <class Work>
auto Runtime::with_stopped_world(Mutator& self, Work&& work) {
  Lock lock(mutex_);
  park_while_stopping(lock, self);
  stopping_ = true;
  changed_.wait(lock, [this] { return others_stand(); });
  for (Mutator* mutator : mutators_) {
    retire(*mutator);
  }
  generations_.close_spaces();
  struct Resume {
    Runtime& runtime;
    ~Resume() {
      runtime.stopping_ = false;
      runtime.changed_.notify_all();
    }
  } resume{*this};
  return work();
}

Census Runtime::census(Mutator& self) {
  return with_stopped_world(self, [this] { return full_census(heap_, Occupancy::walk); });
}

void Runtime::verify(Mutator& self, VerifyLevel level) {
  if (level == VerifyLevel::none) {
    return;
  }
  with_stopped_world(self, [&] { verify_heap(generations_, root_set(), level); });
}

std::uint64_t Runtime::heap_digest(Mutator& self) {
  return with_stopped_world(self, [this] { return digest_heap(heap_); });
}

std::uint64_t Runtime::graph_digest(Mutator& self) {
  return digests(self).graph;
}

Digests Runtime::digests(Mutator& self) {
  return with_stopped_world(self, [this] { return digest_both(heap_, root_set()); });
}

Digests Runtime::sampled_digests(Mutator& self) {
  return with_stopped_world(self, [this] { return digest_sample(heap_, root_set()); });
}

std::uint64_t Runtime::elapsed_ns() const {
  const auto spent = std::chrono::steady_clock::now() - started_;
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(spent).count());
}

}  // namespace pinlab::collector
