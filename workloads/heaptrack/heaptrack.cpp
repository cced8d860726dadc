// The replay of a program's heap: its allocations and frees, in its order, with its sizes and its
// call stacks. An object is a header, its references if the trace has any, and its bytes, held by a
// slot of a managed table; a free clears the slot. Pins in the trace are sets of their own; those
// of the parameters pin.* come on top.
#include "pinning/pin_holder.hpp"
#include "workloads/heaptrack/event_recorder.hpp"
#include "workloads/heaptrack/trace.hpp"
#include "workloads/managed_table.hpp"
#include "workloads/workload.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

/// Of the pins that a trace makes itself.
constexpr pinning::HolderRule kPinRule = {.shape = "trace",
                                          .when_lost = pinning::WhenLost::released};

constexpr std::array<std::string_view, 3> kOrders = {"fifo", "lifo", "random"};

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.trace",
     .type = ParameterType::text,
     .default_text = "",
     .summary = "the recorded heap: heaptrack's, raw or interpreted, pinlab's text form, or a .rep "
                "file of CS:APP; plain, gzip or zstd; must be given"},
    {.name = "workload.names",
     .type = ParameterType::text,
     .default_text = "",
     .summary = "an interpreted recording of the same program, which gives a raw one its names"},
    {.name = "workload.free_order",
     .type = ParameterType::word,
     .default_text = "fifo",
     .summary = "which object dies when an interpreted recording frees one of a class",
     .choices = kOrders},
    {.name = "workload.rounds",
     .type = ParameterType::count,
     .default_text = "1",
     .summary = "how often it is replayed; what a round leaves behind is dropped before the next",
     .least = 1,
     .unit = "rounds"},
});

Trace read(const heap::ParameterValues& values) {
  const std::string& path = values.text("workload.trace");
  if (path.empty()) {
    throw heap::ParameterError("workload=heaptrack needs workload.trace=FILE");
  }
  const std::string_view word = values.word("workload.free_order");
  const FreeOrder order = word == "fifo"   ? FreeOrder::fifo
                          : word == "lifo" ? FreeOrder::lifo
                                           : FreeOrder::random;
  const std::uint64_t seed = values.find("seed") != nullptr ? values.count("seed") : 1;
  return read_trace(path, order, seed, values.text("workload.names"));
}

/// Names are not unique in a trace, so that they get the site's number; stacks are.
class TraceNames final : public SiteNames {
 public:
  explicit TraceNames(const Trace& trace) : trace_(trace) {}
  [[nodiscard]] std::string name(std::uint32_t site) const override {
    return trace_.site_name(site) + " #" + std::to_string(site);
  }
  [[nodiscard]] std::string stack(std::uint32_t site) const override {
    return trace_.site_stack(site);
  }

 private:
  const Trace& trace_;
};

/// One object of the recorded program, from outside the heap.
struct Occupant {
  std::uint64_t mark = 0;  ///< what its first word must hold
  PinToken token = 0;
};

class Replay {
 public:
  Replay(WorkloadContext& context, const Trace& trace)
      : context_(context),
        trace_(trace),
        table_(context.mutator, trace.slots()),
        occupants_(trace.slots()),
        pins_(trace.totals().peak_pins) {
    context.leave(table_.directory());
  }

  void replay_once() {
    for (const TraceEvent& event : trace_.events()) {
      switch (event.kind) {
        case TraceEvent::Kind::allocate:
          allocate(event);
          break;
        case TraceEvent::Kind::free:
          free(event);
          break;
        case TraceEvent::Kind::link:
          link(event);
          break;
        case TraceEvent::Kind::pin:
          pins_[event.size].emplace(context_.runtime.pins(), kPinRule);
          pins_[event.size]->pin(table_.get(event.slot), site_of(event.site));
          break;
        case TraceEvent::Kind::unpin:
          pins_[event.size].reset();
          break;
      }
    }
  }

  /// Drops what the recorded program never freed.
  void clear() {
    std::ranges::for_each(pins_, [](auto& pin) { pin.reset(); });
    for (std::uint32_t slot = 0; slot < occupants_.size(); ++slot) {
      if (const heap::ObjectRef object = table_.get(slot)) {
        context_.live.dropped(object.bytes());
      }
      table_.set(slot, {});
      context_.pins.dropped(occupants_[slot].token);
      occupants_[slot].token = 0;
    }
  }

 private:
  void allocate(const TraceEvent& event) {
    const heap::ObjectRef object = context_.pins.allocate(
        context_.mutator, {.references = event.references, .bytes = event.size}, event.site);
    Occupant& occupant = occupants_[event.slot];
    occupant.mark = ++mark_;
    if (event.size >= sizeof(std::uint64_t)) {
      object.slot(event.references).word() = occupant.mark;
    }
    table_.set(event.slot, object);
    context_.live.born(object.bytes());
    occupant.token = context_.pins.born(object, event.site);
  }

  void free(const TraceEvent& event) {
    const heap::ObjectRef object = table_.get(event.slot);
    Occupant& occupant = occupants_[event.slot];
    const heap::Shape shape = {event.references, event.size};
    const bool same_size = object && object.bytes() == shape.object_bytes();
    const bool marked = event.size >= sizeof(std::uint64_t);
    if (!same_size || (marked && object.slot(event.references).word() != occupant.mark)) {
      throw std::logic_error("heaptrack: the object of slot " + std::to_string(event.slot) +
                             " is no longer the one that allocation " +
                             std::to_string(occupant.mark) + " made");
    }
    context_.live.dropped(object.bytes());
    table_.set(event.slot, {});
    context_.pins.dropped(occupant.token);
    occupant.token = 0;
  }

  void link(const TraceEvent& event) {
    const bool null = event.size == EventRecorder::kNothing;
    const heap::ObjectRef target =
        null ? heap::ObjectRef() : table_.get(static_cast<std::uint32_t>(event.size));
    context_.mutator.store(table_.get(event.slot), event.references, target);
  }

  pinning::SiteId site_of(std::uint32_t site) {
    return context_.runtime.pins().sites().intern(trace_.site_name(site) + " #" +
                                                  std::to_string(site));
  }

  WorkloadContext& context_;
  const Trace& trace_;
  ManagedTable table_;
  std::vector<Occupant> occupants_;
  std::vector<std::optional<pinning::PinHolder>> pins_;  ///< those of the trace, by number
  std::uint64_t mark_ = 0;
};

class Heaptrack final : public Workload {
 public:
  explicit Heaptrack(const heap::ParameterValues& values)
      : trace_(read(values)), rounds_(values.count("workload.rounds")), names_(trace_) {}

  void run(WorkloadContext& context) override {
    if (trace_.totals().largest_bytes > heap::kMaxObjectBytes - heap::kGranuleBytes) {
      throw collector::HeapExhausted("the trace allocates " +
                                     std::to_string(trace_.totals().largest_bytes) +
                                     " bytes at once, more than an object can have");
    }
    context.pins.use_names(names_);
    Replay replay(context, trace_);
    replay.replay_once();
    for (std::uint64_t round = 1; round < rounds_; ++round) {
      replay.clear();
      replay.replay_once();
    }
  }

 private:
  Trace trace_;
  std::uint64_t rounds_;
  TraceNames names_;
};

}  // namespace

WorkloadEntry workload_heaptrack() {
  return {.name = "heaptrack",
          .summary =
              "the allocations and frees of a real program, as heaptrack recorded them, or as a "
              "text says",
          .source = "KDE heaptrack 1.4, file version 3; CS:APP, malloc lab",
          .parameters = kParameters,
          .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
            return std::make_unique<Heaptrack>(values);
          }};
}

}  // namespace pinlab::workloads
