// The operations of one thread: begun as time passes, completed in the order that the seed says,
// each with its objects, its pins and its transfer.
//
//   allocate --> old enough? --> pin --> transfer begins --> ... --> it is over, bytes are checked
//            --> the pins end, or last for a session, or for ever, or are forgotten
//
// Invariants: (1) the pins of an operation begin before its transfer and end after it; (2) with
// Completions::seeded, what happens, and at which allocation clock, depends on the parameters and
// the seed alone; (3) when it ends, nothing is in flight, and no address is left in managed memory,
// nor bytes of a transfer that was not handed over; (4) an operation takes its place and its time
// whatever pin.limit grants it: one that gets no pins is not carried out, and one that gets copies
// keeps its objects in the heap meanwhile.
#pragma once

#include "workloads/io/channels.hpp"
#include "workloads/use_cases/address_table.hpp"
#include "workloads/use_cases/background.hpp"
#include "workloads/use_cases/pin_keeper.hpp"
#include "workloads/use_cases/registered_buffers.hpp"
#include "workloads/use_cases/use_case.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <vector>

namespace pinlab::workloads {

/// Ends a thread, because another one has failed; the program ends with that one's failure.
struct AnotherThreadFailed {};

/// How long a transfer waits for what never comes, where it has a limit.
inline constexpr TimeLimit kSilenceLimit{.seconds = 0, .nanoseconds = 200'000};

class Operations {
 public:
  /// `stop`: another thread of the program has failed.
  Operations(WorkloadContext& context,
             collector::Mutator& mutator,
             const UseCase& use_case,
             const UseCaseOptions& options,
             heap::Random random,
             const std::atomic<bool>& stop);
  Operations(const Operations&) = delete;
  Operations& operator=(const Operations&) = delete;
  ~Operations();

  /// All of them. Throws IoError, WrongBytes, PinLimitReached and the runtime's outcomes.
  void run();

 private:
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  struct Operation {
    enum class State : std::uint8_t { idle, ageing, running };
    State state = State::idle;
    std::uint64_t index = 0;  ///< of all that this thread began
    OperationPlan plan;
    PinSetId set = 0;
    bool forgotten = false;             ///< its pins will be
    bool copied = false;                ///< pin.limit gave it copies instead of pins
    std::uint64_t collections = 0;      ///< at birth
    std::vector<std::byte*> addresses;  ///< of the buffers, as foreign code knows them
    std::vector<iovec> vectors;         ///< outside the heap, where the arm is not `pin`
    TimeLimit limit;                    ///< likewise
    std::vector<std::byte> outside;     ///< likewise
    std::optional<std::uint32_t>
        registered;  ///< the ring's own buffer that takes a new one's place
  };
  /// Something that is due: a completion, or the end of a set of pins.
  struct Event {
    std::uint64_t at;
    std::uint64_t order;
    std::uint32_t slot;
    std::uint64_t index;
    PinSetId set;  ///< 0: a completion
    friend bool operator>(const Event& a, const Event& b) {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };

  void pass_time(std::uint64_t until);
  void begin_next();
  void allocate_objects(std::uint32_t slot);
  [[nodiscard]] bool is_of_age(std::uint32_t slot) const;
  void begin_aged();
  void begin(std::uint32_t slot);
  void pin(std::uint32_t slot);
  [[nodiscard]] Granted ask_for_pins(std::uint32_t slot);
  [[nodiscard]] bool end_something();
  void skip(std::uint32_t slot);
  void give_copies(std::uint32_t slot);
  void begin_transfer(std::uint32_t slot);
  void schedule(std::uint64_t at, std::uint32_t slot, PinSetId set);
  /// What arrives by itself is waited for, if `waits`.
  void hand_over_due(bool waits = false);
  void take_arrived();
  void complete(std::uint32_t slot);
  void wipe_controls(std::uint32_t slot);
  void take_bytes(std::uint32_t slot);
  void check(std::span<const std::byte> bytes, std::uint32_t slot, std::size_t buffer) const;
  void end_pins(std::uint32_t slot);
  void forget(std::uint32_t slot, PinSetId set);
  void drain();
  void look_up();
  void check_all() const;

  [[nodiscard]] std::size_t first_buffer(const Operation& operation) const;
  [[nodiscard]] std::uint64_t key_of(const Operation& operation, std::size_t buffer) const;
  [[nodiscard]] heap::ObjectRef object(std::uint32_t slot, std::size_t index) const;
  [[nodiscard]] std::span<std::byte> buffer_bytes(std::uint32_t slot, std::size_t buffer) const;
  [[nodiscard]] const std::byte* identity_of(std::uint32_t slot) const;
  /// Whether its buffers are objects of the heap, made for it.
  [[nodiscard]] bool has_own_buffers(const Operation& operation) const {
    return !(uses_managed_memory() && operation.registered);
  }
  [[nodiscard]] LifetimeClass lifetime_of(const Operation& operation) const;
  [[nodiscard]] bool uses_managed_memory() const { return options_.arm == Arm::pin; }
  /// Whether foreign code has its objects themselves.
  [[nodiscard]] bool is_in_place(const Operation& operation) const {
    return uses_managed_memory() && !operation.copied;
  }
  /// The thread's time: see PinKeeper::clock().
  [[nodiscard]] std::uint64_t now() const { return pins_->clock(); }
  [[nodiscard]] bool has_room() const { return busy_ < options_.in_flight; }
  [[nodiscard]] std::uint32_t take_slot();

  WorkloadContext& context_;
  collector::Mutator& mutator_;
  const UseCase& use_case_;
  const UseCaseOptions& options_;
  heap::Random random_;
  heap::Random lookup_random_;
  std::uint64_t keys_;  ///< what the patterns of this thread are drawn from
  const std::atomic<bool>& stop_;
  std::shared_ptr<PinKeeper> pins_;
  Background background_;
  collector::Root slots_;  ///< of each operation, the object that refers to its objects
  std::shared_ptr<RegisteredBuffers> registered_;  ///< which the queue owns too
  std::optional<IoQueue> queue_;
  std::optional<Channels> channels_;
  std::deque<Operation> operations_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> ageing_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t order_ = 0;
  std::uint64_t begun_ = 0;
  std::uint64_t busy_ = 0;  ///< operations that will end
  std::uint64_t next_ = 0;  ///< the clock of the next one
  std::uint64_t collections_ = 0;
  AddressTable identities_;
  std::uint64_t looked_up_ = 0;
  std::uint64_t next_lookup_ = 0;  ///< the clock of the next one
  std::uint64_t identified_ = 0;   ///< collections when the table was made
};

}  // namespace pinlab::workloads
