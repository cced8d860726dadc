// W8: thousands of guards that are set and released at random, each of which stored the address of
// its object in foreign memory: go-ceph's stress test of PtrGuard. A slot of foreign memory leads
// to its object while the guard is set, and is null when it is not.
#include "workloads/use_cases/background.hpp"
#include "workloads/use_cases/pin_keeper.hpp"

#include <array>
#include <string>
#include <vector>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

constexpr std::uint64_t kLeastBytes = 8;
constexpr std::uint64_t kMostBytes = 64;
constexpr std::uint64_t kBetweenSteps = 512;  ///< bytes that the rest of the program allocates
constexpr std::uint64_t kBackgroundStream = 3;
constexpr std::array<std::string_view, 2> kArms = {"pin", "none"};

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.guards",
     .type = ParameterType::count,
     .default_text = "20000",
     .summary = "guards, and slots of foreign memory",
     .least = 1,
     .most = 1U << 24U,
     .unit = "guards"},
    {.name = "workload.steps",
     .type = ParameterType::count,
     .default_text = "100000",
     .summary = "random guards that are set if they were not, or released",
     .least = 1,
     .unit = "steps"},
    {.name = "workload.check_every",
     .type = ParameterType::count,
     .default_text = "100",
     .summary = "steps between two looks at every slot; 1, as in go-ceph, is slow",
     .least = 1,
     .unit = "steps"},
    {.name = "workload.guarded",
     .type = ParameterType::word,
     .default_text = "pin",
     .summary = "whether a guard pins its object, or, as a control, only keeps it",
     .choices = kArms},
    kBackgroundParameter,
});

class Guards final : public Workload {
 public:
  explicit Guards(const heap::ParameterValues& values)
      : guards_(values.count("workload.guards")),
        steps_(values.count("workload.steps")),
        check_every_(values.count("workload.check_every")),
        live_(values.size("workload.live")) {
    options_.arm = values.word("workload.guarded") == "pin" ? Arm::pin : Arm::none;
  }

  void run(WorkloadContext& context) override {
    context.pins.use_names(names_);
    heap::Random random = context.random;
    const auto pins = std::make_shared<PinKeeper>(context, context.mutator, options_);
    context.pins.keep(pins);
    Background background(context.mutator, &context.pins, random.fork(kBackgroundStream), live_);
    const ManagedTable objects(context.mutator, guards_);
    context.leave(objects.directory());
    std::vector<Slot> foreign(guards_);
    for (std::uint64_t step = 1; step <= steps_; ++step) {
      toggle(context, *pins, objects, foreign, random);
      background.allocate_until(context.mutator.clock() + kBetweenSteps);
      if (step % check_every_ == 0) {
        check(objects, foreign);
      }
    }
    check(objects, foreign);
    for (Slot& slot : foreign) {
      release(*pins, slot);
    }
  }

 private:
  /// Foreign memory: where the object is, and what its first word was.
  struct Slot {
    heap::ObjectRef object;
    std::uint64_t mark = 0;  ///< 0: the guard is not set
    PinSetId set = 0;
  };

  void toggle(WorkloadContext& context,
              PinKeeper& pins,
              const ManagedTable& objects,
              std::vector<Slot>& foreign,
              heap::Random& random) const {
    const std::uint64_t place = random.below(guards_);
    Slot& slot = foreign[place];
    if (slot.mark != 0) {
      release(pins, slot);
      objects.set(place, {});
      return;
    }
    const std::uint64_t bytes = kLeastBytes + random.below(kMostBytes - kLeastBytes + 1);
    const heap::ObjectRef object = context.mutator.allocate({.references = 0, .bytes = bytes});
    slot.mark = random.next() | 1U;
    object.slot(0).word() = slot.mark;
    objects.set(place, object);
    const PinWish wish{.object = object};
    slot.set = pins.hold({&wish, 1});
    slot.object = object;
  }

  static void release(PinKeeper& pins, Slot& slot) {
    pins.release(slot.set);
    slot = {};
  }

  void check(const ManagedTable& objects, const std::vector<Slot>& foreign) const {
    for (std::uint64_t place = 0; place < guards_; ++place) {
      const Slot& slot = foreign[place];
      const heap::ObjectRef object = objects.get(place);
      const bool same = slot.set == 0 || slot.object == object;
      if (static_cast<bool>(object) != (slot.mark != 0) || !same ||
          (object && object.slot(0).word() != slot.mark)) {
        throw WrongBytes("guards: slot " + std::to_string(place) +
                         " of foreign memory does not lead to its object");
      }
    }
  }

  UseCaseOptions options_;
  std::uint64_t guards_;
  std::uint64_t steps_;
  std::uint64_t check_every_;
  std::uint64_t live_;
  OneSite names_{"guards guard"};
};

}  // namespace

WorkloadEntry workload_guards() {
  return {.name = "guards",
          .summary = "W8: thousands of guards set and released at random",
          .source = "ansiwen's PtrGuard; the stress test of go-ceph",
          .parameters = kParameters,
          .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
            return std::make_unique<Guards>(values);
          }};
}

}  // namespace pinlab::workloads
