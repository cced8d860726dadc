// The pins that a use case makes: sets of objects that are pinned together and end together, by the
// shape that pin.shape names, or by what takes its place in a control.
//
// Invariants: (1) while a set is held, and the arm is `pin`, its objects are where they were;
// (2) no set is ended twice; what was never ended is pinned until the run is over.
//
// One thread uses a keeper. It lasts as long as the run (PinPressure::keep).
#pragma once

#include "pinning/shapes/handle.hpp"
#include "pinning/shapes/pinner.hpp"
#include "workloads/use_cases/options.hpp"
#include "workloads/use_cases/use_case.hpp"
#include "workloads/workload.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
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

  /// 0 for arms that keep nothing. With an `owner` the set can be forgotten: it then ends with that
  /// object. Throws PinLimitReached.
  [[nodiscard]] PinSetId hold(std::span<const PinWish> wishes, heap::ObjectRef owner = {});
  /// Where object `index` of a set is now.
  [[nodiscard]] heap::ObjectRef object(PinSetId set, std::size_t index) const;
  /// In the order, and on the thread, that the parameters say.
  void release(PinSetId set);
  /// The program loses the set. REQUIRES one with an owner.
  void forget(PinSetId set);

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
  };
  class Helper;  ///< the other thread

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
  std::unique_ptr<Helper> helper_;
};

}  // namespace pinlab::workloads
