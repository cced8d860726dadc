// Random programs under pin.limit, step by step beside a model that counts room over its pins
// instead of keeping a sum: over answers, placements, lifetimes, batches, ages and leaks.
#include "heap/support/random.hpp"
#include "workloads/pin_pressure.hpp"
#include "workloads/tests/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace pinlab::workloads::tests {
namespace {

using Kind = PinLifetime::Kind;
using collector::PinPlacement;
using pinning::LimitAnswer;

constexpr std::uint64_t kLength = 3000;
/// What is larger is never pinned: time passes with it.
constexpr std::uint64_t kMostPinned = std::uint64_t{200} << 10U;
constexpr std::uint64_t kTooLarge = std::uint64_t{300} << 10U;

struct LimitIsReached {};

/// What the limit is to do, in the plainest way.
class Model {
 public:
  enum class State : std::uint8_t { left, waiting, placing, held, copied, leaked, over };
  struct Pin {
    State state = State::left;
    std::uint32_t global = 0;  ///< its object
    std::uint64_t bytes = 0;
    std::uint64_t since = 0;  ///< on the clock, or collections
    std::uint64_t fulls = 0;
    std::optional<std::uint64_t> expiry = {};
    std::optional<std::size_t> batch = {};
    bool in_scope = false;
  };
  struct Batch {
    std::vector<std::size_t> members;
    std::uint64_t chosen = 0;
    std::uint64_t done = 0;
  };

  Model(World& world, const PinPressureOptions& options) : world_(world), options_(options) {}

  void pass(std::uint64_t bytes) {
    clock += bytes;
    while (const std::optional<std::size_t> next = next_expiry()) {
      if (*pins[*next].expiry > clock) {
        break;
      }
      expire(*next);
    }
  }
  void see_collections(std::uint64_t collections) {
    if (collections == collections_) {
      return;
    }
    collections_ = collections;
    for (std::size_t i = 0; i < pins.size(); ++i) {
      look_at_placed(i);
    }
    const std::size_t chosen = pins.size();
    for (std::size_t i = 0; i < chosen; ++i) {
      if (pins[i].state == State::waiting && collections_ - pins[i].since >= options_.age) {
        hold(i);
      }
    }
  }
  /// Before the object is there, if it is.
  [[nodiscard]] bool wants() {
    if (batch_left_ == 0) {
      const std::uint64_t there =
          count(State::waiting) + count(State::copied) + taken();
      if (options_.count != 0 && there + options_.batch > options_.count) {
        return false;
      }
      batch_left_ = options_.batch;
    }
    --batch_left_;
    return true;
  }
  void choose(std::size_t pin) {
    pins[pin].since = collections_;
    pins[pin].state = State::waiting;
    if (options_.age == 0) {
      hold(pin);
    }
  }
  void drop(std::size_t index) {
    Pin& pin = pins[index];
    if (pin.state == State::waiting) {
      pin.state = State::over;
    } else if (pin.state == State::placing) {
      cancel(index);
    } else if (options_.lifetime.kind == Kind::object &&
               (pin.state == State::held || pin.state == State::copied)) {
      finish(index);
    }
  }
  void open_scope() { scopes_.emplace_back(); }
  void close_scope() {
    for (const std::size_t index : scopes_.back()) {
      if (pins[index].state == State::placing) {
        cancel(index);
      } else {
        end(index);
      }
    }
    scopes_.pop_back();
  }

  [[nodiscard]] std::uint64_t count(State state) const {
    return static_cast<std::uint64_t>(std::ranges::count(pins, state, &Pin::state));
  }
  [[nodiscard]] std::uint64_t held() const { return count(State::held) + count(State::leaked); }
  [[nodiscard]] std::uint64_t taken() const { return held() + count(State::placing); }
  [[nodiscard]] std::uint64_t most() const {
    return options_.limit + options_.limit_per_call * scopes_.size();
  }
  [[nodiscard]] bool has_open_batch() const { return open_.has_value(); }

  std::vector<Pin> pins;
  std::uint64_t clock = 0;
  std::uint64_t made = 0;
  LimitFigures limit;
  PlacementFigures placement;

 private:
  [[nodiscard]] heap::ObjectRef object(const Pin& pin) const {
    return world_.runtime.globals().get(pin.global);
  }
  [[nodiscard]] bool is_apart(const Pin& pin) const {
    return world_.runtime.heap().is_apart(object(pin).address());
  }
  [[nodiscard]] std::optional<std::size_t> next_expiry() const {
    std::optional<std::size_t> next;
    for (std::size_t i = 0; i < pins.size(); ++i) {
      if (pins[i].expiry && (!next || *pins[i].expiry < *pins[*next].expiry)) {
        next = i;
      }
    }
    return next;
  }
  void expire(std::size_t index) {
    pins[index].expiry.reset();
    finish(index);
  }
  void look_at_placed(std::size_t index) {
    Pin& pin = pins[index];
    if (pin.state == State::placing &&
        (is_apart(pin) || world_.runtime.full_collections() != pin.fulls)) {
      placement.waited += clock - pin.since;
      start(index, State::held);
    }
  }

  void hold(std::size_t index) {
    Pin& pin = pins[index];
    State state = State::held;
    if (taken() + 1 > most()) {
      state = refuse(pin);
    }
    if (options_.batch > 1 && options_.lifetime.kind != Kind::scope) {
      join(index, state == State::left);
    }
    if (state == State::left) {
      pin.state = state;
      return;
    }
    if (options_.lifetime.kind == Kind::scope && !scopes_.empty()) {
      scopes_.back().push_back(index);
    }
    if (options_.placement == PinPlacement::migrate && state == State::held && !is_apart(pin)) {
      pin.state = State::placing;
      pin.since = clock;
      pin.fulls = world_.runtime.full_collections();
      ++placement.waits;
    } else {
      start(index, state);
    }
  }
  /// What becomes of the pin that has no room; `held` where it waited for it.
  [[nodiscard]] State refuse(const Pin& pin) {
    switch (options_.limit_answer) {
      case LimitAnswer::fail:
        ++limit.refused;
        return State::left;
      case LimitAnswer::copy:
        ++limit.copied;
        limit.copied_bytes += pin.bytes;
        return State::copied;
      case LimitAnswer::block:
        wait();
        return State::held;
      default:
        throw LimitIsReached();
    }
  }
  void wait() {
    const std::uint64_t before = clock;
    ++limit.waits;
    while (taken() + 1 > most()) {
      const std::optional<std::size_t> next = next_expiry();
      if (!next) {
        throw LimitIsReached();
      }
      clock = std::max(clock, *pins[*next].expiry);
      expire(*next);
    }
    limit.waited += clock - before;
  }
  void start(std::size_t index, State state) {
    Pin& pin = pins[index];
    pin.state = state;
    if (state == State::held) {
      ++made;
      ++(is_apart(pin) ? placement.apart : placement.beside);
    }
    if (options_.lifetime.kind == Kind::fixed) {
      pin.expiry = clock + kLength;
    }
  }
  void join(std::size_t index, bool refused) {
    if (!open_) {
      open_ = batches_.size();
      batches_.emplace_back();
    }
    const std::size_t batch = *open_;
    if (++batches_[batch].chosen == options_.batch) {
      open_.reset();
    }
    if (refused) {
      finish_in(batch);
    } else {
      pins[index].batch = batch;
      batches_[batch].members.push_back(index);
    }
  }
  void finish(std::size_t index) {
    if (pins[index].batch) {
      finish_in(*pins[index].batch);
    } else {
      end(index);
    }
  }
  void finish_in(std::size_t batch) {
    if (++batches_[batch].done == options_.batch) {
      for (const std::size_t member : batches_[batch].members) {
        end(member);
      }
    }
  }
  void end(std::size_t index) {
    Pin& pin = pins[index];
    if (pin.state == State::held && options_.leak != PinLeakKind::none) {
      pin.state = State::leaked;
    } else if (pin.state == State::held || pin.state == State::copied) {
      pin.state = State::over;
    }
  }
  void cancel(std::size_t index) {
    ++placement.dropped;
    pins[index].state = State::over;
    if (pins[index].batch) {
      finish_in(*pins[index].batch);
    }
  }

  World& world_;
  PinPressureOptions options_;
  std::vector<Batch> batches_;
  std::optional<std::size_t> open_;
  std::vector<std::vector<std::size_t>> scopes_;
  std::uint64_t collections_ = 0;
  std::uint64_t batch_left_ = 0;
};

/// What happened in all programs: a case that never comes is not tested.
struct Seen {
  std::uint64_t refused = 0;
  std::uint64_t copied = 0;
  std::uint64_t waits = 0;
  std::uint64_t crashed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t placed = 0;
  std::uint64_t copied_where_pins_migrate = 0;
  std::uint64_t copied_where_pins_leak = 0;
  std::uint64_t waited_where_pins_migrate = 0;
  std::uint64_t leaked = 0;
  std::uint64_t ended_whole = 0;
};

class Program {
 public:
  Program(const PinPressureOptions& options, std::uint64_t seed)
      : options_(options), random_(seed), world_(heap(options.placement)), model_(world_, options) {
    world_.runtime.pins().set_leak_handler([this](const pinning::PinLeak&) { ++leaks_; });
    pins_.emplace(world_.runtime, options);
  }

  void run(Seen& seen) {
    bool whole = true;
    for (int step = 0; step < 150 && whole; ++step) {
      whole = take_step();
      check();
    }
    if (whole) {
      wind_up(seen);
    } else {
      ++seen.crashed;
    }
    note(seen);
    scopes_.clear();
    pins_.reset();
    for (const Object& object : objects_) {
      world_.runtime.globals().end(object.global);
    }
    world_.mutator->collect_full();
    world_.mutator->collect_full();
    REQUIRE(world_.runtime.pins().held() == 0);
    world_.runtime.verify(*world_.mutator, collector::VerifyLevel::full);
  }

 private:
  struct Object {
    std::uint32_t global;
    PinToken token;
    std::size_t pin;
  };

  static collector::Options heap(PinPlacement placement) {
    collector::Options options = small_options();
    options.heap_max = std::uint64_t{16} << 20U;
    options.nursery_size = std::uint64_t{128} << 10U;
    options.nursery_survivals = 2;
    options.pin_placement = placement;
    options.verify = collector::VerifyLevel::full;
    return options;
  }

  /// False where the limit ended the program.
  bool take_step() {
    const std::uint64_t choice = random_.below(100);
    if (choice < 55) {
      return bear(choice < 2 ? std::uint64_t{100} << 10U : 8 + 8 * random_.below(60));
    }
    if (choice < 75) {
      drop_any();
    } else if (choice < 83) {
      if (scopes_.size() < 3) {
        model_.open_scope();
        scopes_.push_back(std::make_unique<PinScope>(*pins_));
      }
    } else if (choice < 91) {
      close_scope();
    } else if (choice < 98) {
      world_.mutator->collect_young();
    } else {
      world_.mutator->collect_full();
    }
    return true;
  }

  bool bear(std::uint64_t bytes) {
    const std::uint64_t before = world_.runtime.collections();
    std::optional<heap::ObjectRef> object;
    PinToken token = 0;
    bool reached = false;
    try {
      object = pins_->allocate(*world_.mutator, {.references = 0, .bytes = bytes});
      objects_.push_back({world_.runtime.globals().add(*object), 0, model_.pins.size()});
      token = pins_->born(*object);
      objects_.back().token = token;
    } catch (const PinLimitReached&) {
      reached = true;
    }
    bool foreseen = false;
    try {
      foresee(heap::Shape{.references = 0, .bytes = bytes}.object_bytes(), before,
              object.has_value());
    } catch (const LimitIsReached&) {
      foreseen = true;
    }
    REQUIRE(reached == foreseen);
    return !reached;
  }
  /// In the pinned space an object is chosen before it is there.
  void foresee(std::uint64_t bytes, std::uint64_t collections_before, bool is_there) {
    model_.pass(bytes);
    bool wanted = false;
    if (options_.placement == PinPlacement::pinned_space) {
      model_.see_collections(collections_before);
      wanted = bytes <= kMostPinned && model_.wants();
    }
    REQUIRE(is_there);
    model_.see_collections(world_.runtime.collections());
    if (options_.placement != PinPlacement::pinned_space) {
      wanted = bytes <= kMostPinned && model_.wants();
    }
    model_.pins.push_back({.global = objects_.back().global, .bytes = bytes});
    if (wanted) {
      model_.choose(model_.pins.size() - 1);
    }
  }

  void drop_any() {
    if (!objects_.empty()) {
      std::swap(objects_[random_.below(objects_.size())], objects_.back());
      drop_last();
    }
  }
  void drop_last() {
    const Object object = objects_.back();
    objects_.pop_back();
    pins_->dropped(object.token);
    model_.drop(object.pin);
    world_.runtime.globals().end(object.global);
  }
  void close_scope() {
    if (!scopes_.empty()) {
      scopes_.pop_back();
      model_.close_scope();
    }
  }

  /// Every pin that has an end comes to it: what is left has a reason.
  void wind_up(Seen& seen) {
    while (!scopes_.empty()) {
      close_scope();
    }
    bool whole = true;
    for (int i = 0; i < 12 && whole && (i < 2 || model_.has_open_batch()); ++i) {
      whole = bear(8);
      world_.mutator->collect_full();  // whose age it is, and what waits for its place
      whole = whole && bear(kTooLarge);
      while (!objects_.empty()) {
        drop_last();
      }
      whole = whole && bear(kTooLarge);
      check();
    }
    const bool have_ends =
        options_.lifetime.kind == Kind::object || options_.lifetime.kind == Kind::fixed;
    if (whole && have_ends && !model_.has_open_batch()) {
      REQUIRE(model_.taken() == model_.count(Model::State::leaked));
      REQUIRE(model_.count(Model::State::copied) == 0);
      ++seen.ended_whole;
    }
  }

  void check() {
    REQUIRE(pins_->clock() == model_.clock);
    REQUIRE(pins_->held() == model_.held());
    REQUIRE(pins_->made() == model_.made);
    REQUIRE(pins_->copies_held() == model_.count(Model::State::copied));
    REQUIRE(world_.runtime.pins().held() + leaks_ == model_.held());
    const LimitFigures& limit = pins_->limit_figures();
    REQUIRE(limit.refused == model_.limit.refused);
    REQUIRE(limit.copied == model_.limit.copied);
    REQUIRE(limit.copied_bytes == model_.limit.copied_bytes);
    REQUIRE(limit.waits == model_.limit.waits);
    REQUIRE(limit.waited == model_.limit.waited);
    const PlacementFigures placed = pins_->placement_figures();
    REQUIRE(placed.apart == model_.placement.apart);
    REQUIRE(placed.beside == model_.placement.beside);
    REQUIRE(placed.waits == model_.placement.waits);
    REQUIRE(placed.waited == model_.placement.waited);
    REQUIRE(placed.dropped == model_.placement.dropped);
    // As much room is free as the model's pins leave, to the last pin.
    const std::uint64_t free = model_.most() - std::min(model_.most(), model_.taken());
    REQUIRE((free == 0 || pins_->room().take(free)));
    REQUIRE_FALSE(pins_->room().take(1));
    if (free > 0) {
      pins_->room().give_back(free);
    }
  }

  void note(Seen& seen) const {
    const bool migrates = options_.placement == PinPlacement::migrate;
    seen.refused += model_.limit.refused;
    seen.copied += model_.limit.copied;
    seen.waits += model_.limit.waits;
    seen.cancelled += model_.placement.dropped;
    seen.placed += migrates ? model_.placement.apart : 0;
    seen.copied_where_pins_migrate += migrates ? model_.limit.copied : 0;
    seen.waited_where_pins_migrate += migrates ? model_.limit.waits : 0;
    seen.copied_where_pins_leak += options_.leak != PinLeakKind::none ? model_.limit.copied : 0;
    seen.leaked += model_.count(Model::State::leaked);
  }

  PinPressureOptions options_;
  heap::Random random_;
  World world_;
  std::uint64_t leaks_ = 0;
  std::optional<PinPressure> pins_;
  Model model_;
  std::vector<Object> objects_;
  std::vector<std::unique_ptr<PinScope>> scopes_;
};

template <class T, std::size_t n>
T any_of(heap::Random& random, const std::array<T, n>& choices) {
  return choices[random.below(n)];
}

PinPressureOptions any_options(heap::Random& random) {
  PinPressureOptions options;
  options.target = "size";
  options.size_most = kMostPinned;
  options.lifetime = any_of<PinLifetime, 4>(random, {PinLifetime{Kind::object, 0, 0},
                                                     PinLifetime{Kind::scope, 0, 0},
                                                     PinLifetime{Kind::forever, 0, 0},
                                                     PinLifetime{Kind::fixed, kLength, 0}});
  options.placement = any_of<PinPlacement, 4>(
      random, {PinPlacement::anywhere, PinPlacement::pinned_space, PinPlacement::migrate,
               PinPlacement::pretenure});
  options.limit_answer = any_of<LimitAnswer, 4>(
      random, {LimitAnswer::crash, LimitAnswer::fail, LimitAnswer::block, LimitAnswer::copy});
  // Where the first too many ends the program it is to have a life before.
  const Kind kind = options.lifetime.kind;
  const bool ends = options.limit_answer == LimitAnswer::crash ||
                    (options.limit_answer == LimitAnswer::block && kind != Kind::fixed);
  options.limit = ends ? 30 : any_of<std::uint64_t, 3>(random, {0, 2, 7});
  options.limit_per_call = options.limit == 0 ? 3 : any_of<std::uint64_t, 2>(random, {0, 2});
  const bool has_end = kind == Kind::object || kind == Kind::fixed;
  if (has_end && random.below(4) == 0) {
    options.leak = any_of<PinLeakKind, 3>(
        random, {PinLeakKind::unreachable, PinLeakKind::global, PinLeakKind::self});
  } else {
    options.batch = any_of<std::uint32_t, 2>(random, {1, 3});
  }
  options.age = any_of<std::uint32_t, 3>(random, {0, 0, 1});
  // How long the first of a number last is drawn, if they last so long.
  if (kind != Kind::fixed && random.below(2) == 0) {
    options.count = 12;
  } else {
    options.share = heap::kBillion;
  }
  return options;
}

TEST_CASE("room under the limit is taken and given back as a model says, in any program") {
  Seen seen;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    heap::Random random(seed);
    const PinPressureOptions options = any_options(random);
    CAPTURE(seed);
    CAPTURE(static_cast<int>(options.limit_answer));
    CAPTURE(static_cast<int>(options.placement));
    CAPTURE(static_cast<int>(options.lifetime.kind));
    CAPTURE(static_cast<int>(options.leak));
    CAPTURE(options.batch);
    CAPTURE(options.age);
    CAPTURE(options.count);
    Program(options, seed).run(seen);
  }
  CHECK(seen.refused > 1000);
  CHECK(seen.copied > 1000);
  CHECK(seen.waits > 100);
  CHECK(seen.crashed > 50);
  CHECK(seen.cancelled > 500);
  CHECK(seen.placed > 1000);
  CHECK(seen.copied_where_pins_migrate > 500);
  CHECK(seen.copied_where_pins_leak > 500);
  CHECK(seen.waited_where_pins_migrate > 20);
  CHECK(seen.leaked > 300);
  CHECK(seen.ended_whole > 100);
}

}  // namespace
}  // namespace pinlab::workloads::tests
