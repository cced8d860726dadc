// Pins that end when the program says so: a set of them, or one, with a rule for what becomes of
// pins that are lost.
//
// Invariants: (1) an object pinned n times by a holder, and not since unpinned by it, has n in its
// count from this holder; (2) a holder that ended, or was closed, holds no pins. One thread uses a
// holder at a time, but for close(); holders of other threads may pin the same objects meanwhile.
#pragma once

#include "heap/object.hpp"
#include "pinning/pin_registry.hpp"
#include "pinning/pin_set.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace pinlab::pinning {

/// What becomes of the pins of a holder that ends, or that nobody reaches, with pins in it.
enum class WhenLost : std::uint8_t {
  reported,  ///< they end, and that is a leak
  released,  ///< they end in silence
  kept,      ///< they last for ever, which shows as memory that is never free
};

/// What makes a holder that of a shape.
struct HolderRule {
  std::string_view shape;  ///< for errors
  WhenLost when_lost = WhenLost::reported;
  std::optional<Liveness> liveness = {};  ///< nothing: that of the registry
};

/// A set of pins that end together. It can be moved, never copied.
class PinHolder {
 public:
  /// With an `owner`, a managed object, the holder is lost when that dies; the objects that it
  /// pins do not keep its owner alive, so that no cycle hides a leak.
  PinHolder(PinRegistry& registry, const HolderRule& rule, heap::ObjectRef owner = {});
  PinHolder(const PinHolder&) = delete;
  PinHolder& operator=(const PinHolder&) = delete;
  PinHolder(PinHolder&& other) noexcept;
  /// What was held here before ends as in the destructor.
  PinHolder& operator=(PinHolder&& other) noexcept;
  ~PinHolder() { end(); }

  /// Pins one object. Pins are counted, and they are shallow: what the object refers to is not
  /// pinned. What lies outside the heap is ignored and counted. Throws PinError for null, after
  /// close(), and after a move.
  void pin(heap::ObjectRef object, SiteId site = 0);
  /// The same for each, in one transaction; none is pinned where one is null.
  void pin_all(std::span<const heap::ObjectRef> objects, SiteId site = 0);
  /// Pins the object that `inside` points into: an interior pin is a pin of the whole object.
  /// Throws PinError also where no object covers an address of the heap.
  void pin_interior(heap::Address inside, SiteId site = 0);
  /// Ends every pin of this holder; then it is ready for the next round. Without any it does
  /// nothing. Throws PinError after a move.
  void unpin();
  /// Loses it as a garbage-collected language does, where a holder is only dropped: nobody can end
  /// its pins any more. Its rule says what the first full collection makes of them, or that they
  /// last for ever. Like a move after.
  void lose();
  /// Ends every pin, and refuses all to come: for owners that another thread may still pin for. A
  /// pin that comes at the same time is ended with the others, or refused.
  void close();

  [[nodiscard]] std::size_t size() const { return set_ ? set_->size() : 0; }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] bool is_moved() const { return set_ == nullptr; }
  [[nodiscard]] PinRegistry& registry() const { return *registry_; }

 private:
  /// Throws PinError where there is no set to pin with.
  void check(heap::Address object, SiteId site);
  [[nodiscard]] bool admit(heap::Address object, SiteId site);
  /// After pins were made: the holder may have been closed meanwhile.
  void check_still_open(std::span<const heap::ObjectRef> made, SiteId site) {
    if (closed_.load(std::memory_order_relaxed)) {
      take_back(made, site);
    }
  }
  [[noreturn]] void take_back(std::span<const heap::ObjectRef> made, SiteId site);
  void end() noexcept;

  PinRegistry* registry_;
  const HolderRule* rule_;
  std::unique_ptr<PinSet> set_;  ///< null after a move
  heap::Address last_object_;    ///< of the newest pin: for errors
  SiteId last_site_ = 0;
  std::atomic<bool> closed_{false};
};

/// A pin of one object, from construction to unpin(), which is once. It can be moved, never copied.
class SinglePin {
 public:
  /// Throws PinError for null.
  SinglePin(PinRegistry& registry,
            const HolderRule& rule,
            heap::ObjectRef object,
            SiteId site,
            heap::ObjectRef owner = {})
      : rule_(&rule), holder_(registry, rule, owner), object_(object), site_(site) {
    holder_.pin(object, site);
  }

  /// Throws PinError the second time, and after a move.
  void unpin();
  /// Where the object is, and stays. Throws PinError once it is unpinned, and after a move.
  [[nodiscard]] heap::Address address() const;
  /// As PinHolder::lose().
  void lose();

 private:
  [[noreturn]] void refuse(std::string_view what) const;

  const HolderRule* rule_;
  PinHolder holder_;
  heap::ObjectRef object_;
  SiteId site_;
  bool ended_ = false;
};

}  // namespace pinlab::pinning
