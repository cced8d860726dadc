#include "workloads/pin_room.hpp"

#include "collector/safe_region.hpp"

#include <string>

namespace pinlab::workloads {

using pinning::LimitAnswer;

Granted PinRoom::ask(std::uint64_t pins, std::uint64_t bytes) {
  if (limit_.take(pins)) {
    return Granted::pins;
  }
  const std::lock_guard lock(mutex_);
  switch (answer_) {
    case LimitAnswer::fail:
      figures_.refused += pins;
      return Granted::nothing;
    case LimitAnswer::copy:
      figures_.copied += pins;
      figures_.copied_bytes += bytes;
      return Granted::copies;
    case LimitAnswer::block:
      return Granted::later;
    default:
      refuse(pins, "");
  }
}

bool PinRoom::ask_now(std::uint64_t bytes) {
  const Granted granted = ask(1, bytes);
  if (granted == Granted::later) {
    refuse_to_wait();
  }
  return granted == Granted::pins;
}

// Those that wait go on: they are not stopped any more, also before they run.
void PinRoom::give_back(std::uint64_t pins) {
  const std::lock_guard lock(mutex_);
  limit_.give_back(pins);
  ends_ += pins;
  stopped_ = 0;
  ended_.notify_all();
}

std::uint64_t PinRoom::ends() {
  const std::lock_guard lock(mutex_);
  return ends_;
}

bool PinRoom::wait_for_end(collector::Mutator& mutator, std::uint64_t seen) {
  const collector::SafeRegion outside(mutator);
  std::unique_lock lock(mutex_);
  if (ends_ == seen && ++stopped_ >= threads_) {
    stuck_ = true;
    ended_.notify_all();
  }
  ended_.wait(lock, [&] { return ends_ != seen || stuck_; });
  return ends_ != seen;
}

void PinRoom::begin_threads(std::uint64_t threads) {
  const std::lock_guard lock(mutex_);
  threads_ = threads;
}

void PinRoom::end_thread() {
  const std::lock_guard lock(mutex_);
  --threads_;
  if (threads_ > 0 && stopped_ >= threads_) {
    stuck_ = true;
    ended_.notify_all();
  }
}

void PinRoom::count_wait(std::uint64_t pins, std::uint64_t waited) {
  const std::lock_guard lock(mutex_);
  figures_.waits += pins;
  figures_.waited += waited;
}

void PinRoom::refuse_to_wait(std::uint64_t pins) const {
  refuse(pins, "; room for it needs an unpin that no thread can make");
}

void PinRoom::refuse(std::uint64_t pins, const char* why) const {
  const std::string what = pins == 1 ? "a pin" : "a set of " + std::to_string(pins) + " pins";
  throw PinLimitReached(what + " beyond pin.limit: " + std::to_string(limit_.held()) +
                        " are held, in " + std::to_string(limit_.calls()) + " calls" + why);
}

}  // namespace pinlab::workloads
