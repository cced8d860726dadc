// Room for pins under pin.limit, those of the pressure and those that the program makes itself:
// what they get instead where there is none, and threads that wait for it.
//
// Invariants: (1) as PinLimit; (2) no thread waits where none is left that could end a pin. Any
// thread.
#pragma once

#include "pinning/pin_limit.hpp"
#include "collector/mutator.hpp"
#include "workloads/pin_options.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace pinlab::workloads {

using pinning::PinLimitReached;

/// What the limit did to pins.
struct LimitFigures {
  std::uint64_t refused = 0;  ///< pins that were not made
  std::uint64_t copied = 0;   ///< objects that were copied out of the heap instead
  std::uint64_t copied_bytes = 0;
  std::uint64_t waits = 0;   ///< pins that waited for room
  std::uint64_t waited = 0;  ///< on the clock
};

/// What becomes of pins that a program asks for.
enum class Granted : std::uint8_t {
  pins,     ///< there is room: they are to be made
  copies,   ///< none is made, and foreign code gets copies
  nothing,  ///< none is made, and the program goes on without
  later,    ///< when others have ended
};

class PinRoom {
 public:
  explicit PinRoom(const PinPressureOptions& options)
      : limit_(options.limit, options.limit_per_call), answer_(options.limit_answer) {}
  PinRoom(const PinRoom&) = delete;
  PinRoom& operator=(const PinRoom&) = delete;

  [[nodiscard]] bool is_limited() const { return limit_.is_set(); }
  /// Takes room for so many pins, of objects of `bytes` together: all of them or none. What they
  /// get instead is as pin.limit_answer says. Throws PinLimitReached where that is to crash.
  [[nodiscard]] Granted ask(std::uint64_t pins, std::uint64_t bytes);
  /// The same of one pin that only the program's own next steps would make room for: false where
  /// there is none to be made. Throws PinLimitReached also where it would have to wait.
  [[nodiscard]] bool ask_now(std::uint64_t bytes);
  /// No question asked: false, and nothing taken, where there is less.
  [[nodiscard]] bool take(std::uint64_t pins = 1) { return limit_.take(pins); }
  /// Those that wait are told.
  void give_back(std::uint64_t pins = 1);
  /// The same for pins that no thread waits for.
  void give_back_alone() { limit_.give_back(); }

  /// For those that wait: take(), or wait_for_end(seen) until a pin has ended after ends() was
  /// `seen`; false where no thread is left that could end one.
  [[nodiscard]] std::uint64_t ends();
  [[nodiscard]] bool wait_for_end(collector::Mutator& mutator, std::uint64_t seen);
  /// Pins that waited together; `waited`: on the clock.
  void count_wait(std::uint64_t pins, std::uint64_t waited);
  /// Throws PinLimitReached for so many pins together.
  [[noreturn]] void refuse_to_wait(std::uint64_t pins = 1) const;
  /// So many threads make pins from now on, where it is not one; and one of them is done.
  void begin_threads(std::uint64_t threads);
  void end_thread();

  /// A call that pins are made for goes on: pin.limit allows more of them.
  void enter_call() { limit_.enter_call(); }
  void leave_call() { limit_.leave_call(); }

  /// REQUIRES that no thread makes pins.
  [[nodiscard]] const LimitFigures& figures() const { return figures_; }

 private:
  [[noreturn]] void refuse(std::uint64_t pins, const char* why) const;

  pinning::PinLimit limit_;
  pinning::LimitAnswer answer_;
  std::mutex mutex_;
  LimitFigures figures_;
  std::condition_variable ended_;
  std::uint64_t ends_ = 0;     ///< pins that ended, where somebody may wait for them
  std::uint64_t threads_ = 1;  ///< that make pins
  std::uint64_t stopped_ = 0;  ///< of these: wait, and saw no end since
  bool stuck_ = false;         ///< all of them did
};

}  // namespace pinlab::workloads
