// W11: objects whose address is their identity: a hash table that is keyed by address. Pinned, they
// keep it; not pinned, the table has to be made anew after each collection, which is the control.
#include "workloads/use_cases/background.hpp"
#include "workloads/use_cases/pin_keeper.hpp"

#include <array>
#include <string>
#include <unordered_map>
#include <vector>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

constexpr std::uint64_t kBetweenLookups = 4096;  ///< bytes that the rest of the program allocates
constexpr std::uint64_t kBackgroundStream = 3;
constexpr std::array<std::string_view, 2> kArms = {"pin", "rehash"};

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.keys",
     .type = ParameterType::count,
     .default_text = "1000",
     .summary = "objects in the table",
     .least = 1,
     .most = 1U << 24U,
     .unit = "objects"},
    {.name = "workload.lookups",
     .type = ParameterType::count,
     .default_text = "50000",
     .summary = "random objects that are looked up by their address",
     .least = 1,
     .unit = "look-ups"},
    {.name = "workload.identity",
     .type = ParameterType::word,
     .default_text = "pin",
     .summary = "whether keys are pinned, or, as a control, the table is made anew after each "
                "collection",
     .choices = kArms},
    kBackgroundParameter,
});

class AddressKeys final : public Workload {
 public:
  explicit AddressKeys(const heap::ParameterValues& values)
      : keys_(values.count("workload.keys")),
        lookups_(values.count("workload.lookups")),
        live_(values.size("workload.live")) {
    options_.arm = values.word("workload.identity") == "pin" ? Arm::pin : Arm::none;
    options_.lifetime = LifetimeClass::process;
  }

  void run(WorkloadContext& context) override {
    context.pins.use_names(names_);
    heap::Random random = context.random;
    const auto pins = std::make_shared<PinKeeper>(context, context.mutator, options_);
    context.pins.keep(pins);
    Background background(context.mutator, &context.pins, random.fork(kBackgroundStream), live_);
    const ManagedTable objects(context.mutator, keys_);
    context.leave(objects.directory());
    for (std::uint64_t key = 0; key < keys_; ++key) {
      const heap::ObjectRef object = context.mutator.allocate(
          {.references = 0, .bytes = sizeof(std::uint64_t) + draw_object_size(random)});
      object.slot(0).word() = key;
      objects.set(key, object);
      const PinWish wish{.object = object};
      static_cast<void>(pins->hold({&wish, 1}));
    }
    Table table = hashed(objects);
    std::uint64_t collections = context.runtime.collections();
    for (std::uint64_t i = 0; i < lookups_; ++i) {
      background.allocate_until(context.mutator.clock() + kBetweenLookups);
      if (options_.arm == Arm::none && collections != context.runtime.collections()) {
        collections = context.runtime.collections();
        table = hashed(objects);
      }
      const std::uint64_t key = random.below(keys_);
      const auto found = table.find(objects.get(key).address().value());
      if (found == table.end() || found->second != key || objects.get(key).slot(0).word() != key) {
        throw WrongBytes("address_keys: the address of object " + std::to_string(key) +
                         " is no longer its own");
      }
    }
  }

 private:
  using Table = std::unordered_map<std::uintptr_t, std::uint64_t>;

  [[nodiscard]] Table hashed(const ManagedTable& objects) const {
    Table table;
    for (std::uint64_t key = 0; key < keys_; ++key) {
      table.emplace(objects.get(key).address().value(), key);
    }
    return table;
  }

  UseCaseOptions options_;
  std::uint64_t keys_;
  std::uint64_t lookups_;
  std::uint64_t live_;
  OneSite names_{"address_keys key"};
};

}  // namespace

WorkloadEntry workload_address_keys() {
  return {.name = "address_keys",
          .summary = "W11: a hash table keyed by the addresses of pinned objects",
          .source = "Go's fmtsort and hexdump tests (#49431, 9c2ab20d48)",
          .parameters = kParameters,
          .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
            return std::make_unique<AddressKeys>(values);
          }};
}

}  // namespace pinlab::workloads
