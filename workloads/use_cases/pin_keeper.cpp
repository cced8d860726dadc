#include "workloads/use_cases/pin_keeper.hpp"

#include "workloads/use_cases/shape_fit.hpp"

#include <algorithm>
#include <utility>

namespace pinlab::workloads {

namespace {

constexpr std::uint64_t kOrderStream = 301;

using pinning::PinUse;

}  // namespace

PinKeeper::PinKeeper(WorkloadContext& context,
                     collector::Mutator& mutator,
                     const UseCaseOptions& options,
                     Nesting nesting)
    : context_(context),
      mutator_(mutator),
      options_(options),
      random_(context.random.fork(kOrderStream)),
      entry_(heap::find_named(pinning::pin_shapes(), context.pins.options().shape)) {
  EXPECTS(entry_ != nullptr);
  if (options_.arm != Arm::pin) {
    return;
  }
  shared_ = entry_->make();
  const std::string reason = why_inexpressible(shared_->facts(), context.pins.options(), options_);
  if (!reason.empty()) {
    throw collector::OptionsError(reason);
  }
  const bool is_stack = !shared_->facts().uses.has(PinUse::operation);
  stacks_ = is_stack && nesting == Nesting::none;
  const bool fresh = options_.age == 0 && !options_.age_old;
  if (is_stack && nesting == Nesting::stack && !fresh) {
    throw collector::OptionsError("pin.shape=" + context.pins.options().shape +
                                  " pins frame upon frame: it needs workload.age=0");
  }
  if (context.pins.options().any() &&
      context.pins.options().limit_answer == pinning::LimitAnswer::block) {
    throw collector::OptionsError(
        "pin.limit_answer=block is for the pins of a use case or for those of pin.share, pin.count "
        "and pin.rate, not for both in one run: while one waits, no time passes for the other");
  }
  shared_->open(context.runtime.pins());
  if (options_.thread == UnpinThread::other) {
    helper_ = std::make_unique<HelperThread>();
  }
}

// What the program never gave back ends with the run: no leak.
PinKeeper::~PinKeeper() {
  for (const std::unique_ptr<pinning::Pinner>& pinner : forgotten_) {
    pinner->unpin();
  }
  for (const Set& set : sets_) {
    if (set.owned) {
      set.owned->unpin();
    }
    if (set.shape) {
      set.shape->close();
    }
  }
  if (shared_) {
    shared_->close();  // of a stack the newest first, whichever set they are of
  }
}

bool PinKeeper::is_call(PinsFor purpose) const {
  return options_.arm == Arm::pin && options_.lifetime == LifetimeClass::call &&
         purpose == PinsFor::operation;
}

Granted PinKeeper::ask(std::uint64_t objects, std::uint64_t bytes, PinsFor purpose) {
  if (options_.arm != Arm::pin) {
    return Granted::pins;
  }
  if (is_call(purpose)) {
    context_.pins.room().enter_call();
  }
  try {
    const Granted granted = find_room(objects, bytes);
    if (granted == Granted::nothing && is_call(purpose)) {
      context_.pins.room().leave_call();
    }
    return granted;
  } catch (...) {
    if (is_call(purpose)) {
      context_.pins.room().leave_call();
    }
    throw;
  }
}

Granted PinKeeper::find_room(std::uint64_t objects, std::uint64_t bytes) {
  PinPressure& pins = context_.pins;
  const Granted granted = pins.room().ask(objects, bytes);
  if (granted != Granted::later) {
    return granted;
  }
  const std::uint64_t before = clock();
  for (;;) {
    const std::uint64_t seen = pins.room().ends();
    if (pins.room().take(objects)) {
      break;
    }
    const bool ended = end_something_ && end_something_();
    if (!ended && !pins.room().wait_for_end(mutator_, seen)) {
      pins.room().refuse_to_wait(objects);
    }
  }
  pins.room().count_wait(objects, clock() - before);
  return Granted::pins;
}

PinSetId PinKeeper::hold(std::span<const PinWish> wishes, heap::ObjectRef owner, PinsFor purpose) {
  if (options_.arm == Arm::copy || options_.arm == Arm::none) {
    return 0;
  }
  const PinSetId id = take_set();
  Set& set = sets_[id - 1];
  set.since = clock();
  if (options_.arm == Arm::handle) {
    for (const PinWish& wish : wishes) {
      set.handles.emplace_back(context_.runtime.pins(), wish.object);
    }
    return id;
  }
  set.is_call = is_call(purpose);
  set.room = wishes.size();
  try {
    pin(set, wishes, owner);
  } catch (...) {
    end_members(set);
    free_.push_back(id);
    throw;
  }
  return id;
}

void PinKeeper::pin(Set& set, std::span<const PinWish> wishes, heap::ObjectRef owner) {
  if (owner) {
    set.owned = std::make_unique<pinning::Pinner>(context_.runtime.pins(), owner);
  } else if (stacks_) {
    if (idle_.empty()) {
      idle_.push_back(entry_->make());
      idle_.back()->open(context_.runtime.pins());
    }
    set.shape = std::move(idle_.back());
    idle_.pop_back();
  }
  for (const PinWish& wish : wishes) {
    pin_one(set, wish);
  }
}

void PinKeeper::pin_one(Set& set, const PinWish& wish) {
  const std::uint64_t bytes = wish.object.bytes();
  --set.room;
  const pinning::SiteId site = context_.pins.count_made(wish.site, bytes);
  if (wish.access == Access::writes) {
    context_.runtime.pins().sites().expect_foreign_writes(site);
  }
  // In the set before it is pinned: what fails after this ends with the set.
  Member& member = set.members.emplace_back(Member{wish.object, wish.site, {}, bytes});
  if (set.owned) {
    set.owned->pin(wish.object, site);
  } else if (options_.together && shared_->facts().is_set && set.members.size() > 1) {
    shape_of(set).add(set.members.front().ticket, wish.object, site);
  } else {
    member.ticket = shape_of(set).pin(wish.object, site);
  }
}

heap::ObjectRef PinKeeper::object(PinSetId id, std::size_t index) const {
  const Set& set = sets_[id - 1];
  return options_.arm == Arm::handle ? set.handles[index].get() : set.members[index].object;
}

void PinKeeper::order_members(std::vector<Member>& members) {
  if (options_.order == UnpinOrder::fifo) {
    std::ranges::reverse(members);  // the last of the vector ends first
  } else if (options_.order == UnpinOrder::random) {
    for (std::size_t i = members.size(); i > 1; --i) {
      std::swap(members[i - 1], members[random_.below(i)]);
    }
  }
}

void PinKeeper::release(PinSetId id) {
  if (id == 0) {
    return;
  }
  Set& set = sets_[id - 1];
  set.handles.clear();
  order_members(set.members);
  if (helper_ != nullptr) {
    helper_->call(mutator_, [&] {
      for (auto member = set.members.rbegin(); member != set.members.rend(); ++member) {
        if (member->ticket) {
          shape_of(set).unpin(std::exchange(member->ticket, {}));
        }
      }
    });
  }
  end_members(set);
  free_.push_back(id);
}

void PinKeeper::end_members(Set& set) {
  const std::uint64_t lasted = clock() - set.since;
  while (!set.members.empty()) {
    const Member member = set.members.back();
    set.members.pop_back();
    if (member.ticket) {
      shape_of(set).unpin(member.ticket);
    }
    context_.pins.count_ended(member.site, member.bytes, lasted);
  }
  if (set.owned) {
    set.owned->unpin();
    set.owned.reset();
  }
  if (set.shape) {
    idle_.push_back(std::move(set.shape));
  }
  if (set.room > 0) {
    context_.pins.room().give_back(std::exchange(set.room, 0));
  }
  if (std::exchange(set.is_call, false)) {
    context_.pins.room().leave_call();
  }
}

// The pins are the collector's to end, and the call, if it was one, is over.
void PinKeeper::forget(PinSetId id) {
  Set& set = sets_[id - 1];
  EXPECTS(set.owned != nullptr);
  forgotten_.push_back(std::move(set.owned));
  set.members.clear();
  if (std::exchange(set.is_call, false)) {
    context_.pins.room().leave_call();
  }
  free_.push_back(id);
}

PinSetId PinKeeper::take_set() {
  if (free_.empty()) {
    sets_.emplace_back();
    return static_cast<PinSetId>(sets_.size());
  }
  const PinSetId id = free_.back();
  free_.pop_back();
  return id;
}

}  // namespace pinlab::workloads
