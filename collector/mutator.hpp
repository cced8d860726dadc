// What one thread of the program holds: its allocation cursor and its roots. One for each thread
// from the start; everything hot is inlined here and is the same under every plan.
//
// Invariants: (1) memory in [cursor, limit) of its cursors belongs to this mutator alone, and
// where it is old its cards are dirty, so that a new object's first references need no barrier; (2)
// every reference that the thread keeps across an allocation or a poll lies in a Root, a Global or
// the heap; (3) a store of a reference into an object goes through store(), which dirties its card.
#pragma once

#include "heap/bump_cursor.hpp"
#include "heap/object.hpp"
#include "collector/options.hpp"

#include <array>
#include <atomic>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace pinlab::collector {

class Root;
class Runtime;

/// Made by Runtime::attach(), on the thread that uses it; ends with its scope.
class Mutator {
 public:
  Mutator(const Mutator&) = delete;
  Mutator& operator=(const Mutator&) = delete;
  ~Mutator();

  /// A new object: its first references are those given, which may have been held outside roots
  /// until now, its other slots null and its bytes zero. Any other reference held outside roots is
  /// stale after. Throws HeapExhausted.
  template <std::same_as<heap::ObjectRef>... Refs>
  [[nodiscard]] heap::ObjectRef allocate(heap::Shape shape, Refs... references) {
    INVARIANT(sizeof...(Refs) <= shape.references);
    const std::size_t bytes = shape.object_bytes();
    const heap::Address object = cursor_.cursor;
    if (bytes > cursor_.limit - object) [[unlikely]] {
      return allocate_slow(shape, references...);
    }
    cursor_.reach(object + bytes);
    const heap::ObjectRef made = initialise(object, shape);
    [[maybe_unused]] std::size_t index = 0;
    ((made.slot(index++).word() = references.address().value()), ...);
    return made;
  }

  /// The same in the pinned space, where it stays until it dies, pinned or not, and is old from the
  /// first; a large object is no other than a large one. REQUIRES a pinned space:
  /// Options::pin_placement.
  template <std::same_as<heap::ObjectRef>... Refs>
  [[nodiscard]] heap::ObjectRef allocate_apart(heap::Shape shape, Refs... references) {
    INVARIANT(sizeof...(Refs) <= shape.references);
    const std::array<heap::ObjectRef, sizeof...(Refs)> first{references...};
    return make_apart(shape, first);
  }

  /// The write barrier: a store, and a dirty card whatever was stored.
  void store(heap::ObjectRef holder, std::size_t index, heap::ObjectRef value) const {
    const heap::Address slot = holder.slot(index);
    slot.word() = value.address().value();
    // Two threads may dirty one card at once.
    std::atomic_ref(*heap::Address(cards_ + (slot.value() >> heap::kLineShift)).as<std::uint8_t>())
        .store(1, std::memory_order_relaxed);
  }

  /// A store to this slot will follow: its memory and its card are fetched meanwhile.
  [[gnu::always_inline]] void expect_store(heap::ObjectRef holder, std::size_t index) const {
    const heap::Address slot = holder.slot(index);
    __builtin_prefetch(slot.as<void>(), 1);
    __builtin_prefetch(heap::Address(cards_ + (slot.value() >> heap::kLineShift)).as<void>(), 1);
  }

  /// The same where `value` may come from an allocation: the holder is read after it, in whatever
  /// order a compiler evaluates arguments.
  void store(const Root& holder, std::size_t index, heap::ObjectRef value) const;

  /// Where this thread may be stopped, if it allocates nothing for long.
  void poll();
  void collect_young();
  /// `exhaustive` moves all that can move, whatever it costs.
  void collect_full(CompactEffort effort = CompactEffort::adaptive);

  /// Bytes that this thread has allocated.
  [[nodiscard]] std::uint64_t clock() const {
    return retired_ + cursor_.filled().bytes() + apart_.filled().bytes();
  }
  [[nodiscard]] Runtime& runtime() const { return runtime_; }

 private:
  friend class Runtime;  // stops it, fills its cursor, visits its roots
  friend class Root;

  explicit Mutator(Runtime& runtime);
  /// Zeroes here, not when the cursor is refilled: what is written at once need not be zeroed
  /// first, and the compiler sees it where the shape is a constant.
  static heap::ObjectRef initialise(heap::Address object, heap::Shape shape) {
    constexpr std::size_t kInlineBytes = 64;
    constexpr std::size_t kAhead = 512;
    const std::size_t bytes = shape.object_bytes();
    object.word() = heap::Header(bytes >> heap::kGranuleShift, shape.references).word();
    if (bytes <= kInlineBytes) {
      // Of large objects the processor sees by itself where writes go.
      __builtin_prefetch((object + kAhead).as<void>(), 1);
      for (std::size_t at = heap::kGranuleBytes; at < bytes; at += heap::kGranuleBytes) {
        (object + at).word() = 0;
      }
    } else {
      std::memset((object + heap::kGranuleBytes).as<void>(), 0, bytes - heap::kGranuleBytes);
    }
    return heap::ObjectRef(object);
  }
  heap::ObjectRef allocate_slow(heap::Shape shape);
  template <std::same_as<heap::ObjectRef>... Refs>
  [[gnu::noinline]] heap::ObjectRef allocate_slow(heap::Shape shape, Refs... references) {
    return allocate_slow(shape, std::to_array<heap::ObjectRef>({references...}));
  }
  heap::ObjectRef allocate_slow(heap::Shape shape, std::span<const heap::ObjectRef> references);
  heap::ObjectRef make_apart(heap::Shape shape);
  heap::ObjectRef make_apart(heap::Shape shape, std::span<const heap::ObjectRef> references);
  /// What `make` allocates, with its first references, which it may move.
  template <class Make>
  heap::ObjectRef with_references(std::span<const heap::ObjectRef> references, Make&& make);

  heap::BumpCursor cursor_;
  std::uintptr_t cards_;  ///< card of address a: cards_ + (a >> kLineShift)
  std::uintptr_t* root_top_;
  std::uintptr_t* root_limit_;
  Runtime& runtime_;
  heap::BumpCursor apart_;  ///< in the pinned space
  std::uint64_t retired_ = 0;
  std::vector<std::uintptr_t> root_stack_;
};

/// A reference on this thread's stack that collections see and update. Ends in reverse order of
/// making.
class Root {
 public:
  explicit Root(Mutator& mutator, heap::ObjectRef object = {})
      : mutator_(mutator), slot_(mutator.root_top_) {
    EXPECTS(slot_ != mutator.root_limit_);
    *slot_ = object.address().value();
    mutator.root_top_ = slot_ + 1;
  }
  Root(const Root&) = delete;
  Root& operator=(const Root&) = delete;
  ~Root() { mutator_.root_top_ = slot_; }

  [[nodiscard]] heap::ObjectRef get() const { return heap::ObjectRef(heap::Address(*slot_)); }
  void set(heap::ObjectRef object) { *slot_ = object.address().value(); }

 private:
  Mutator& mutator_;
  std::uintptr_t* slot_;
};

inline void Mutator::store(const Root& holder, std::size_t index, heap::ObjectRef value) const {
  store(holder.get(), index, value);
}

}  // namespace pinlab::collector
