// What the room and the calls of a set of pins come to, on every way that it can end.
#include "workloads/tests/world.hpp"
#include "workloads/use_cases/pin_keeper.hpp"

#include <doctest/doctest.h>

#include <pthread.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace pinlab::workloads::tests {
namespace {

using pinning::LimitAnswer;

/// A keeper of sets of three, of calls.
struct Calls {
  explicit Calls(const PinPressureOptions& limit) : pins(world.runtime, limit) {}

  PinSetId begin(heap::ObjectRef owner = {}, std::size_t objects = 3) {
    REQUIRE(keeper.ask(objects, 0) == Granted::pins);
    std::vector<PinWish> wishes;
    while (wishes.size() < objects) {
      wishes.push_back({.object = world.make()});
    }
    return keeper.hold(wishes, owner);
  }
  void check_refused(const std::string& why) {
    CHECK_THROWS_WITH_AS(static_cast<void>(keeper.ask(3, 0)), doctest::Contains(why.c_str()),
                         PinLimitReached);
  }

  /// Nothing is held, and no call goes on: of room for `each` pins a call all is there.
  void check_whole(std::uint64_t each) {
    CHECK_FALSE(pins.room().take(1));
    pins.room().enter_call();
    CHECK(pins.room().take(each));
    CHECK_FALSE(pins.room().take(1));
    pins.room().give_back(each);
    pins.room().leave_call();
  }

  World world;
  PinPressure pins;
  WorkloadContext context{
      .runtime = world.runtime, .mutator = *world.mutator, .pins = pins, .random = heap::Random(1)};
  PinKeeper keeper{context, *world.mutator, {.lifetime = LifetimeClass::call, .set = 3}};
};

TEST_CASE("a call is over when its pins end, when they are forgotten and when it has none") {
  Calls calls({.limit = 1, .limit_per_call = 2});
  const PinSetId first = calls.begin();
  calls.check_refused("3 are held, in 2 calls");
  calls.check_refused("3 are held, in 2 calls");  // the one that was refused is over
  calls.keeper.release(first);
  const PinSetId second = calls.begin(calls.world.make());
  calls.check_refused("3 are held, in 2 calls");
  calls.keeper.forget(second);
  calls.check_refused("3 are held, in 1 calls");
  // The place of the forgotten set has no member left that another one would end.
  calls.keeper.release(calls.begin({}, 0));
  CHECK(calls.pins.held() == 3);
  CHECK(calls.world.runtime.pins().held() == 3);
}

TEST_CASE("each pin of a set that waited counts") {
  Calls calls({.limit = 4, .limit_answer = LimitAnswer::block});
  PinSetId held = calls.begin();
  calls.keeper.use_while_waiting([&] {
    calls.keeper.release(std::exchange(held, 0));
    return true;
  });
  calls.keeper.release(calls.begin());
  CHECK(calls.pins.limit_figures().waits == 3);
}

/// While it is there no thread can begin: none gets so large a stack.
class NoMoreThreads {
 public:
  NoMoreThreads() {
    pthread_attr_t attributes;
    REQUIRE(::pthread_getattr_default_np(&attributes) == 0);
    REQUIRE(::pthread_attr_getstacksize(&attributes, &before_) == 0);
    set(std::size_t{1} << 47U);
  }
  NoMoreThreads(const NoMoreThreads&) = delete;
  NoMoreThreads& operator=(const NoMoreThreads&) = delete;
  ~NoMoreThreads() { set(before_); }

 private:
  static void set(std::size_t bytes) {
    pthread_attr_t attributes;
    CHECK(::pthread_getattr_default_np(&attributes) == 0);
    CHECK(::pthread_attr_setstacksize(&attributes, bytes) == 0);
    CHECK(::pthread_setattr_default_np(&attributes) == 0);
  }

  std::size_t before_ = 0;
};

TEST_CASE("a set whose pins fail midway leaves no pin, no room and no call behind") {
  Calls calls({.shape = "parked_thread", .limit_per_call = 3});
  const PinSetId first = calls.begin();
  calls.keeper.release(calls.begin({}, 1));  // whose thread is there for one pin more
  {
    const NoMoreThreads guard;
    CHECK_THROWS_WITH_AS(static_cast<void>(calls.begin()),
                         doctest::Contains("4 threads are parked, and the system gives no more"),
                         PinLimitReached);
  }
  CHECK(calls.pins.held() == 3);
  CHECK(calls.world.runtime.pins().held() == 3);
  CHECK_THROWS_WITH_AS(static_cast<void>(calls.keeper.ask(4, 0)),
                       doctest::Contains("3 are held, in 2 calls"), PinLimitReached);
  const PinSetId second = calls.begin();
  CHECK(calls.pins.held() == 6);
  calls.keeper.release(second);
  calls.keeper.release(first);
  CHECK(calls.pins.held() == 0);
  calls.check_whole(3);
}

}  // namespace
}  // namespace pinlab::workloads::tests
