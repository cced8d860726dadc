// Places that are used again and again, and names for them that are not: a name is a place and the
// generation of its user, so that a name which outlived its user is told from the next one's.
//
// Invariants: (1) a name is found from open() to close(), and never after; (2) 0 is no name;
// (3) the value of a place stays where it is, and as its last user left it. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace pinlab::pinning {

template <class Value>
class GenerationTable {
 public:
  /// A place for a new user, and its name.
  [[nodiscard]] std::uint64_t open() {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(places_.size()));
      places_.emplace_back();
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    Place& place = places_[index];
    place.used = true;
    ++place.generation;
    return (std::uint64_t{place.generation} << 32U) | (std::uint64_t{index} + 1);
  }
  /// REQUIRES a name that is found.
  void close(std::uint64_t name) {
    const std::size_t index = index_of(name);
    places_[index].used = false;
    free_.push_back(static_cast<std::uint32_t>(index));
  }

  /// Null where the name's user is gone, or never was.
  [[nodiscard]] Value* find(std::uint64_t name) {
    Value* const last = last_of(name);
    const bool is_user = last != nullptr && places_[index_of(name)].used &&
                         places_[index_of(name)].generation == name >> 32U;
    return is_user ? last : nullptr;
  }
  /// What is in the name's place now, whoever uses it; null where there is no such place.
  [[nodiscard]] Value* last_of(std::uint64_t name) {
    return index_of(name) < places_.size() ? &places_[index_of(name)].value : nullptr;
  }
  /// Whether the place of a name has had a later user.
  [[nodiscard]] bool is_reused(std::uint64_t name) const {
    return index_of(name) < places_.size() && places_[index_of(name)].generation != name >> 32U;
  }
  void close_all() {
    for (std::size_t index = 0; index < places_.size(); ++index) {
      if (std::exchange(places_[index].used, false)) {
        free_.push_back(static_cast<std::uint32_t>(index));
      }
    }
  }
  /// From 0: the same for every user of a place.
  [[nodiscard]] static std::size_t index_of(std::uint64_t name) { return (name & 0xFFFFFFFFU) - 1; }

  /// visit(Value&) for each place in use, in the order of places.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (Place& place : places_) {
      if (place.used) {
        visit(place.value);
      }
    }
  }

 private:
  struct Place {
    Value value{};
    std::uint32_t generation = 0;
    bool used = false;
  };
  std::deque<Place> places_;
  std::vector<std::uint32_t> free_;
};

}  // namespace pinlab::pinning
