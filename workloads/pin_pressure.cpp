#include "workloads/pin_pressure.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace pinlab::workloads {

namespace {

using Kind = PinLifetime::Kind;
using collector::PinPlacement;
using pinning::LimitAnswer;

/// A smaller object is no buffer of an I/O call.
constexpr std::uint64_t kLeastIoBytes = 512;

/// Streams of the seed, apart from each other and from the workload's own.
constexpr std::uint64_t kChoices = 101;
constexpr std::uint64_t kLengths = 102;
constexpr std::uint64_t kLeaks = 103;
constexpr std::uint64_t kParents = 105;

std::unique_ptr<pinning::PinShape> made_shape(std::string_view name) {
  return heap::find_named(pinning::pin_shapes(), name)->make();
}

PinPressureOptions checked(const PinPressureOptions& options) {
  check_pin_options(options);
  return options;
}

}  // namespace

PinPressure::PinPressure(collector::Runtime& runtime, const PinPressureOptions& options)
    : runtime_(runtime),
      options_(checked(options)),
      enabled_(options.any() || options.parents != 0),
      any_target_(options.target == "uniform"),
      places_births_(enabled_ && (options.placement == PinPlacement::pinned_space ||
                                  options.placement == PinPlacement::pretenure)),
      shape_(made_shape(options.shape)),
      room_(options),
      sites_(runtime.pins().sites(), options.site_pattern),
      choices_(heap::Random(options.seed).fork(kChoices)),
      lengths_(heap::Random(options.seed).fork(kLengths)),
      leaks_(heap::Random(options.seed).fork(kLeaks)),
      foreign_(runtime.pins()),
      parent_choices_(heap::Random(options.seed).fork(kParents)),
      collections_(runtime.collections()) {
  if (options.leak != PinLeakKind::none && runtime.pins().liveness() != pinning::Liveness::strong) {
    throw collector::OptionsError(
        "pin.leak needs pin.liveness=strong: other pins end with their objects");
  }
  shape_->open(runtime.pins());
  if (room_.is_limited() && options.limit_answer == LimitAnswer::copy) {
    copies_ = made_shape("off_heap");
    copies_->open(runtime.pins());
  }
  if (options.share != 0) {
    // A batch follows so many misses that the share holds on the whole.
    misses_.emplace(options.share, options.batch * (heap::kBillion - options.share));
    skip_ = misses_->draw(choices_);
  }
  if (options.parents != 0) {
    parents_.emplace(options.parents, heap::kBillion - options.parents);
    next_parent_ = parents_->draw(parent_choices_);
  }
  if (options.rate != 0) {
    schedule_arrival();
  }
  schedule_event();
}

PinPressure::~PinPressure() {
  kept_.clear();
  options_.leak = PinLeakKind::none;
  for (pinning::Pinner& pinner : own_pinners_) {
    pinner.unpin();
  }
  for (const std::uint32_t global : global_leaks_) {
    runtime_.globals().end(global);
  }
  close_scope(0);
  for (Batch& batch : batches_) {
    if (batch.ticket) {
      shape_->unpin(batch.ticket);
    }
  }
  for (std::uint32_t pin = 0; pin < pins_.size(); ++pin) {
    if (pins_[pin].leaked) {
      continue;
    }
    if (pins_[pin].state == Pin::State::held) {
      end(pin);
    } else if (pins_[pin].state == Pin::State::waiting) {
      runtime_.weaks().end(pins_[pin].root);
    } else if (pins_[pin].state == Pin::State::placing) {
      runtime_.migrants().end(pins_[pin].root);
    }
  }
}

// An object for which something may happen; its bytes are on the clock.
PinToken PinPressure::track(heap::ObjectRef object, std::uint32_t site) {
  if (clock_ >= next_event_) {
    pass_time();
  }
  if (runtime_.collections() != collections_) {
    pass_collection();
  }
  if (!any_target_ && !is_target(object.bytes(), site)) {
    return 0;
  }
  return is_wanted() ? choose(object, site) : 0;
}

/// Whether or not it has slots: which objects are drawn does not depend on their shapes.
void PinPressure::choose_parent(heap::ObjectRef object) {
  if (next_parent_ > 0) {
    --next_parent_;
    return;
  }
  next_parent_ = parents_->draw(parent_choices_);
  if (object.references() > 0) {
    static_cast<void>(runtime_.pins().parents().mark(object));
  }
}

// The steps of track() before the choice, as if the object were there.
bool PinPressure::is_born_apart(std::uint64_t bytes, std::uint32_t site) {
  if (options_.placement == PinPlacement::pretenure) {
    return sites_.has_pinned(site) &&
           pretenuring_.is_pretenured(sites_.id_at(sites_.index_of(site)));
  }
  clock_ += bytes;
  if (clock_ >= next_event_) {
    pass_time();
  }
  if (runtime_.collections() != collections_) {
    pass_collection();
  }
  const bool chosen = (any_target_ || is_target(bytes, site)) && is_wanted();
  verdict_ = chosen ? Verdict::chosen : Verdict::left;
  return chosen;
}

PinToken PinPressure::take_verdict(heap::ObjectRef object, std::uint32_t site) {
  const bool chosen = std::exchange(verdict_, Verdict::none) == Verdict::chosen;
  if (runtime_.collections() != collections_) {
    pass_collection();
  }
  if (parents_) {
    choose_parent(object);
  }
  return chosen ? choose(object, site) : 0;
}

bool PinPressure::is_target(std::uint64_t bytes, std::uint32_t site) {
  if (options_.target == "size") {
    return options_.size_least <= bytes && bytes <= options_.size_most;
  }
  if (options_.target == "io") {
    return bytes >= kLeastIoBytes && sites_.does_io(site);
  }
  return sites_.is_target(site);
}

// Whole batches are chosen, of objects that follow each other.
bool PinPressure::is_wanted() {
  if (wanted_ == 0) {
    if (skip_ > 0) {
      --skip_;
      return false;
    }
    if (!misses_ && held_ + copies_held_ + waiting_ + options_.batch > options_.count) {
      return false;
    }
    wanted_ = options_.batch;
  }
  --wanted_;
  if (misses_ && wanted_ == 0) {
    skip_ = misses_->draw(choices_);
  }
  return true;
}

bool PinPressure::is_of_age(heap::ObjectRef object, std::uint64_t born) const {
  return options_.age_old ? !runtime_.heap().is_young(object.address())
                          : runtime_.collections() - born >= options_.age;
}

PinToken PinPressure::choose(heap::ObjectRef object, std::uint32_t site) {
  const std::uint32_t index = take_pin();
  Pin& pin = pins_[index];
  pin.site = site;
  if (is_of_age(object, runtime_.collections())) {
    pin.named = options_.lifetime.kind == Kind::object;
    hold(index, object);
    return pin.named ? index + 1 : 0;
  }
  pin.state = Pin::State::waiting;
  pin.named = true;  // so that the drop is told: nobody pins what he has dropped
  pin.root = runtime_.weaks().add(object);
  pin.since = runtime_.collections();
  waiters_.push_back(index);
  ++waiting_;
  return index + 1;
}

void PinPressure::hold(std::uint32_t index, heap::ObjectRef object) {
  Pin& pin = pins_[index];
  const bool batched = options_.batch > 1 && options_.lifetime.kind != Kind::scope;
  if (!find_room(pin, object.bytes())) {
    pin.state = Pin::State::done;
    forget(index);
    if (batched) {
      join_batch(kNone);
    }
    return;
  }
  pin.bytes = object.bytes();
  if (batched) {
    join_batch(index);
  }
  if (options_.lifetime.kind == Kind::scope) {
    scope_pins_.push_back(index);
  }
  if (options_.placement == PinPlacement::migrate && !pin.copied &&
      !runtime_.heap().is_apart(object.address())) {
    place(index, object);
  } else {
    start(index, object);
  }
}

void PinPressure::start(std::uint32_t index, heap::ObjectRef object) {
  Pin& pin = pins_[index];
  pin.state = Pin::State::held;
  pin.since = clock_;
  if (!pin.copied) {
    ++(runtime_.heap().is_apart(object.address()) ? placement_.apart : placement_.beside);
  }
  pin_object(index, object);
  if (options_.lifetime.kind > Kind::scope) {
    expiries_.push({clock_ + draw_lifetime(), made_, index});
    schedule_event();
  }
}

// The pin is made once a collection has moved its object to the pinned space, or a full one could
// not: foreign code gets the address only then, as what it has may never move. Until then the
// request keeps the object.
void PinPressure::place(std::uint32_t index, heap::ObjectRef object) {
  Pin& pin = pins_[index];
  pin.state = Pin::State::placing;
  pin.since = clock_;
  pin.root = runtime_.migrants().add(object);
  pin.fulls = runtime_.full_collections();
  pin.named = true;  // so that the drop is told
  placing_.push_back(index);
  ++waiting_;
  ++placement_.waits;
}

void PinPressure::pin_placed() {
  std::vector<std::uint32_t> placing;
  placing.swap(placing_);
  for (const std::uint32_t index : placing) {
    Pin& pin = pins_[index];
    if (pin.state == Pin::State::cancelled) {
      pin.state = Pin::State::done;
      forget(index);
      continue;
    }
    const heap::ObjectRef object = runtime_.migrants().get(pin.root);
    if (!runtime_.heap().is_apart(object.address()) && runtime_.full_collections() == pin.fulls) {
      placing_.push_back(index);
      continue;
    }
    runtime_.migrants().end(pin.root);
    --waiting_;
    placement_.waited += clock_ - pin.since;
    start(index, object);
  }
}

// Its place is used again after the next collection.
void PinPressure::cancel_placing(std::uint32_t index) {
  Pin& pin = pins_[index];
  runtime_.migrants().end(pin.root);
  room_.give_back_alone();
  owe_another();
  ++placement_.dropped;
  pin.state = Pin::State::cancelled;
  std::ranges::replace(scope_pins_, index, kNone);  // in its place: scopes above know theirs
  if (pin.batch != kNone) {
    std::erase(batches_[pin.batch].pins, index);
    finish_in_batch(pin.batch);
  }
}

void PinPressure::pin_object(std::uint32_t index, heap::ObjectRef object) {
  Pin& pin = pins_[index];
  const std::size_t figures = sites_.index_of(pin.site);
  const bool sampled = options_.site_sampling != 0 && made_ % options_.site_sampling == 0;
  const pinning::SiteId site = sampled ? sites_.id_at(figures) : 0;
  if (pin.copied) {
    pin.ticket = copies_->pin(object, site);
    ++copies_made_;
    ++copies_held_;
    return;
  }
  if (pin.batch != kNone && shape_->facts().is_set) {
    pinning::PinTicket& ticket = batches_[pin.batch].ticket;
    if (!ticket) {
      ticket = shape_->pin(object, site);
    } else {
      shape_->add(ticket, object, site);
    }
  } else {
    pin.ticket = shape_->pin(object, site);
  }
  sites_.count_made(figures, pin.bytes);
  ++made_;
  ++held_;
  held_bytes_ += pin.bytes;
  note_peak();
  give_address(pin, object, site);
}

// Foreign code gets the address as soon as it is pinned, needs it until the pin has no reason to
// last, and reads at its last access. A shape that gives out no address that has to hold is asked
// by number or copies: there is nothing to expose.
void PinPressure::give_address(Pin& pin, heap::ObjectRef object, pinning::SiteId site) {
  const pinning::ShapeFacts& facts = shape_->facts();
  if (!facts.holds_still && !facts.hides_address) {
    return;
  }
  const bool strong = facts.keeps_alive && runtime_.pins().liveness() == pinning::Liveness::strong;
  const pinning::Cover cover = !facts.holds_still ? pinning::Cover::none
                               : strong           ? pinning::Cover::pin
                                                  : pinning::Cover::weak_pin;
  pin.address = foreign_.store(object, site, cover, clock_);
  pin.needed = true;
  const bool is_argument = options_.lifetime.kind == Kind::scope;
  if (options_.store_check == pinning::StoreCheck::all ||
      (options_.store_check == pinning::StoreCheck::arguments && is_argument)) {
    ++checked_stores_;
    // What is held still without a pin, by holding collections off, is to the check as what a call
    // holds: its referents need pins, it does not.
    const bool held = options_.store_check == pinning::StoreCheck::all &&
                      !(facts.holds_still && !runtime_.pins().is_pinned(object));
    pinning::check_store(runtime_.pins(), object,
                         held ? pinning::Passing::kept : pinning::Passing::argument, site);
  }
}

void PinPressure::last_access(Pin& pin) {
  if (!pin.needed) {
    return;
  }
  pin.needed = false;
  if (options_.early != 0) {
    accesses_.push({clock_ + options_.early, made_, pin.address});
    schedule_event();
  } else {
    foreign_.release(pin.address, clock_ - std::min(options_.late, clock_ - pin.since));
  }
}

bool PinPressure::is_leaking() {
  return options_.leak != PinLeakKind::none && leaks_.below(heap::kBillion) < options_.leak_share;
}

// The pin stays, and nobody will end it: it counts as held from here on.
void PinPressure::leak(Pin& pin) {
  pin.leaked = true;
  const heap::ObjectRef object(shape_->address_of(pin.ticket));
  switch (options_.leak) {
    case PinLeakKind::unreachable:
      shape_->forget(pin.ticket);
      return;
    case PinLeakKind::global:
      global_leaks_.push_back(runtime_.globals().add(object));
      return;
    default:
      own_pinners_.emplace_back(runtime_.pins(), object)
          .pin(object, sites_.id_at(sites_.index_of(pin.site)));
      shape_->unpin(pin.ticket);
  }
}

void PinPressure::note_peak() {
  peak_ = std::max(peak_, held());
  peak_bytes_ = std::max(peak_bytes_, held_bytes());
}

pinning::SiteId PinPressure::count_made(std::uint32_t site, std::uint64_t bytes) {
  const std::lock_guard lock(counts_mutex_);
  const std::size_t figures = sites_.index_of(site);
  sites_.count_made(figures, bytes);
  ++program_held_;
  program_held_bytes_ += bytes;
  note_peak();
  return sites_.id_at(figures);
}

void PinPressure::count_ended(std::uint32_t site, std::uint64_t bytes, std::uint64_t lasted) {
  const std::lock_guard lock(counts_mutex_);
  sites_.count_ended(sites_.index_of(site), lasted);
  --program_held_;
  program_held_bytes_ -= bytes;
  room_.give_back();
}

void PinPressure::keep(std::shared_ptr<void> thing) {
  const std::lock_guard lock(counts_mutex_);
  kept_.push_back(std::move(thing));
}

// Whether the object is pinned, or copied instead.
bool PinPressure::find_room(Pin& pin, std::uint64_t bytes) {
  const Granted granted = room_.ask(1, bytes);
  if (granted == Granted::later) {
    wait_for_room();
  }
  pin.copied = granted == Granted::copies;
  return granted != Granted::nothing;
}

// Operations complete while the thread waits: time passes and nothing is allocated. Pins whose end
// is an act of this thread never end meanwhile.
void PinPressure::wait_for_room() {
  const std::uint64_t before = clock_;
  room_.count_wait(1, 0);
  while (!room_.take()) {
    if (expiries_.empty()) {
      room_.refuse_to_wait();
    }
    clock_ = std::max(clock_, expiries_.top().at);
    const std::uint32_t pin = expiries_.top().pin;
    expiries_.pop();
    finish(pin);
  }
  room_.count_wait(0, clock_ - before);
  schedule_event();
}

// kNone: a member that the limit refused, which nobody waits for.
void PinPressure::join_batch(std::uint32_t pin) {
  if (open_batch_ == kNone) {
    if (free_batches_.empty()) {
      free_batches_.push_back(static_cast<std::uint32_t>(batches_.size()));
      batches_.emplace_back();
    }
    open_batch_ = free_batches_.back();
    free_batches_.pop_back();
  }
  const std::uint32_t index = open_batch_;
  if (++batches_[index].chosen == options_.batch) {
    open_batch_ = kNone;
  }
  if (pin == kNone) {
    finish_in_batch(index);
  } else {
    pins_[pin].batch = index;
    batches_[index].pins.push_back(pin);
  }
}

// The pin has no reason of its own to last; a batch waits for its last member, those to come
// included.
void PinPressure::finish(std::uint32_t pin) {
  last_access(pins_[pin]);
  if (pins_[pin].batch == kNone) {
    end(pin);
  } else {
    finish_in_batch(pins_[pin].batch);
  }
}

void PinPressure::finish_in_batch(std::uint32_t index) {
  Batch& batch = batches_[index];
  if (++batch.done < options_.batch) {
    return;
  }
  if (batch.ticket) {
    shape_->unpin(batch.ticket);
  }
  for (const std::uint32_t member : batch.pins) {
    end(member);
  }
  batch.pins.clear();
  batch = {.pins = std::move(batch.pins)};
  free_batches_.push_back(index);
}

void PinPressure::end(std::uint32_t index) {
  Pin& pin = pins_[index];
  last_access(pin);
  if (!pin.copied && is_leaking()) {
    leak(pin);
    return;
  }
  if (pin.address != kNone && shape_->facts().holds_still) {
    foreign_.uncover(pin.address, clock_);
  }
  if (pin.copied) {
    copies_->unpin(pin.ticket);
    --copies_held_;
  } else {
    if (pin.ticket) {
      shape_->unpin(pin.ticket);
    }
    room_.give_back_alone();
    sites_.count_ended(sites_.index_of(pin.site), clock_ - pin.since);
    --held_;
    held_bytes_ -= pin.bytes;
  }
  pin.state = Pin::State::done;
  forget(index);
}

void PinPressure::forget(std::uint32_t pin) {
  if (!pins_[pin].named) {
    pins_[pin] = {};
    free_pins_.push_back(pin);
  }
}

void PinPressure::drop(std::uint32_t index) {
  EXPECTS(index < pins_.size() && pins_[index].named);
  Pin& pin = pins_[index];
  pin.named = false;
  switch (pin.state) {
    case Pin::State::waiting:  // its place is used again after the next collection
      give_up(index);
      pin.state = Pin::State::cancelled;
      return;
    case Pin::State::placing:
      cancel_placing(index);
      return;
    case Pin::State::cancelled:
      return;
    case Pin::State::held:
      if (options_.lifetime.kind == Kind::object) {
        finish(index);
      }
      return;
    default:
      forget(index);
  }
}

void PinPressure::pass_time() {
  while (!expiries_.empty() && expiries_.top().at <= clock_) {
    const std::uint32_t pin = expiries_.top().pin;
    expiries_.pop();
    finish(pin);
  }
  while (!accesses_.empty() && accesses_.top().at <= clock_) {
    foreign_.release(accesses_.top().pin, accesses_.top().at);
    accesses_.pop();
  }
  while (options_.rate != 0 && next_arrival_ >> 10U <= clock_) {
    wanted_ += options_.batch;
    schedule_arrival();
  }
  schedule_event();
}

void PinPressure::pass_collection() {
  collections_ = runtime_.collections();
  foreign_.after_collection(clock_);
  if (options_.placement == PinPlacement::pretenure) {
    look_at_sites();
  }
  pin_placed();
  std::vector<std::uint32_t> waiters;
  waiters.swap(waiters_);
  for (const std::uint32_t index : waiters) {
    Pin& pin = pins_[index];
    if (pin.state == Pin::State::cancelled) {
      forget(index);
      continue;
    }
    const heap::ObjectRef object = runtime_.weaks().get(pin.root);
    if (!object) {
      give_up(index);
      pin.state = Pin::State::done;
      forget(index);
    } else if (is_of_age(object, pin.since)) {
      runtime_.weaks().end(pin.root);
      pin.state = Pin::State::done;
      --waiting_;
      hold(index, object);
    } else {
      waiters_.push_back(index);
    }
  }
}

// What was chosen did not live to be pinned. A rate is owed another object; a number finds one by
// itself, and a share owes nothing.
void PinPressure::give_up(std::uint32_t pin) {
  runtime_.weaks().end(pins_[pin].root);
  owe_another();
}

void PinPressure::owe_another() {
  --waiting_;
  wanted_ += options_.rate != 0 ? 1 : 0;
}

// What is pinned now was pinned at the collection: pins are made and ended between them.
void PinPressure::look_at_sites() {
  for (const SiteFigures& site : sites_.figures()) {
    if (site.made > site.ended) {
      pretenuring_.saw(site.site, collections_);
    }
  }
}

void PinPressure::schedule_arrival() {
  const std::uint64_t mean =
      (std::uint64_t{1} << 40U) / options_.rate * options_.batch;  // 1024ths of a byte
  next_arrival_ += draw_exponential(std::max<std::uint64_t>(mean, 1), choices_);
}

void PinPressure::schedule_event() {
  next_event_ = ~std::uint64_t{0};
  if (!expiries_.empty()) {
    next_event_ = expiries_.top().at;
  }
  if (!accesses_.empty()) {
    next_event_ = std::min(next_event_, accesses_.top().at);
  }
  if (options_.rate != 0) {
    next_event_ = std::min(next_event_, next_arrival_ >> 10U);
  }
}

// A number of pins that is reached at once would also end at once, again and again, if their length
// has an end: the first ones are caught at a random point of it.
std::uint64_t PinPressure::draw_lifetime() {
  const std::uint64_t length = draw_length(options_.lifetime, lengths_);
  const bool bounded =
      options_.lifetime.kind == Kind::fixed || options_.lifetime.kind == Kind::uniform;
  const bool is_early = made_ + copies_made_ <= options_.count;
  return is_early && bounded ? lengths_.below(length + 1) : length;
}

std::uint32_t PinPressure::take_pin() {
  if (free_pins_.empty()) {
    pins_.emplace_back();
    return static_cast<std::uint32_t>(pins_.size() - 1);
  }
  const std::uint32_t pin = free_pins_.back();
  free_pins_.pop_back();
  return pin;
}

void PinPressure::close_scope(std::size_t depth) {
  while (scope_pins_.size() > depth) {
    const std::uint32_t pin = scope_pins_.back();
    scope_pins_.pop_back();
    if (pin == kNone) {
      continue;
    }
    if (pins_[pin].state == Pin::State::placing) {
      cancel_placing(pin);
    } else {
      end(pin);
    }
  }
}

}  // namespace pinlab::workloads
