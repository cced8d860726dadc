#include "workloads/use_cases/operations.hpp"

#include "heap/support/expects.hpp"
#include "workloads/draws.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace pinlab::workloads {

namespace {

// Streams of a thread's random numbers, apart from each other.
constexpr std::uint64_t kPlanStream = 1;
constexpr std::uint64_t kKeyStream = 2;
constexpr std::uint64_t kBackgroundStream = 3;
constexpr std::uint64_t kLookupStream = 4;

/// How much the program allocates between two looks at what has happened.
constexpr std::uint64_t kStep = 65'536;
constexpr std::uint64_t kArrivalStep = 4'096;
constexpr std::uint64_t kBetweenLookups = 4'096;
/// Collections after which an object is surely out of the nursery.
constexpr unsigned kOldAge = 9;
/// Pareto's alpha of sessions, in thousandths.
constexpr std::uint64_t kSessionAlpha = 1200;
constexpr std::uint32_t kFirstSlots = 64;

/// The sites of a use case, by number; UseCaseNames has their names.
enum Site : std::uint32_t {
  kBufferSite = 1,
  kVectorSite,
  kLimitSite,
  kControlSite,
  kRegisteredSite
};

std::unique_ptr<IoEngine> make_engine(const UseCaseOptions& options) {
  if (options.io == IoKind::threads) {
    return make_io_threads();
  }
  constexpr std::uint64_t most_entries = 32'768;
  return make_io_uring(static_cast<unsigned>(std::min(2 * options.in_flight, most_entries)));
}

}  // namespace

Operations::Operations(WorkloadContext& context,
                       collector::Mutator& mutator,
                       const UseCase& use_case,
                       const UseCaseOptions& options,
                       heap::Random random,
                       const std::atomic<bool>& stop)
    : context_(context),
      mutator_(mutator),
      use_case_(use_case),
      options_(options),
      random_(random.fork(kPlanStream)),
      lookup_random_(random.fork(kLookupStream)),
      keys_(random.fork(kKeyStream).next()),
      stop_(stop),
      pins_(std::make_shared<PinKeeper>(context, mutator, options, use_case.nesting())),
      background_(mutator,
                  options.threads == 1 ? &context.pins : nullptr,
                  random.fork(kBackgroundStream),
                  options.live),
      slots_(mutator, mutator.allocate({.references = kFirstSlots})) {
  context_.pins.keep(pins_);
  pins_->use_while_waiting([this] { return end_something(); });
  context_.leave(background_.directory());
  if (options_.does_io) {
    queue_.emplace(mutator_, make_engine(options_), options_.completions);
    channels_.emplace(options_.channel, options_.directory, use_case_.most_bytes(), *queue_);
  }
  if (options_.registered > 0) {
    registered_ = std::make_shared<RegisteredBuffers>(mutator_, pins_, options_.registered,
                                                      options_.size_most, kRegisteredSite,
                                                      uses_managed_memory());
    queue_->register_buffers(registered_);
  }
}

Operations::~Operations() {
  pins_->use_while_waiting({});
  channels_.reset();
  queue_.reset();
  for (std::uint32_t slot = 0; uses_managed_memory() && slot < operations_.size(); ++slot) {
    const Operation& operation = operations_[slot];
    if (operation.set == 0 || operation.copied || operation.plan.transfers == Transfers::no) {
      continue;
    }
    wipe_controls(slot);
    for (std::size_t i = 0; i < operation.plan.buffers.size(); ++i) {
      std::ranges::fill(buffer_bytes(slot, i), std::byte{0});
    }
  }
}

void Operations::run() {
  next_ = now();
  next_lookup_ = next_ + kBetweenLookups;
  const std::uint64_t wanted = use_case_.operations(options_);
  while (begun_ < wanted) {
    if (has_room() && now() >= next_) {
      begin_next();
    } else {
      pass_time(has_room() ? next_ : kNever);
    }
  }
  while (looked_up_ < use_case_.lookups()) {
    pass_time(kNever);
  }
  if (options_.collect) {
    mutator_.collect_full();
  }
  drain();
}

void Operations::pass_time(std::uint64_t until) {
  const bool arrival = options_.completions == Completions::arrival;
  until = std::min(until, now() + (arrival ? kArrivalStep : kStep));
  if (!events_.empty()) {
    until = std::min(until, events_.top().at);
  }
  const bool looks_up = looked_up_ < use_case_.lookups();
  if (looks_up) {
    until = std::min(until, next_lookup_);
  }
  until = std::max(until, now());
  background_.allocate_until(until - pins_->waited());
  if (stop_.load(std::memory_order_relaxed)) {
    throw AnotherThreadFailed();
  }
  begin_aged();
  hand_over_due();
  if (arrival && channels_) {
    take_arrived();
  }
  if (looks_up && now() >= next_lookup_) {
    look_up();
  }
}

void Operations::begin_next() {
  const std::uint32_t slot = take_slot();
  Operation& operation = operations_[slot];
  operation.index = begun_++;
  operation.plan = use_case_.plan(operation.index, random_);
  EXPECTS(operation.plan.transfers == Transfers::no || channels_);
  ++busy_;
  if (operation.plan.pause) {
    next_ = now() + *operation.plan.pause;
  } else if (options_.interval > 0) {
    next_ = now() + draw_exponential(options_.bytes_in(options_.interval), random_);
  }
  if (registered_) {
    operation.registered = registered_->take();
  }
  // What is read into a copy comes into the heap when it is there.
  const bool reads =
      operation.plan.transfers == Transfers::yes && operation.plan.direction == IoDirection::read;
  if (options_.arm != Arm::copy || !reads) {
    allocate_objects(slot);
  }
  operation.collections = context_.runtime.collections();
  operation.state = Operation::State::ageing;
  if (is_of_age(slot)) {
    begin(slot);
  } else {
    ageing_.push_back(slot);
  }
  if (options_.check_every > 0 && begun_ % options_.check_every == 0) {
    check_all();
  }
}

// The object of an operation refers to all that it needs: first what foreign code is told with,
// then the buffers.
void Operations::allocate_objects(std::uint32_t slot) {
  Operation& operation = operations_[slot];
  const OperationPlan& plan = operation.plan;
  std::vector<std::uint64_t> sizes;
  if (plan.transfers == Transfers::yes) {
    sizes.push_back(plan.buffers.size() * sizeof(iovec));
    if (plan.ending == TransferEnding::limit) {
      sizes.push_back(sizeof(TimeLimit));
    }
  }
  sizes.insert(sizes.end(), plan.controls.begin(), plan.controls.end());
  if (has_own_buffers(operation)) {
    sizes.insert(sizes.end(), plan.buffers.begin(), plan.buffers.end());
  }
  // So that a set of pins that is forgotten can be reached from what it pins.
  const std::uint32_t references =
      options_.forgotten_from == ForgottenFrom::itself && uses_managed_memory() ? 1 : 0;
  mutator_.store(slots_, slot,
                 mutator_.allocate({.references = static_cast<std::uint32_t>(sizes.size())}));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const heap::ObjectRef made = mutator_.allocate({.references = references, .bytes = sizes[i]});
    mutator_.store(slots_.get().load(slot), i, made);
  }
  const bool filled = plan.transfers == Transfers::no || plan.direction == IoDirection::write;
  for (std::size_t i = 0; filled && i < plan.buffers.size(); ++i) {
    fill_pattern(buffer_bytes(slot, i), key_of(operation, i));
  }
}

bool Operations::is_of_age(std::uint32_t slot) const {
  const Operation& operation = operations_[slot];
  const heap::ObjectRef holder = slots_.get().load(slot);
  if (!options_.age_old || !holder) {
    return context_.runtime.collections() - operation.collections >= options_.age;
  }
  for (std::size_t i = 0; i < holder.references(); ++i) {
    if (context_.runtime.heap().is_young(holder.load(i).address())) {
      return false;
    }
  }
  return true;
}

void Operations::begin_aged() {
  if (ageing_.empty() || collections_ == context_.runtime.collections()) {
    return;
  }
  collections_ = context_.runtime.collections();
  std::vector<std::uint32_t> ageing;
  ageing.swap(ageing_);
  for (const std::uint32_t slot : ageing) {
    if (is_of_age(slot)) {
      begin(slot);
    } else {
      ageing_.push_back(slot);
    }
  }
}

void Operations::begin(std::uint32_t slot) {
  Operation& operation = operations_[slot];
  const OperationPlan& plan = operation.plan;
  operation.state = Operation::State::running;
  pin(slot);
  if (!is_in_place(operation)) {
    give_copies(slot);
  }
  if (plan.transfers == Transfers::yes) {
    begin_transfer(slot);
  }
  if (plan.ending == TransferEnding::never) {
    --busy_;
  } else {
    // A frame that began later ends before: at the latest when the one below it does.
    std::uint64_t end = now() + plan.lasts;
    if (use_case_.nesting() == Nesting::stack && !events_.empty()) {
      end = std::min(end, events_.top().at);
    }
    schedule(end, slot, 0);
  }
  if (use_case_.lookups() > 0 && !plan.buffers.empty()) {
    identities_.add(identity_of(slot), slot);
  }
}

// All of its objects, or none.
Granted Operations::ask_for_pins(std::uint32_t slot) {
  const heap::ObjectRef holder = slots_.get().load(slot);
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < holder.references(); ++i) {
    bytes += holder.load(i).bytes();
  }
  return pins_->ask(holder.references(), bytes);
}

// The thread waits for room: time passes, and nothing is allocated, until the next of its
// operations is over. A frame would wait for one below it, which waits for the frame.
bool Operations::end_something() {
  if (use_case_.nesting() == Nesting::stack) {
    return false;
  }
  if (!events_.empty()) {
    pins_->pass_until(events_.top().at);
    hand_over_due(true);
    return true;
  }
  for (std::uint32_t slot = 0; slot < operations_.size(); ++slot) {
    const Operation& operation = operations_[slot];
    if (operation.set != 0 && operation.plan.ending != TransferEnding::never) {
      complete(slot);  // the other side has done its part, and nobody has looked
      return true;
    }
  }
  return false;
}

void Operations::pin(std::uint32_t slot) {
  Operation& operation = operations_[slot];
  OperationPlan& plan = operation.plan;
  operation.addresses.clear();
  operation.copied = false;
  if (slots_.get().load(slot)) {
    const Granted granted = ask_for_pins(slot);
    if (granted == Granted::nothing) {
      skip(slot);
      return;
    }
    operation.copied = granted == Granted::copies;
    const heap::ObjectRef holder = slots_.get().load(slot);
    const bool writes = plan.transfers == Transfers::yes && plan.direction == IoDirection::read;
    std::vector<PinWish> wishes;
    const std::size_t buffers = first_buffer(operation);
    for (std::size_t i = 0; !operation.copied && i < holder.references(); ++i) {
      const bool is_limit = i == 1 && plan.ending == TransferEnding::limit;
      const Site site = i >= buffers                                 ? kBufferSite
                        : plan.transfers == Transfers::yes && i == 0 ? kVectorSite
                        : is_limit                                   ? kLimitSite
                                                                     : kControlSite;
      // The vector changes as a transfer goes on, also while another thread collects.
      const bool changes = site == kVectorSite || (site == kBufferSite && writes);
      wishes.push_back({holder.load(i), site, changes ? Access::writes : Access::reads});
    }
    const bool forgotten = lifetime_of(operation) == LifetimeClass::leak ||
                           (options_.forget > 0 && random_.chance(options_.forget));
    operation.forgotten = forgotten && !operation.copied;
    operation.set = pins_->hold(wishes, operation.forgotten ? holder : heap::ObjectRef());
  }
  for (std::size_t i = 0; is_in_place(operation) && i < plan.buffers.size(); ++i) {
    operation.addresses.push_back(buffer_bytes(slot, i).data());
  }
  // Only the pin, or the handle, holds it now.
  const bool dropped =
      options_.arm == Arm::handle || (options_.drop && !operation.forgotten && !operation.copied);
  if (operation.set != 0 && dropped) {
    mutator_.store(slots_.get(), slot, {});
  }
}

// Without pins it is not carried out: its time passes, and nothing else.
void Operations::skip(std::uint32_t slot) {
  Operation& operation = operations_[slot];
  if (operation.registered) {
    registered_->give_back(*std::exchange(operation.registered, std::nullopt));
  }
  mutator_.store(slots_.get(), slot, {});
  operation.plan.transfers = Transfers::no;
  operation.plan.buffers.clear();
  operation.plan.controls.clear();
}

void Operations::give_copies(std::uint32_t slot) {
  Operation& operation = operations_[slot];
  const OperationPlan& plan = operation.plan;
  std::uint64_t bytes = 0;
  for (const std::uint64_t buffer : plan.buffers) {
    bytes += buffer;
  }
  if (!operation.registered) {
    operation.outside.resize(bytes);
  }
  const bool gives = plan.transfers == Transfers::no || plan.direction == IoDirection::write;
  std::byte* next = operation.registered ? registered_->bytes(*operation.registered).data()
                                         : operation.outside.data();
  for (std::size_t i = 0; i < plan.buffers.size(); ++i) {
    operation.addresses.push_back(next);
    if (gives && options_.arm == Arm::none) {
      fill_pattern({next, plan.buffers[i]}, key_of(operation, i));
    } else if (gives && next != buffer_bytes(slot, i).data()) {
      std::memcpy(next, buffer_bytes(slot, i).data(), plan.buffers[i]);
    }
    next += plan.buffers[i];
  }
  if (options_.arm == Arm::copy) {
    mutator_.store(slots_.get(), slot, {});
  }
}

void Operations::begin_transfer(std::uint32_t slot) {
  Operation& operation = operations_[slot];
  const OperationPlan& plan = operation.plan;
  const bool limited = plan.ending == TransferEnding::limit;
  Transfer transfer{
      .direction = plan.direction,
      .ending = plan.ending,
      .registered = operation.registered ? static_cast<int>(*operation.registered) : -1};
  if (is_in_place(operation)) {
    transfer.vectors =
        new (object(slot, 0).payload().data()) iovec[plan.buffers.size()];  // placed, not allocated
    transfer.limit =
        limited ? new (object(slot, 1).payload().data()) TimeLimit(kSilenceLimit) : nullptr;
  } else {
    operation.vectors.resize(plan.buffers.size());
    operation.limit = kSilenceLimit;
    transfer.vectors = operation.vectors.data();
    transfer.limit = limited ? &operation.limit : nullptr;
  }
  for (std::size_t i = 0; i < plan.buffers.size(); ++i) {
    transfer.vectors[i] = {.iov_base = operation.addresses[i], .iov_len = plan.buffers[i]};
    transfer.buffers.push_back({.bytes = plan.buffers[i], .key = key_of(operation, i)});
  }
  channels_->start(slot, transfer);
  if (plan.at_once && plan.ending == TransferEnding::data) {
    channels_->answer(slot);
  }
}

void Operations::schedule(std::uint64_t at, std::uint32_t slot, PinSetId set) {
  ++order_;
  const std::uint64_t order = use_case_.nesting() == Nesting::stack ? ~order_ : order_;
  events_.push({at, order, slot, operations_[slot].index, set});
}

void Operations::hand_over_due(bool waits) {
  while (!events_.empty() && events_.top().at <= now()) {
    const Event event = events_.top();
    events_.pop();
    const Operation& operation = operations_[event.slot];
    if (event.set != 0) {
      pins_->release(event.set);
    } else if (operation.state == Operation::State::running && operation.index == event.index) {
      if (!waits && options_.completions == Completions::arrival &&
          operation.plan.transfers == Transfers::yes) {
        channels_->answer(event.slot);
      } else {
        complete(event.slot);
      }
    }
  }
}

void Operations::take_arrived() {
  while (const std::optional<std::uint32_t> slot = channels_->arrived()) {
    complete(*slot);
  }
}

void Operations::complete(std::uint32_t slot) {
  Operation& operation = operations_[slot];
  if (operation.plan.transfers == Transfers::yes) {
    channels_->answer(slot);
    channels_->finish(slot);
  }
  if (operation.plan.ending == TransferEnding::data) {
    take_bytes(slot);
  }
  if (operation.plan.transfers == Transfers::yes) {
    wipe_controls(slot);
  }
  if (identities_.has(slot)) {
    identities_.remove(slot);
  }
  if (operation.registered) {
    registered_->give_back(*std::exchange(operation.registered, std::nullopt));
  }
  end_pins(slot);
  mutator_.store(slots_.get(), slot, {});
  operation.state = Operation::State::idle;
  free_.push_back(slot);
  --busy_;
}

// How a transfer went on, and where, is no exact figure.
void Operations::wipe_controls(std::uint32_t slot) {
  if (is_in_place(operations_[slot])) {
    std::ranges::fill(object(slot, 0).payload(), std::byte{0});
  }
}

// What was read is copied into the heap where foreign code had a copy; what was given away is
// looked at through the addresses that foreign code has.
void Operations::take_bytes(std::uint32_t slot) {
  Operation& operation = operations_[slot];
  const OperationPlan& plan = operation.plan;
  const bool reads = plan.transfers == Transfers::yes && plan.direction == IoDirection::read;
  const bool copies =
      reads && (options_.arm == Arm::copy || options_.arm == Arm::handle || operation.copied);
  if (copies && options_.arm == Arm::copy) {
    allocate_objects(slot);
  }
  for (std::size_t i = 0; i < plan.buffers.size(); ++i) {
    const std::span<std::byte> seen(operation.addresses[i], plan.buffers[i]);
    if (copies && seen.data() != buffer_bytes(slot, i).data()) {
      std::memcpy(buffer_bytes(slot, i).data(), seen.data(), seen.size());
    }
    if (reads || plan.transfers == Transfers::no) {
      check(seen, slot, i);
    }
    if (copies || options_.arm == Arm::pin || options_.arm == Arm::handle) {
      check(buffer_bytes(slot, i), slot, i);
    }
  }
}

void Operations::check(std::span<const std::byte> bytes,
                       std::uint32_t slot,
                       std::size_t buffer) const {
  const Operation& operation = operations_[slot];
  if (const auto at = first_difference(bytes, key_of(operation, buffer))) {
    throw WrongBytes(std::string(use_case_.name()) + ": operation " +
                     std::to_string(operation.index) + ", buffer " + std::to_string(buffer) +
                     " of " + std::to_string(bytes.size()) + " bytes: it is not what was written " +
                     "from byte " + std::to_string(*at) + " on");
  }
}

void Operations::end_pins(std::uint32_t slot) {
  Operation& operation = operations_[slot];
  const PinSetId set = std::exchange(operation.set, 0);
  if (set == 0) {
    return;
  }
  const LifetimeClass lifetime = lifetime_of(operation);
  if (operation.forgotten) {
    forget(slot, set);
  } else if (lifetime == LifetimeClass::session) {
    const std::uint64_t least = std::max<std::uint64_t>(options_.bytes_in(options_.session), 1);
    schedule(now() + draw_pareto(kSessionAlpha, least, random_), slot, set);
  } else if (lifetime != LifetimeClass::process) {
    pins_->release(set);
  }
}

// The object of the operation owns its pins: they end when nothing leads to it any more, but for
// what they pin.
void Operations::forget(std::uint32_t slot, PinSetId set) {
  const heap::ObjectRef owner = slots_.get().load(slot);
  if (options_.forgotten_from == ForgottenFrom::global) {
    context_.leave(owner);
  } else if (options_.forgotten_from == ForgottenFrom::itself) {
    mutator_.store(pins_->object(set, 0), 0, owner);
  }
  pins_->forget(set);
}

// The program ends: nobody waits for what is due later, and what would never end is cancelled. Its
// pins last as long as the run.
void Operations::drain() {
  for (unsigned times = 0; times < kOldAge && !ageing_.empty(); ++times) {
    mutator_.collect_young();
    begin_aged();
  }
  if (!ageing_.empty()) {
    throw collector::OptionsError("workload.age is never reached: plan=" +
                                  context_.runtime.options().plan + " makes no objects older");
  }
  std::vector<Event> rest;
  for (; !events_.empty(); events_.pop()) {
    rest.push_back(events_.top());
  }
  for (const Event& event : rest) {
    const Operation& operation = operations_[event.slot];
    if (event.set == 0 && operation.state == Operation::State::running &&
        operation.index == event.index) {
      complete(event.slot);
    }
  }
  for (std::uint32_t slot = 0; slot < operations_.size(); ++slot) {
    if (operations_[slot].state == Operation::State::running &&
        operations_[slot].plan.transfers == Transfers::yes) {
      channels_->answer(slot);
      channels_->finish(slot);
    }
  }
  if (options_.forgets() && options_.collect) {
    mutator_.collect_full();
  }
}

// Foreign code finds a random one of its objects by the address under which it knows it.
void Operations::look_up() {
  ++looked_up_;
  next_lookup_ = now() + kBetweenLookups;
  const bool may_move = options_.arm == Arm::none || options_.arm == Arm::handle;
  if (may_move && std::exchange(identified_, context_.runtime.collections()) !=
                      context_.runtime.collections()) {
    identities_.make_anew([this](std::uint32_t slot) { return identity_of(slot); });
  }
  if (identities_.members().empty()) {
    return;
  }
  const std::uint32_t slot =
      identities_.members()[lookup_random_.below(identities_.members().size())];
  if (identities_.find(identity_of(slot)) != slot) {
    throw WrongBytes(std::string(use_case_.name()) + ": the address of operation " +
                     std::to_string(operations_[slot].index) + "'s object is no longer its own");
  }
}

const std::byte* Operations::identity_of(std::uint32_t slot) const {
  const bool is_copy = options_.arm == Arm::copy || operations_[slot].copied;
  return is_copy ? operations_[slot].addresses[0] : buffer_bytes(slot, 0).data();
}

// All that foreign code has and nobody is to write meanwhile, through the addresses that it has.
void Operations::check_all() const {
  for (std::uint32_t slot = 0; slot < operations_.size(); ++slot) {
    const Operation& operation = operations_[slot];
    const OperationPlan& plan = operation.plan;
    if (operation.state != Operation::State::running ||
        (plan.transfers == Transfers::yes && plan.direction == IoDirection::read)) {
      continue;
    }
    for (std::size_t i = 0; i < plan.buffers.size(); ++i) {
      check({operation.addresses[i], plan.buffers[i]}, slot, i);
    }
  }
}

std::size_t Operations::first_buffer(const Operation& operation) const {
  const OperationPlan& plan = operation.plan;
  return plan.controls.size() + (plan.transfers == Transfers::yes ? 1 : 0) +
         (plan.ending == TransferEnding::limit ? 1 : 0);
}

std::uint64_t Operations::key_of(const Operation& operation, std::size_t buffer) const {
  return heap::Random(keys_ + operation.index).fork(buffer).next();
}

heap::ObjectRef Operations::object(std::uint32_t slot, std::size_t index) const {
  const PinSetId set = operations_[slot].set;
  const bool is_held = set != 0 && !operations_[slot].copied;
  return is_held ? pins_->object(set, index) : slots_.get().load(slot).load(index);
}

std::span<std::byte> Operations::buffer_bytes(std::uint32_t slot, std::size_t buffer) const {
  const Operation& operation = operations_[slot];
  if (!has_own_buffers(operation)) {
    return registered_->bytes(*operation.registered).first(operation.plan.buffers[buffer]);
  }
  return object(slot, first_buffer(operation) + buffer)
      .payload()
      .first(operation.plan.buffers[buffer]);
}

LifetimeClass Operations::lifetime_of(const Operation& operation) const {
  return operation.plan.lifetime.value_or(options_.lifetime);
}

std::uint32_t Operations::take_slot() {
  if (!free_.empty()) {
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  const auto slot = static_cast<std::uint32_t>(operations_.size());
  if (slot == slots_.get().references()) {
    const heap::ObjectRef larger = mutator_.allocate({.references = 2 * slot});
    for (std::uint32_t i = 0; i < slot; ++i) {
      mutator_.store(larger, i, slots_.get().load(i));
    }
    slots_.set(larger);
  }
  operations_.emplace_back();
  return slot;
}

}  // namespace pinlab::workloads
