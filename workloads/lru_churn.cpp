// A cache of byte buffers in which random entries are replaced: every buffer lives about as long as
// every other, so that age tells nothing and survivors lie scattered. The performance benchmark:
// its loop is what an allocation and a store cost.
#include "heap/object.hpp"
#include "workloads/workload.hpp"

#include <array>
#include <vector>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

/// What a table of references can have in one object.
constexpr std::uint64_t kMostSlots = heap::Header::kFieldMax - 1;

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.slots",
     .type = ParameterType::count,
     .default_text = "600000",
     .summary = "buffers that the cache holds",
     .least = 1,
     .most = kMostSlots,
     .unit = "buffers"},
    {.name = "workload.replacements",
     .type = ParameterType::count,
     .default_text = "3000000",
     .summary = "buffers that are replaced once the cache is full",
     .unit = "buffers"},
    {.name = "workload.size_least",
     .type = ParameterType::size,
     .default_text = "64B",
     .summary = "bytes of the smallest buffer, its header apart",
     .least = 1,
     .most = heap::kMaxObjectBytes / 2},
    {.name = "workload.size_most",
     .type = ParameterType::size,
     .default_text = "1024B",
     .summary = "bytes of the largest buffer; sizes are uniform between the two",
     .least = 1,
     .most = heap::kMaxObjectBytes / 2},
    {.name = "workload.request",
     .type = ParameterType::count,
     .default_text = "1000",
     .summary = "replacements that are one scope, for pins that end with a scope",
     .least = 1,
     .unit = "buffers"},
});

/// Uniform sizes. A copy of it and of other figures lies in registers where it is used: the heap's
/// words may alias what a pointer leads to.
struct Sizes {
  std::uint64_t least;
  std::uint64_t how_many;

  [[nodiscard]] std::uint64_t draw(heap::Random& random) const {
    return least + random.below(how_many);
  }
};

/// A buffer's first byte says that it was used. Inlined, as what is measured is its cost.
[[gnu::always_inline]] inline heap::ObjectRef used(heap::ObjectRef buffer) {
  *(buffer.address() + heap::kGranuleBytes).as<std::uint8_t>() = 1;
  return buffer;
}
[[gnu::always_inline]] inline heap::ObjectRef make_buffer(collector::Mutator& mutator,
                                                          std::uint64_t bytes) {
  return used(mutator.allocate({.references = 0, .bytes = bytes}));
}

/// The tokens of slots, few of which have one: whether a slot has is a bit, which stays in the
/// cache where the tokens would not.
class SlotTokens {
 public:
  explicit SlotTokens(std::uint64_t slots) : tokens_(slots), has_((slots + 63) / 64) {}

  void put(std::uint64_t slot, PinToken token) {
    if (token != 0) {
      tokens_[slot] = token;
      has_[slot / 64] |= std::uint64_t{1} << (slot % 64);
    }
  }
  /// take() will be asked for it.
  [[gnu::always_inline]] void expect(std::uint64_t slot) const {
    if ((has_[slot / 64] & (std::uint64_t{1} << (slot % 64))) != 0) {
      __builtin_prefetch(&tokens_[slot]);
    }
  }
  /// The slot has none after; 0 where it had none.
  [[nodiscard]] PinToken take(std::uint64_t slot) {
    std::uint64_t& word = has_[slot / 64];
    const std::uint64_t bit = std::uint64_t{1} << (slot % 64);
    if ((word & bit) == 0) {
      return 0;
    }
    word &= ~bit;
    return tokens_[slot];
  }

 private:
  std::vector<PinToken> tokens_;
  std::vector<std::uint64_t> has_;
};

class LruChurn final : public Workload {
 public:
  explicit LruChurn(const heap::ParameterValues& values)
      : slots_(values.count("workload.slots")),
        replacements_(values.count("workload.replacements")),
        sizes_{values.size("workload.size_least"),
               values.size("workload.size_most") - values.size("workload.size_least") + 1},
        request_(values.count("workload.request")) {
    if (values.size("workload.size_most") < values.size("workload.size_least")) {
      throw heap::ParameterError("workload.size_least is above workload.size_most");
    }
  }

  void run(WorkloadContext& context) override {
    const heap::ObjectRef table =
        context.mutator.allocate({.references = static_cast<std::uint32_t>(slots_)});
    context.leave(table);
    if (context.pins.enabled()) {
      context.pins.use_names(names_);
      churn_with_pins(context, table);
    } else {
      churn(context, table);
    }
  }

 private:
  void churn(WorkloadContext& context, heap::ObjectRef first_table) const {
    collector::Mutator& mutator = context.mutator;
    const collector::Root table(mutator, first_table);
    heap::Random random = context.random;
    const Sizes sizes = sizes_;
    const std::uint64_t slots = slots_;
    for (std::uint64_t slot = 0; slot < slots; ++slot) {
      const heap::ObjectRef buffer = make_buffer(mutator, sizes.draw(random));
      mutator.store(table.get(), slot, buffer);
    }
    Replacement next = draw(random);
    for (std::uint64_t left = replacements_; left > 0; --left) {
      const Replacement now = next;
      next = draw(random);
      mutator.expect_store(table.get(), next.slot);
      const heap::ObjectRef buffer = make_buffer(mutator, now.bytes);
      mutator.store(table.get(), now.slot, buffer);
    }
  }

  /// The same steps and the same draws, and a token for each slot.
  void churn_with_pins(WorkloadContext& context, heap::ObjectRef first_table) const {
    collector::Mutator& mutator = context.mutator;
    PinPressure& pins = context.pins;
    const collector::Root table(mutator, first_table);
    heap::Random random = context.random;
    const Sizes sizes = sizes_;
    SlotTokens tokens(slots_);
    const auto put = [&](std::uint64_t slot, std::uint64_t bytes) {
      const heap::ObjectRef buffer =
          used(pins.allocate(mutator, {.references = 0, .bytes = bytes}));
      mutator.store(table.get(), slot, buffer);
      pins.dropped(tokens.take(slot));
      tokens.put(slot, pins.born(buffer));
    };
    for (std::uint64_t slot = 0; slot < slots_;) {
      const PinScope request(pins);
      for (std::uint64_t i = 0; i < request_ && slot < slots_; ++i, ++slot) {
        put(slot, sizes.draw(random));
      }
    }
    Replacement next = draw(random);
    for (std::uint64_t done = 0; done < replacements_;) {
      const PinScope request(pins);
      for (std::uint64_t i = 0; i < request_ && done < replacements_; ++i, ++done) {
        const Replacement now = next;
        next = draw(random);
        mutator.expect_store(table.get(), next.slot);
        tokens.expect(next.slot);
        put(now.slot, now.bytes);
      }
    }
  }

  struct Replacement {
    std::uint64_t bytes;
    std::uint64_t slot;
  };
  /// One is drawn ahead, so that the slot is fetched meanwhile: what is measured is the collector.
  [[nodiscard]] Replacement draw(heap::Random& random) const {
    const std::uint64_t bytes = sizes_.draw(random);
    return {.bytes = bytes, .slot = random.below(slots_)};
  }

  std::uint64_t slots_;
  std::uint64_t replacements_;
  Sizes sizes_;
  std::uint64_t request_;
  OneSite names_{"lru_churn buffer"};
};

}  // namespace

WorkloadEntry workload_lru_churn() {
  return {.name = "lru_churn",
          .summary = "a table of byte buffers in which random ones are replaced",
          .source = "the project's own; the peers of results/README.md run the same steps",
          .parameters = kParameters,
          .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
            return std::make_unique<LruChurn>(values);
          }};
}

}  // namespace pinlab::workloads
