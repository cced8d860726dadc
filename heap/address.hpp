// Addresses and the units memory is counted in. The only casts between numbers and pointers of the
// project are here: an Address may be stale or free memory; heap/object.hpp has the type that may
// be dereferenced as an object.
#pragma once

#include "heap/support/expects.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>

namespace pinlab::heap {

/// The unit of allocation, and of every bit table: 8 bytes.
inline constexpr std::size_t kGranuleBytes = 8;
/// 64 granules: one word of a bit table, one card, one entry of the offset table.
inline constexpr std::size_t kLineBytes = 512;
inline constexpr std::size_t kGranulesPerLine = kLineBytes / kGranuleBytes;
/// What the system gives and takes back.
inline constexpr std::size_t kPageBytes = 4096;
inline constexpr unsigned kGranuleShift = 3;
inline constexpr unsigned kLineShift = 9;

/// A place in memory that may be stale.
class Address {
 public:
  constexpr Address() = default;
  explicit constexpr Address(std::uintptr_t value) : value_(value) {}

  static Address of(const void* pointer) {
    return Address(reinterpret_cast<std::uintptr_t>(pointer));  // NOLINT(*-reinterpret-cast)
  }

  [[nodiscard]] constexpr std::uintptr_t value() const { return value_; }

  template <class T>
  [[nodiscard]] T* as() const {
    return reinterpret_cast<T*>(value_);  // NOLINT(*-reinterpret-cast,performance-no-int-to-ptr)
  }

  [[nodiscard]] std::uintptr_t& word() const { return *as<std::uintptr_t>(); }

  [[nodiscard]] constexpr Address align_down(std::size_t unit) const {
    return Address(value_ & ~(unit - 1));
  }

  [[nodiscard]] constexpr Address align_up(std::size_t unit) const {
    return Address((value_ + unit - 1) & ~(unit - 1));
  }

  explicit constexpr operator bool() const { return value_ != 0; }
  friend constexpr auto operator<=>(Address, Address) = default;
  friend constexpr Address operator+(Address a, std::size_t bytes) {
    return Address(a.value_ + bytes);
  }
  friend constexpr Address operator-(Address a, std::size_t bytes) {
    return Address(a.value_ - bytes);
  }
  friend constexpr std::size_t operator-(Address a, Address b) { return a.value_ - b.value_; }
  constexpr Address& operator+=(std::size_t bytes) {
    value_ += bytes;
    return *this;
  }

 private:
  std::uintptr_t value_ = 0;
};

/// Half-open: base belongs to it, limit does not.
struct AddressRange {
  Address base;
  Address limit;

  [[nodiscard]] constexpr std::size_t bytes() const { return limit - base; }
  [[nodiscard]] constexpr bool empty() const { return base == limit; }
  [[nodiscard]] constexpr bool contains(Address a) const { return base <= a && a < limit; }
  friend constexpr bool operator==(const AddressRange&, const AddressRange&) = default;
};

/// The index of a block in its heap, lowest address first.
enum class Block : std::uint32_t {};
[[nodiscard]] constexpr std::uint32_t index_of(Block block) {
  return static_cast<std::uint32_t>(block);
}

}  // namespace pinlab::heap
