#include "pinning/shapes/parked_thread.hpp"

#include "pinning/pin_limit.hpp"
#include "pinning/shapes/adapters.hpp"

#include <condition_variable>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "parked_thread",
    .number = "A4",
    .lifetime =
        "from a call into foreign code until its callback, parked on a thread, is told to "
        "return",
    .alive = "the pin, as an argument on the thread's stack does",
    .misuse =
        "beyond 10000 threads a pin is one beyond a limit; a callback that is never told to return "
        "is a "
        "thread, and a pin, for ever",
    .uses = kAllUses,
    .holds_still = true,
    .is_set = false};

class ParkedThreadShape final : public TableShape<ParkedCall> {
 public:
  using TableShape::TableShape;
  ParkedThreadShape(const ParkedThreadShape&) = delete;
  ParkedThreadShape& operator=(const ParkedThreadShape&) = delete;
  ~ParkedThreadShape() override { end_calls(); }

 protected:
  void opened() override { threads_.emplace(registry()); }
  void begin(std::size_t place, heap::ObjectRef object, SiteId site) override {
    at(place).emplace(*threads_, object, site);
  }
  [[nodiscard]] bool lose(std::size_t place) override {
    lost_.push_back(std::move(*at(place)));
    end(place);
    return true;
  }
  void end_all() override { end_calls(); }

 private:
  void end_calls() {
    lost_.clear();
    TableShape::end_all();
  }

  std::optional<ParkedThreads> threads_;
  std::vector<ParkedCall> lost_;  ///< parked as long as the shape is there
};

}  // namespace

/// One thread and what it is told. It is idle, or parked in a call.
class ParkedThreads::Thread {
 public:
  explicit Thread(PinRegistry& registry) : thread_([this, &registry] { run(registry); }) {}
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread() {
    tell(State::stopping);
    thread_.join();
  }

  void park(heap::ObjectRef object, SiteId site) {
    object_ = object;
    site_ = site;
    tell(State::calling);
    await(State::parked);
  }
  void release() {
    tell(State::returning);
    await(State::idle);
  }

 private:
  enum class State : std::uint8_t { idle, calling, parked, returning, stopping };

  void tell(State state) {
    {
      const std::lock_guard lock(mutex_);
      state_ = state;
    }
    changed_.notify_all();
  }
  void await(State state) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return state_ == state; });
  }

  void run(PinRegistry& registry) {
    PinStack stack(registry);
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return state_ == State::calling || state_ == State::stopping; });
      if (state_ == State::stopping) {
        return;
      }
      foreign_call(stack, lock);
      state_ = State::idle;
      changed_.notify_all();
    }
  }

  /// The C function and the callback in it.
  void foreign_call(PinStack& stack, std::unique_lock<std::mutex>& lock) {
    PinFrame arguments(stack, "parked_thread");
    arguments.pin(object_, site_);
    state_ = State::parked;
    changed_.notify_all();
    changed_.wait(lock, [this] { return state_ == State::returning; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::idle;
  heap::ObjectRef object_;
  SiteId site_ = 0;
  std::thread thread_;
};

ParkedThreads::ParkedThreads(PinRegistry& registry, std::size_t most)
    : registry_(registry), most_(most) {}

ParkedThreads::~ParkedThreads() {
  EXPECTS(idle_.size() == threads_.size());
}

ParkedThreads::Thread& ParkedThreads::park(heap::ObjectRef object, SiteId site) {
  if (idle_.empty()) {
    const auto refuse = [&](const std::string& why) {
      throw PinLimitReached("parked_thread: " + std::to_string(threads_.size()) +
                            " threads are parked, " + why + " " +
                            where_of(registry_, site, object.address()));
    };
    if (threads_.size() == most_) {
      refuse("and there may be no more");
    }
    try {
      threads_.push_back(std::make_unique<Thread>(registry_));
    } catch (const std::system_error& error) {
      refuse(std::string("and the system gives no more: ") + error.what());
    }
    idle_.push_back(threads_.back().get());
    registry_.work().add(ShapeWork::threads);
  }
  Thread& thread = *idle_.back();
  idle_.pop_back();
  thread.park(object, site);
  return thread;
}

void ParkedThreads::release(Thread& thread) {
  thread.release();
  idle_.push_back(&thread);
}

heap::Named<PinShape> pin_shape_parked_thread() {
  return {.name = "parked_thread",
          .summary = "A4: a thread for each pin, parked in a call until the pin may end",
          .source = "golang/go#46787, workaround 4 (ansiwen)",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<ParkedThreadShape>(kFacts);
          }};
}

}  // namespace pinlab::pinning
