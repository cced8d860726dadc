#include "harness/build_info.hpp"
#include "harness/watchdog.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pinlab::harness {

namespace {

constexpr unsigned kGuard = 120;  // seconds: a limit on what ends by itself

/// What `program` exits with, in a process of its own that `meanwhile` may send signals to, once
/// the program has said that it is ready for them.
template <class Program, class Meanwhile>
int exit_status(Program&& program, Meanwhile&& meanwhile) {
  std::array<int, 2> ready{};
  REQUIRE(::pipe(ready.data()) == 0);
  const pid_t process = ::fork();
  if (process == 0) {
    ::close(ready[0]);
    ::alarm(kGuard);  // until the watchdog takes the signal
    program([&] { static_cast<void>(!::write(ready[1], "!", 1)); });
    ::_exit(99);
  }
  ::close(ready[1]);
  char said = 0;
  CHECK(::read(ready[0], &said, 1) == 1);
  ::close(ready[0]);
  meanwhile(process);
  int status = 0;
  for (unsigned i = 0; i < kGuard * 500; ++i) {
    if (::waitpid(process, &status, WNOHANG) == process) {
      return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  ::kill(process, SIGKILL);
  ::waitpid(process, &status, 0);
  return -1;
}

const Watchdog::Abandon kNever = [](const Watchdog::Request&) { ::_exit(1); };

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
    const Watchdog watchdog(std::nullopt, stop, kNever);
    ::raise(number);
    CHECK(stop.load() == StopReason::interrupted);
  }
  StopFlag stop{StopReason::none};
  const Watchdog watchdog(1'000'000, stop, kNever);
  for (unsigned i = 0; i < kGuard * 1000 && stop.load() == StopReason::none; ++i) {
    wait(std::chrono::microseconds(1000));
  }
  CHECK(stop.load() == StopReason::timeout);
}

TEST_CASE("a watchdog that is gone leaves signals as they were") {
  struct sigaction before {};
  ::sigaction(SIGINT, nullptr, &before);
  StopFlag stop{StopReason::none};
  { const Watchdog watchdog(std::nullopt, stop, kNever); }
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
        [](const auto& is_ready) {
          StopFlag stop{StopReason::none};
          const Watchdog watchdog(
              std::nullopt, stop, [](const Watchdog::Request& request) {
                // The two signals may have come as one, and then its time was over.
                ::_exit(request.reason == StopReason::interrupted && written() > 600'000 ? 42 : 1);
              });
          is_ready();
          allocate_for_ever();
        },
        [&](pid_t process) {
          wait(std::chrono::microseconds(10'000 + 131 * round));
          ::kill(process, SIGINT);
          wait(std::chrono::microseconds(500));
          ::kill(process, SIGINT);
        });
    REQUIRE(status == 42);
  }
}

TEST_CASE("a program that is abandoned while the system gives no memory ends with what it was asked") {
  if (kSanitizers != "none") {
    return;
  }
  for (const bool needs_much : {false, true}) {
    const int status = exit_status(
        [&](const auto& is_ready) {
          StopFlag stop{StopReason::none};
          const Watchdog watchdog(std::nullopt, stop, [&](const Watchdog::Request& request) {
            if (needs_much && !request.needs_little) {
              allocate_for_ever();
            }
            const bool is_right = request.asked_again && request.needs_little == needs_much;
            ::_exit(is_right && written() > 600'000 ? 45 : 1);
          });
          const rlimit none{.rlim_cur = 0, .rlim_max = 0};
          ::setrlimit(RLIMIT_AS, &none);
          is_ready();
          ::raise(SIGINT);
          ::raise(SIGINT);
        },
        [](pid_t /*process*/) {});
    CHECK(status == 45);
  }
}

TEST_CASE("a program without pauses is abandoned when its grace is over, for the first reason") {
  if (kSanitizers != "none") {
    return;
  }
  for (const bool has_limit : {false, true}) {
    const auto begin = std::chrono::steady_clock::now();
    const int status = exit_status(
        [&](const auto& is_ready) {
          StopFlag stop{StopReason::none};
          const auto limit = has_limit ? std::optional<std::uint64_t>(1'000'000) : std::nullopt;
          const Watchdog watchdog(
              limit, stop, [](const Watchdog::Request& request) {
                const int code = request.reason == StopReason::timeout ? 43 : 44;
                ::_exit(request.asked_again ? 1 : code);
              });
          is_ready();
          allocate_for_ever();
        },
        [&](pid_t process) {
          if (!has_limit) {
            ::kill(process, SIGTERM);
          }
        });
    CHECK(status == (has_limit ? 43 : 44));
    CHECK(std::chrono::steady_clock::now() - begin > std::chrono::seconds(2));
  }
}

}  // namespace pinlab::harness
