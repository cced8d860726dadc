// Asynchronous transfers that are whole when they are over: a short one goes on where it stopped,
// an interrupted one starts again. Completions come as they like and are kept until the program
// asks for the one that it means, so that a run does not depend on their order.
//
// Invariants: (1) what a request names stays where it is until finish() gave its result; (2) when
// the queue ends, the kernel writes into no buffer of its any more, and knows none.
//
// One thread uses a queue, that of its mutator.
#pragma once

#include "collector/mutator.hpp"
#include "workloads/io/engine.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>

namespace pinlab::workloads {

struct IoResult {
  std::uint64_t bytes = 0;
  bool cancelled = false;  ///< by its time limit or by cancel()
  int error = 0;           ///< of what was no cancellation; 0: none
};

/// When the program learns of a completion: when it asks for it, in an order of its own; or at
/// once.
enum class Completions : std::uint8_t { seeded, arrival };

/// What happened by chance: never among exact figures.
struct IoChances {
  std::uint64_t short_transfers = 0;
  std::uint64_t interruptions = 0;
};

/// Memory that stays where it is, and is not given back to the system, as long as this lives.
class LastingMemory {
 public:
  LastingMemory() = default;
  LastingMemory(const LastingMemory&) = delete;
  LastingMemory& operator=(const LastingMemory&) = delete;
  virtual ~LastingMemory() = default;
  [[nodiscard]] virtual std::span<const iovec> vectors() const = 0;
};

class IoQueue {
 public:
  IoQueue(collector::Mutator& mutator, std::unique_ptr<IoEngine> engine, Completions completions)
      : mutator_(mutator), engine_(std::move(engine)), completions_(completions) {}
  IoQueue(const IoQueue&) = delete;
  IoQueue& operator=(const IoQueue&) = delete;
  ~IoQueue();
  /// Cancels what is in flight, and waits for it: before what a request names may go.
  void end_all() noexcept;

  /// The vectors are changed as the transfer goes on.
  void start(const IoRequest& request);
  /// Has no effect on what has completed.
  void cancel(std::uint64_t token);
  /// Waits for it. REQUIRES a token that was started, and not finished.
  [[nodiscard]] IoResult finish(std::uint64_t token);
  /// The token of a transfer that is over and was not yet told, in the order of arrival. REQUIRES
  /// Completions::arrival.
  [[nodiscard]] std::optional<std::uint64_t> arrived();
  /// Tells the engine of the vectors, by whose index a request can name one; once. The memory lasts
  /// until the engine has ended. Throws IoError.
  void register_buffers(std::shared_ptr<const LastingMemory> memory);

  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }
  [[nodiscard]] const IoChances& chances() const { return chances_; }

 private:
  struct Transfer {
    IoRequest request;
    std::uint64_t left = 0;  ///< bytes
    IoResult result = {};
    bool over = false;
    bool to_be_cancelled = false;
  };

  void take(const IoCompletion& completion);
  /// Takes `bytes` from the front of the vectors. REQUIRES that something is left.
  static void advance(IoRequest& request, std::uint64_t bytes);
  void submit(const IoRequest& request);

  collector::Mutator& mutator_;
  std::shared_ptr<const LastingMemory> registered_;  ///< ends after the engine, which is below it
  std::unique_ptr<IoEngine> engine_;
  Completions completions_;
  std::unordered_map<std::uint64_t, Transfer> transfers_;
  std::deque<std::uint64_t> arrivals_;
  std::size_t in_flight_ = 0;
  IoChances chances_;
};

}  // namespace pinlab::workloads
