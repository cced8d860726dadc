#include "harness/build_info.hpp"
#include "harness/watchdog.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace pinlab::harness {

namespace {

/// What `program` exits with, in a process of its own that `meanwhile` may send signals to.
template <class Program, class Meanwhile>
int exit_status(Program&& program, Meanwhile&& meanwhile) {
  const pid_t process = ::fork();
  if (process == 0) {
    ::alarm(10);  // until the watchdog takes the signal
    program();
    ::_exit(99);
  }
  meanwhile(process);
  int status = 0;
  for (int i = 0; i < 2000; ++i) {
    if (::waitpid(process, &status, WNOHANG) == process) {
      return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  ::kill(process, SIGKILL);
  ::waitpid(process, &status, 0);
  return -1;
}

void wait(std::chrono::microseconds time) {
  std::this_thread::sleep_for(time);
}

/// Text enough to need memory of every size.
std::size_t written() {
  std::vector<std::string> lines;
  std::string text;
  for (std::size_t i = 0; i < 300; ++i) {
    lines.emplace_back(i * 37 % 5000, 'x');
    text += lines.back();
  }
  return text.size();
}

[[noreturn]] void allocate_for_ever() {
  std::vector<std::string> kept(64);
  for (std::size_t i = 0;; ++i) {
    kept[i % kept.size()] = std::string(2000 + i * 7919 % 100'000, 'a');
  }
}

}  // namespace

TEST_CASE("a run is asked to end by a flag, and why is told apart") {
  for (const int number : {SIGINT, SIGTERM}) {
    StopFlag stop{StopReason::none};
    const Watchdog watchdog(std::nullopt, stop, [](StopReason) { ::_exit(1); });
    ::raise(number);
    CHECK(stop.load() == StopReason::interrupted);
  }
  StopFlag stop{StopReason::none};
  const Watchdog watchdog(1'000'000, stop, [](StopReason) { ::_exit(1); });
  for (int i = 0; i < 5000 && stop.load() == StopReason::none; ++i) {
    wait(std::chrono::microseconds(1000));
  }
  CHECK(stop.load() == StopReason::timeout);
}

TEST_CASE("a watchdog that is gone leaves signals as they were") {
  struct sigaction before {};
  ::sigaction(SIGINT, nullptr, &before);
  StopFlag stop{StopReason::none};
  { const Watchdog watchdog(std::nullopt, stop, [](StopReason) { ::_exit(1); }); }
  struct sigaction after {};
  ::sigaction(SIGINT, nullptr, &after);
  CHECK((before.sa_handler == after.sa_handler));
}

TEST_CASE("a program without pauses is abandoned at the second request, in the middle of malloc") {
  if (kSanitizers != "none") {
    return;  // they have memory and signals of their own
  }
  for (int round = 0; round < 60; ++round) {
    const int status = exit_status(
        [] {
          StopFlag stop{StopReason::none};
          const Watchdog watchdog(std::nullopt, stop, [](StopReason reason) {
            ::_exit(reason == StopReason::interrupted && written() > 600'000 ? 42 : 1);
          });
          allocate_for_ever();
        },
        [&](pid_t process) {
          wait(std::chrono::microseconds(20'000 + 131 * round));
          ::kill(process, SIGINT);
          wait(std::chrono::microseconds(500));
          ::kill(process, SIGINT);
        });
    REQUIRE(status == 42);
  }
}

TEST_CASE("a program without pauses is abandoned when its grace is over, for the first reason") {
  if (kSanitizers != "none") {
    return;
  }
  for (const bool has_limit : {false, true}) {
    const auto begin = std::chrono::steady_clock::now();
    const int status = exit_status(
        [&] {
          StopFlag stop{StopReason::none};
          const auto limit = has_limit ? std::optional<std::uint64_t>(1'000'000) : std::nullopt;
          const Watchdog watchdog(limit, stop, [](StopReason reason) {
            ::_exit(reason == StopReason::timeout ? 43 : 44);
          });
          allocate_for_ever();
        },
        [&](pid_t process) {
          wait(std::chrono::milliseconds(100));
          if (!has_limit) {
            ::kill(process, SIGTERM);
          }
        });
    CHECK(status == (has_limit ? 43 : 44));
    CHECK(std::chrono::steady_clock::now() - begin > std::chrono::seconds(2));
  }
}

}  // namespace pinlab::harness
