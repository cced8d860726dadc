// The pins that a use case makes: sets of objects that are pinned together and end together, by the
// shape that pin.shape names, or by what takes its place in a control.
//
// Invariants: (1) while a set is held, and the arm is `pin`, its objects are where they were;
// (2) no set is ended twice; what was never ended is pinned until the run is over; (3) a set has
// room under pin.limit for all of its pins before the first is made, so that no two sets wait for
// each other with half of theirs.
//
// One thread uses a keeper. It lasts as long as the run (PinPressure::keep).
#pragma once

#include "pinning/shapes/handle.hpp"
#include "pinning/shapes/pinner.hpp"
#include "workloads/use_cases/helper_thread.hpp"
#include "workloads/use_cases/options.hpp"
#include "workloads/use_cases/use_case.hpp"
#include "workloads/workload.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pinlab::workloads {

/// Whether foreign code writes into what the site pins.
enum class Access : std::uint8_t { reads, writes };

/// An object to be pinned, and by which of the use case's sites.
struct PinWish {
  heap::ObjectRef object;
  std::uint32_t site = 0;
  Access access = Access::reads;
};

/// A set's name; 0 is none.
using PinSetId = std::uint32_t;

/// What a set of pins is for.
enum class PinsFor : std::uint8_t {
  operation,  ///< one of the use case's, with workload.lifetime
  run,        ///< what lasts as long as the program
};

class PinKeeper {
 public:
  /// Throws OptionsError where the shape cannot express what the use case needs.
  PinKeeper(WorkloadContext& context,
            collector::Mutator& mutator,
            const UseCaseOptions& options,
            Nesting nesting = Nesting::none);
  PinKeeper(const PinKeeper&) = delete;
  PinKeeper& operator=(const PinKeeper&) = delete;
  ~PinKeeper();

  /// Room for a set of so many objects, of `bytes` together, by pin.limit; it waits where that is
  /// the answer. The call that the set is for, if it is for one, begins here, and ends here where
  /// nothing is granted. Managed objects may move meanwhile. Throws PinLimitReached.
  [[nodiscard]] Granted ask(std::uint64_t objects,
                            std::uint64_t bytes,
                            PinsFor purpose = PinsFor::operation);
  /// What is tried while a set waits for room: whether something of this thread ended, which may
  /// hold pins.
  void use_while_waiting(std::function<bool()> end_something) {
    end_something_ = std::move(end_something);
  }
  /// 0 for arms that keep nothing. With an `owner` the set can be forgotten: it then ends with that
  /// object. REQUIRES that ask() has granted pins for them, or copies for a set of none.
  [[nodiscard]] PinSetId hold(std::span<const PinWish> wishes,
                              heap::ObjectRef owner = {},
                              PinsFor purpose = PinsFor::operation);
  /// Where object `index` of a set is now.
  [[nodiscard]] heap::ObjectRef object(PinSetId set, std::size_t index) const;
  /// In the order, and on the thread, that the parameters say.
  void release(PinSetId set);
  /// The program loses the set. REQUIRES one with an owner.
  void forget(PinSetId set);

  /// The thread's time: what it has allocated, and what passed while it waited for room.
  [[nodiscard]] std::uint64_t clock() const { return mutator_.clock() + waited_; }
  [[nodiscard]] std::uint64_t waited() const { return waited_; }
  /// Time passes to `clock`, if that is still to come, and nothing is allocated.
  void pass_until(std::uint64_t clock) { waited_ += clock - std::min(clock, this->clock()); }

 private:
  struct Member {
    heap::ObjectRef object;
    std::uint32_t site = 0;
    pinning::PinTicket ticket = {};  ///< if it has one of its own
    std::uint64_t bytes = 0;
  };
  struct Set {
    std::vector<Member> members;
    std::vector<pinning::Handle> handles;
    std::unique_ptr<pinning::PinShape> shape;  ///< of shapes that are a stack: one for each caller
    std::unique_ptr<pinning::Pinner> owned;    ///< of a set that can be forgotten
    std::uint64_t since = 0;
    std::uint64_t room = 0;  ///< that ask() gave, and no pin has yet
    bool is_call = false;
  };

  [[nodiscard]] bool is_call(PinsFor purpose) const;
  [[nodiscard]] Granted find_room(std::uint64_t objects, std::uint64_t bytes);
  void pin(Set& set, std::span<const PinWish> wishes, heap::ObjectRef owner);
  void pin_one(Set& set, const PinWish& wish);
  [[nodiscard]] pinning::PinShape& shape_of(Set& set) const {
    return set.shape ? *set.shape : *shared_;
  }
  void end_members(Set& set);
  void order_members(std::vector<Member>& members);
  [[nodiscard]] PinSetId take_set();

  WorkloadContext& context_;
  collector::Mutator& mutator_;
  const UseCaseOptions options_;
  heap::Random random_;
  const heap::Named<pinning::PinShape>* entry_;
  bool stacks_ = false;  ///< the shape's pins are a stack, and sets are not nested
  std::unique_ptr<pinning::PinShape> shared_;
  std::vector<std::unique_ptr<pinning::PinShape>> idle_;
  std::deque<Set> sets_;
  std::vector<PinSetId> free_;
  std::vector<std::unique_ptr<pinning::Pinner>> forgotten_;
  std::unique_ptr<HelperThread> helper_;  ///< that ends pins
  std::function<bool()> end_something_;
  std::uint64_t waited_ = 0;
};

}  // namespace pinlab::workloads
