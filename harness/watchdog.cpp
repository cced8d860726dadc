#include "harness/watchdog.hpp"

#include "harness/outcome.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace pinlab::harness {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
/// How long a run that is asked to end may take to come to a pause.
constexpr std::uint64_t kGrace = 2 * kSecond;

}  // namespace

Watchdog::Watchdog(std::optional<std::uint64_t> timeout, StopFlag& stop, Abandon abandon)
    : stop_(stop), abandon_(std::move(abandon)) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, &old_mask_);
  signals_ = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  done_ = ::eventfd(0, EFD_CLOEXEC);
  if (signals_ < 0 || done_ < 0) {
    throw IoError(std::string("the system gives no file to wait for signals: ") +
                  std::generic_category().message(errno));
  }
  thread_ = std::thread([this, timeout] { watch(timeout); });
}

Watchdog::~Watchdog() {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(done_, &one, sizeof one));
  thread_.join();
  ::close(signals_);
  ::close(done_);
  pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
}

void Watchdog::watch(std::optional<std::uint64_t> timeout) {
  const Event event = wait(timeout);
  if (event == Event::done) {
    return;
  }
  const StopReason reason = event == Event::time ? StopReason::timeout : StopReason::interrupted;
  stop_.store(reason);
  switch (wait(kGrace)) {
    case Event::done:
      return;
    case Event::time:
      abandon_(reason);
      return;
    case Event::signal:
      abandon_(StopReason::interrupted);
      return;
  }
}

Watchdog::Event Watchdog::wait(std::optional<std::uint64_t> time) const {
  std::array<pollfd, 2> files = {pollfd{done_, POLLIN, 0}, pollfd{signals_, POLLIN, 0}};
  const std::uint64_t nanoseconds = time.value_or(0);
  const timespec limit{.tv_sec = static_cast<time_t>(std::min(nanoseconds / kSecond, kSecond)),
                       .tv_nsec = static_cast<long>(nanoseconds % kSecond)};
  int ready = 0;
  do {
    ready = ::ppoll(files.data(), files.size(), time ? &limit : nullptr, nullptr);
  } while (ready < 0 && errno == EINTR);
  if (files[0].revents != 0) {
    return Event::done;
  }
  if (files[1].revents != 0) {
    signalfd_siginfo signal{};
    static_cast<void>(!::read(signals_, &signal, sizeof signal));
    return Event::signal;
  }
  return Event::time;
}

}  // namespace pinlab::harness
