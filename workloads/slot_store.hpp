// Slots that hold one object each, as a program of malloc and free has its pointers: the object
// lives while a slot holds it. Keeps the pins and the count of live bytes told.
//
// It lives on the stack of the mutator's thread: its table holds a Root.
#pragma once

#include "workloads/managed_table.hpp"
#include "workloads/workload.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace pinlab::workloads {

class SlotStore {
 public:
  /// The table stays when the program has ended.
  SlotStore(WorkloadContext& context, std::uint64_t slots)
      : context_(context), table_(context.mutator, slots), tokens_(slots) {
    context.leave(table_.directory());
  }

  /// Frees what the slot holds, then allocates into it.
  void allocate(std::uint64_t slot, heap::Shape shape, std::uint32_t site = 0) {
    free(slot);
    const heap::ObjectRef object = context_.pins.allocate(context_.mutator, shape, site);
    table_.set(slot, object);
    context_.live.born(object.bytes());
    tokens_[slot] = context_.pins.born(object, site);
  }

  void free(std::uint64_t slot) {
    if (const heap::ObjectRef object = table_.get(slot)) {
      context_.live.dropped(object.bytes());
      context_.pins.dropped(std::exchange(tokens_[slot], 0));
      table_.set(slot, {});
    }
  }

  void swap(std::uint64_t a, std::uint64_t b) {
    const heap::ObjectRef object = table_.get(a);
    table_.set(a, table_.get(b));
    table_.set(b, object);
    std::swap(tokens_[a], tokens_[b]);
  }

  [[nodiscard]] bool holds(std::uint64_t slot) const { return static_cast<bool>(get(slot)); }
  [[nodiscard]] heap::ObjectRef get(std::uint64_t slot) const { return table_.get(slot); }
  [[nodiscard]] std::uint64_t slots() const { return tokens_.size(); }

 private:
  WorkloadContext& context_;
  ManagedTable table_;
  std::vector<PinToken> tokens_;
};

/// A count of a program's own things.
[[nodiscard]] constexpr heap::Parameter count_parameter(std::string_view name,
                                                        std::string_view default_text,
                                                        std::string_view summary,
                                                        std::string_view unit,
                                                        std::uint64_t most = std::uint64_t{1}
                                                                             << 32U) {
  return {.name = name,
          .type = heap::ParameterType::count,
          .default_text = default_text,
          .summary = summary,
          .least = 1,
          .most = most,
          .unit = unit};
}

}  // namespace pinlab::workloads
