// Room for pins: all or none, never more than there is, never less than none.
#include "pinning/pin_limit.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace pinlab::pinning {
namespace {

/// Whether the program is ended where it breaks a rule.
template <class Breach>
bool ends_the_program(Breach&& breach) {
  const pid_t process = ::fork();
  if (process == 0) {
    std::signal(SIGABRT, SIG_DFL);
    std::fclose(stderr);
    breach();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(process, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

TEST_CASE("room under a limit is taken as a whole or not at all, to the last pin") {
  PinLimit limit(5, 0);
  REQUIRE(limit.is_set());
  CHECK(limit.most() == 5);
  CHECK_FALSE(limit.take(6));
  CHECK(limit.held() == 0);
  CHECK(limit.take(3));
  CHECK_FALSE(limit.take(3));
  CHECK(limit.held() == 3);
  CHECK(limit.take(2));
  CHECK_FALSE(limit.take());
  CHECK(limit.take(0));
  limit.give_back();
  CHECK(limit.take());
  CHECK_FALSE(limit.take());
  limit.give_back(5);
  CHECK(limit.held() == 0);
  CHECK(limit.take(5));
}

TEST_CASE("each call in progress makes room for so many pins, as long as it lasts") {
  PinLimit limit(1, 3);
  {
    const CallInProgress outer(limit);
    const CallInProgress inner(limit);
    CHECK(limit.calls() == 2);
    CHECK(limit.most() == 7);
    CHECK(limit.take(7));
    CHECK_FALSE(limit.take());
  }
  CHECK(limit.calls() == 0);
  CHECK(limit.most() == 1);
  CHECK(limit.held() == 7);  // what outlasts its call is counted on
  limit.give_back(6);
  CHECK_FALSE(limit.take());
  limit.give_back();
  CHECK(limit.take());
}

TEST_CASE("either number makes a limit, and without both there is none") {
  CHECK(PinLimit(1, 0).is_set());
  CHECK(PinLimit(0, 1).is_set());
  PinLimit calls_only(0, 1);
  CHECK_FALSE(calls_only.take());
  PinLimit none(0, 0);
  CHECK_FALSE(none.is_set());
  CHECK(none.take(1'000'000));
  CHECK(none.take());
  CHECK(none.held() == 1'000'001);
}

TEST_CASE("more than was taken is not given back, nor more calls left than entered") {
  PinLimit limit(2, 1);
  REQUIRE(limit.take(2));
  CHECK(ends_the_program([&] { limit.give_back(3); }));
  CHECK(ends_the_program([&] { limit.leave_call(); }));
  CHECK_FALSE(ends_the_program([&] { limit.give_back(2); }));
}

TEST_CASE("threads never hold more than the limit together, and what they give back is all there") {
  constexpr std::uint64_t kMost = 5;
  constexpr int kTimes = 200'000;
  PinLimit limit(kMost, 0);
  std::atomic<std::uint64_t> together{0};
  std::atomic<std::uint64_t> too_many{0};
  std::array<std::atomic<int>, 2> outcomes{};  // refused, granted
  std::vector<std::thread> threads;
  for (std::uint64_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kTimes; ++i) {
        const std::uint64_t pins = 1 + (static_cast<std::uint64_t>(i) + thread) % 3;
        const bool granted = limit.take(pins);
        outcomes[granted ? 1 : 0].fetch_add(1, std::memory_order_relaxed);
        if (!granted) {
          continue;
        }
        if (together.fetch_add(pins) + pins > kMost) {
          too_many.fetch_add(1);
        }
        if (i % 16 == 0) {
          std::this_thread::yield();  // with what it holds
        }
        together.fetch_sub(pins);
        limit.give_back(pins);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(too_many == 0);
  CHECK(outcomes[0] + outcomes[1] == 4 * kTimes);
  CHECK(outcomes[1] > kTimes);
  CHECK(limit.held() == 0);
  CHECK(limit.take(kMost));
  CHECK_FALSE(limit.take());
}

}  // namespace
}  // namespace pinlab::pinning
