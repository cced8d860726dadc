#include "harness/watchdog.hpp"

#include "harness/memory_apart.hpp"
#include "harness/outcome.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace pinlab::harness {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
/// How long a run that is asked to end may take to come to a pause.
constexpr std::uint64_t kGrace = 2 * kSecond;

std::atomic<Watchdog*> watching{nullptr};  // for the handler, which has nothing else

sigset_t set_of(const auto& signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) {
    sigaddset(&set, signal);
  }
  return set;
}

}  // namespace

Watchdog::Watchdog(std::optional<std::uint64_t> timeout, StopFlag& stop, Abandon abandon)
    : stop_(stop), abandon_(std::move(abandon)) {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGALRM;
  if (::timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0) {
    throw IoError(std::string("the system gives no timer: ") +
                  std::generic_category().message(errno));
  }
  reserve_memory_apart();
  watching = this;
  struct sigaction action {};
  action.sa_handler = &Watchdog::handle;
  action.sa_flags = SA_RESTART;
  action.sa_mask = set_of(kSignals);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], &action, &old_actions_[i]);
  }
  const sigset_t signals = set_of(kSignals);
  pthread_sigmask(SIG_UNBLOCK, &signals, &old_mask_);
  if (timeout) {
    wake_after(std::max<std::uint64_t>(*timeout, 1));
  }
}

Watchdog::~Watchdog() {
  const sigset_t signals = set_of(kSignals);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::timer_delete(timer_);
  watching = nullptr;
  // What came too late is forgotten, as the run is over: a signal that is ignored is not pending.
  struct sigaction ignored {};
  ignored.sa_handler = SIG_IGN;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], &ignored, nullptr);
    ::sigaction(kSignals[i], &old_actions_[i], nullptr);
  }
  pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
}

void Watchdog::wake_after(std::uint64_t nanoseconds) const {
  const itimerspec time{
      .it_interval = {},
      .it_value = {.tv_sec = static_cast<time_t>(std::min(nanoseconds / kSecond, kSecond)),
                   .tv_nsec = static_cast<long>(nanoseconds % kSecond)}};
  ::timer_settime(timer_, 0, &time, nullptr);
}

void Watchdog::handle(int signal) noexcept {
  const int before = errno;
  if (Watchdog* const watchdog = watching.load()) {
    watchdog->hear(signal == SIGALRM ? StopReason::timeout : StopReason::interrupted);
  }
  errno = before;
}

void Watchdog::run_out_of_memory() {
  Watchdog& watchdog = *watching.load();
  watchdog.request_.needs_little = true;
  watchdog.abandon_(watchdog.request_);
}

void Watchdog::hear(StopReason reason) {
  StopReason asked = StopReason::none;
  if (stop_.compare_exchange_strong(asked, reason)) {
    wake_after(kGrace);
    return;
  }
  if (!abandoned_.test_and_set()) {
    take_memory_apart(&Watchdog::run_out_of_memory);
    const bool is_over = reason == StopReason::timeout;  // the time that is over now is the grace
    request_ = {is_over ? asked : reason, !is_over, false};
    abandon_(request_);
  }
}

}  // namespace pinlab::harness
