// From a C++ type that a program pins with to the shape that a workload takes as a parameter: one
// adapter for pins of one object, one for sets, one for scopes.
#pragma once

#include "pinning/pin_stack.hpp"
#include "pinning/shape.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace pinlab::pinning {

/// Keeps what the program pins with, by place; `Held` ends with its destructor.
template <class Held>
class TableShape : public PinShape {
 public:
  using PinShape::PinShape;

 protected:
  [[nodiscard]] std::optional<Held>& at(std::size_t place) {
    if (place >= held_.size()) {
      held_.resize(place + 1);
    }
    return held_[place];
  }
  [[nodiscard]] const Held& at(std::size_t place) const { return *held_[place]; }
  void end(std::size_t place) override { held_[place].reset(); }
  [[nodiscard]] bool lose(std::size_t place) override {
    if constexpr (requires { held_[place]->lose(); }) {
      held_[place]->lose();
      held_[place].reset();
      return true;
    } else {
      return PinShape::lose(place);
    }
  }
  void end_all() override {
    for (std::optional<Held>& held : held_) {
      if (held) {
        if constexpr (requires { held->unpin(); }) {
          held->unpin();
        }
        held.reset();
      }
    }
  }

 private:
  std::deque<std::optional<Held>> held_;
};

/// Of a type that pins one object, made as Held(registry, object, site).
template <class Held>
class ObjectShape : public TableShape<Held> {
 public:
  using TableShape<Held>::TableShape;

 protected:
  void begin(std::size_t place, heap::ObjectRef object, SiteId site) override {
    this->at(place).emplace(this->registry(), object, site);
  }
  void end(std::size_t place) override {
    if constexpr (requires(Held & held) { held.unpin(); }) {
      this->at(place)->unpin();
    }
    TableShape<Held>::end(place);
  }
};

/// Of a set, made as Held(registry), with pin(object, site) and unpin(); used again once it is
/// empty.
template <class Held>
class SetShape : public TableShape<Held> {
 public:
  using TableShape<Held>::TableShape;

 protected:
  void begin(std::size_t place, heap::ObjectRef object, SiteId site) override {
    std::optional<Held>& held = this->at(place);
    if (!held) {
      held.emplace(this->registry());
    }
    held->pin(object, site);
  }
  void extend(std::size_t place, heap::ObjectRef object, SiteId site) override {
    this->at(place)->pin(object, site);
  }
  void end(std::size_t place) override { this->at(place)->unpin(); }
};

/// Of a scope, made as Held(stack): tickets nest, and only the newest ends.
template <class Held>
class ScopeShape : public PinShape {
 public:
  /// Pins the object in the scope.
  using Fill = void (*)(Held& held, heap::ObjectRef object, SiteId site);

  ScopeShape(const ShapeFacts& facts, Fill fill) : PinShape(facts), fill_(fill) {}
  ScopeShape(const ScopeShape&) = delete;
  ScopeShape& operator=(const ScopeShape&) = delete;
  ~ScopeShape() override { pop_all(); }

 protected:
  void opened() override { stack_.emplace(registry()); }

  void begin(std::size_t place, heap::ObjectRef object, SiteId site) override {
    scopes_.emplace_back(*stack_);
    try {
      fill_(scopes_.back(), object, site);
    } catch (...) {
      scopes_.pop_back();
      throw;
    }
    places_.push_back({place, object.address(), site});
  }

  void end(std::size_t place) override {
    const Open& newest = places_.back();
    if (newest.place != place) {
      misuse("a pin ends before one that was made later", newest.site, newest.object);
    }
    places_.pop_back();
    scopes_.pop_back();
  }
  void end_all() override { pop_all(); }

 private:
  struct Open {
    std::size_t place;
    heap::Address object;
    SiteId site;
  };
  void pop_all() {
    places_.clear();
    while (!scopes_.empty()) {  // the newest first, which a deque's own destructor does not promise
      scopes_.pop_back();
    }
  }

  Fill fill_;
  std::optional<PinStack> stack_;
  std::deque<Held> scopes_;
  std::vector<Open> places_;
};

}  // namespace pinlab::pinning
