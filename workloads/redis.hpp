// A key-value store as Redis lays it out: an entry that leads to its key and its value, in a table.
// Every value says whose it is, so that a defragmentation that loses or swaps one is seen.
#pragma once

#include "workloads/slot_store.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>

namespace pinlab::workloads {

class RedisStore {
 public:
  /// Bytes of a key, with the string's own header.
  static constexpr std::uint64_t kKeyBytes = 24;

  RedisStore(WorkloadContext& context, std::uint64_t keys)
      : context_(context), table_(context.mutator, keys), sizes_(keys), tokens_(keys) {
    context.leave(table_.directory());
  }

  /// SET: `bytes` of value, its header apart. REQUIRES that the key is not there, and bytes >= 8.
  void set(std::uint64_t key, std::uint64_t bytes, std::uint32_t site) {
    const collector::Root value(
        context_.mutator,
        context_.pins.allocate(context_.mutator, {.references = 0, .bytes = bytes}, site));
    value.get().slot(0).word() = key;
    tokens_[key] = context_.pins.born(value.get(), site);
    const collector::Root name(context_.mutator,
                               context_.mutator.allocate({.references = 0, .bytes = kKeyBytes}));
    const heap::ObjectRef entry = context_.mutator.allocate({.references = 2, .bytes = 8});
    context_.mutator.store(entry, 0, name.get());
    context_.mutator.store(entry, 1, value.get());
    table_.set(key, entry);
    sizes_[key] = entry.bytes() + name.get().bytes() + value.get().bytes();
    context_.live.born(sizes_[key]);
    used_ += sizes_[key];
  }

  /// DEL. REQUIRES that the key is there.
  void remove(std::uint64_t key) {
    table_.set(key, {});
    context_.pins.dropped(tokens_[key]);
    context_.live.dropped(sizes_[key]);
    used_ -= sizes_[key];
    sizes_[key] = 0;
    tokens_[key] = 0;
  }

  [[nodiscard]] bool has(std::uint64_t key) const { return sizes_[key] != 0; }
  /// Bytes of what is stored, the table apart: Redis' used_memory.
  [[nodiscard]] std::uint64_t used() const { return used_; }

  /// Throws std::logic_error where a value is not its key's: Redis' DEBUG DIGEST before and after.
  void check() const {
    for (std::uint64_t key = 0; key < sizes_.size(); ++key) {
      const heap::ObjectRef entry = table_.get(key);
      if (static_cast<bool>(entry) != has(key) || (entry && entry.load(1).slot(0).word() != key)) {
        throw std::logic_error("redis: the value of key " + std::to_string(key) +
                               " is no longer the one that was set");
      }
    }
  }

 private:
  WorkloadContext& context_;
  ManagedTable table_;
  std::vector<std::uint64_t> sizes_;  ///< of all three objects; 0: not there
  std::vector<PinToken> tokens_;
  std::uint64_t used_ = 0;
};

}  // namespace pinlab::workloads
