// A program about which everything is known: a table of global roots, each with one object or none,
// pinned or not. For tests that predict to the byte what a collection does.
#pragma once

#include "heap/support/random.hpp"
#include "collector/runtime.hpp"
#include "collector/tests/lisp2_oracle.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <vector>

namespace pinlab::collector::tests {

/// Everything is born old, and a full collection moves all that may move.
[[nodiscard]] inline Options born_old(std::uint64_t heap_max, std::uint64_t heap_block) {
  Options options;
  options.heap_max = heap_max;
  options.heap_block = heap_block;
  options.nursery_size = 0;
  options.gap_min = heap::kGranuleBytes;
  options.compact_effort = CompactEffort::exhaustive;
  options.verify = VerifyLevel::full;
  options.verify_when = VerifyWhen::before_after;
  return options;
}

/// Apart: in the pinned space.
enum class Birth : std::uint8_t { anywhere, apart };

class PinnedTable final : public PauseObserver {
 public:
  PinnedTable(const Options& options, std::size_t rows, std::uint64_t seed)
      : runtime_(options), mutator_(runtime_.attach()), random_(seed), rows_(rows) {
    for (Row& row : rows_) {
      row.global = runtime_.globals().add({});
    }
    runtime_.add_observer(*this);
  }

  [[nodiscard]] Runtime& runtime() { return runtime_; }
  [[nodiscard]] Mutator& mutator() { return *mutator_; }
  [[nodiscard]] heap::Random& random() { return random_; }
  [[nodiscard]] std::size_t rows() const { return rows_.size(); }
  [[nodiscard]] std::size_t any_row() { return random_.below(rows_.size()); }

  [[nodiscard]] heap::ObjectRef object(std::size_t row) {
    return runtime_.globals().get(rows_[row].global);
  }
  [[nodiscard]] bool is_pinned(std::size_t row) const { return rows_[row].pin != nullptr; }
  [[nodiscard]] std::size_t pinned_rows() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(rows_, [](const Row& row) { return row.pin != nullptr; }));
  }

  /// The row's object and its pin are gone, and a new object is there, every byte of it known.
  void make(std::size_t row, heap::Shape shape, Birth birth = Birth::anywhere) {
    drop(row);
    const heap::ObjectRef object =
        birth == Birth::apart ? mutator_->allocate_apart(shape) : mutator_->allocate(shape);
    const heap::Address limit = object.range().limit;
    for (heap::Address a = object.slot(object.references()); a < limit; a += heap::kGranuleBytes) {
      a.word() = random_.next();
    }
    runtime_.globals().set(rows_[row].global, object);
  }
  void drop(std::size_t row) {
    rows_[row].pin.reset();
    runtime_.globals().set(rows_[row].global, {});
  }
  void pin(std::size_t row) {
    if (object(row) && !is_pinned(row)) {
      rows_[row].pin =
          std::make_unique<pinning::PinSet>(runtime_.pins(), pinning::Liveness::strong);
      rows_[row].pin->pin(object(row), 0);
    }
  }
  void unpin(std::size_t row) { rows_[row].pin.reset(); }
  /// A random slot of one row's object refers to another row's.
  void link(std::size_t from, std::size_t to) {
    const heap::ObjectRef holder = object(from);
    if (holder && holder.references() > 0) {
      mutator_->store(holder, random_.below(holder.references()), object(to));
    }
  }

  /// A word points into the row's object from now on, whatever becomes of the row.
  void point_into(std::size_t row) {
    if (const heap::ObjectRef object = this->object(row)) {
      const heap::Address inside = object.address() + random_.below(object.bytes());
      words_.push_back({runtime_.ambiguous().add(inside.value()), object});
    }
  }
  void end_word() {
    if (!words_.empty()) {
      runtime_.ambiguous().end(words_.back().index);
      words_.pop_back();
    }
  }
  /// Nobody can update the slots of the row's object any more.
  void make_parent(std::size_t row) {
    if (object(row)) {
      static_cast<void>(runtime_.pins().parents().mark(object(row)));
    }
  }

  /// A full collection; by default one that moves all that may move.
  const PauseReport& collect(CompactEffort effort = CompactEffort::exhaustive) {
    mutator_->collect_full(effort);
    return last_;
  }
  [[nodiscard]] std::uint64_t top() { return runtime_.census(*mutator_).top; }

  /// What the rows reach, by a trace of its own; ascending.
  [[nodiscard]] std::set<heap::Address> live() {
    std::set<heap::Address> seen;
    std::vector<heap::ObjectRef> stack;
    const auto reach = [&](heap::ObjectRef object) {
      if (object && seen.insert(object.address()).second) {
        stack.push_back(object);
      }
    };
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      reach(object(row));
    }
    for (const Word& word : words_) {
      reach(word.object);
    }
    while (!stack.empty()) {
      const heap::ObjectRef object = stack.back();
      stack.pop_back();
      for (std::size_t i = 0; i < object.references(); ++i) {
        reach(object.load(i));
      }
    }
    return seen;
  }
  [[nodiscard]] std::uint64_t live_bytes() {
    std::uint64_t bytes = 0;
    for (const heap::Address address : live()) {
      bytes += heap::ObjectRef(address).bytes();
    }
    return bytes;
  }
  /// What may not move: pins, what words point into, what these lead to, and children of parents.
  [[nodiscard]] std::set<heap::Address> immovable() {
    std::set<heap::Address> still;
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      if (is_pinned(row)) {
        still.insert(object(row).address());
      }
    }
    for (const Word& word : words_) {
      still.insert(word.object.address());
    }
    for (std::uint32_t depth = 0; depth < runtime_.options().pin_transitive; ++depth) {
      const std::size_t before = still.size();
      for (const heap::Address address : std::set(still)) {
        add_children(heap::ObjectRef(address), still);
      }
      if (still.size() == before) {
        break;
      }
    }
    for (const heap::Address address : live()) {
      if (runtime_.pins().parents().is_marked(heap::ObjectRef(address))) {
        add_children(heap::ObjectRef(address), still);
      }
    }
    return still;
  }

  /// Every block of the heap with what is alive in it.
  [[nodiscard]] Snapshot snapshot() {
    const std::set<heap::Address> still = immovable();
    Snapshot snapshot;
    for (std::uint32_t i = 0; i < runtime_.heap().block_count(); ++i) {
      snapshot.push_back({runtime_.heap().range_of(heap::Block{i}), {}});
    }
    for (const heap::Address address : live()) {
      if (runtime_.heap().blocks_range().contains(address)) {
        snapshot[heap::index_of(runtime_.heap().block_of(address))].objects.push_back(
            {address, heap::ObjectRef(address).bytes(), still.contains(address)});
      }
    }
    return snapshot;
  }

  void paused(const PauseReport& report) override { last_ = report; }

 private:
  struct Row {
    std::uint32_t global = 0;
    std::unique_ptr<pinning::PinSet> pin;  ///< of the object that is in the row
  };

  struct Word {
    std::uint32_t index = 0;
    heap::ObjectRef object;
  };

  static void add_children(heap::ObjectRef object, std::set<heap::Address>& children) {
    for (std::size_t slot = 0; slot < object.references(); ++slot) {
      if (const heap::ObjectRef child = object.load(slot)) {
        children.insert(child.address());
      }
    }
  }

  Runtime runtime_;
  std::unique_ptr<Mutator> mutator_;
  heap::Random random_;
  std::vector<Row> rows_;
  std::vector<Word> words_;
  PauseReport last_;
};

}  // namespace pinlab::collector::tests
