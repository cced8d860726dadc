// Foreign code's table of objects by address, which is their identity as long as nothing moves
// them. Where something may, the table is made anew after each collection.
//
// Invariant: an entry leads from where an object was when the table last heard of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace pinlab::workloads {

class AddressTable {
 public:
  using Key = const std::byte*;

  /// An object of no bytes is nobody's key: another may begin where it is.
  void add(Key key, std::uint32_t slot) {
    slots_[key] = slot;
    if (keys_.size() <= slot) {
      keys_.resize(slot + std::size_t{1});
      places_.resize(slot + std::size_t{1});
    }
    if (keys_[slot] == nullptr) {
      places_[slot] = static_cast<std::uint32_t>(members_.size());
      members_.push_back(slot);
    }
    keys_[slot] = key;
  }
  /// REQUIRES a member.
  void remove(std::uint32_t slot) {
    const auto found = slots_.find(keys_[slot]);
    if (found != slots_.end() && found->second == slot) {
      slots_.erase(found);
    }
    keys_[slot] = nullptr;
    members_[places_[slot]] = members_.back();
    places_[members_.back()] = places_[slot];
    members_.pop_back();
  }
  [[nodiscard]] bool has(std::uint32_t slot) const {
    return slot < keys_.size() && keys_[slot] != nullptr;
  }
  [[nodiscard]] std::optional<std::uint32_t> find(Key key) const {
    const auto found = slots_.find(key);
    return found == slots_.end() ? std::nullopt : std::optional(found->second);
  }
  /// In no order that addresses decide.
  [[nodiscard]] const std::vector<std::uint32_t>& members() const { return members_; }

  /// Where each member is by now.
  template <class KeyOf>
  void make_anew(KeyOf&& key_of) {
    slots_.clear();
    for (const std::uint32_t slot : members_) {
      keys_[slot] = key_of(slot);
      slots_[keys_[slot]] = slot;
    }
  }

 private:
  std::unordered_map<Key, std::uint32_t> slots_;
  std::vector<Key> keys_;              ///< by slot; null: no member
  std::vector<std::uint32_t> places_;  ///< of members in members_
  std::vector<std::uint32_t> members_;
};

}  // namespace pinlab::workloads
