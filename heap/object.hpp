// What an object is: an 8-byte header, then its reference slots, then its bytes.
//
//   bit 63            36 35             8 7   5  4      3      2        1      0
//      +----------------+----------------+-----+------+------+--------+------+---------+
//      | size, granules | reference slots| age |filler|listed|multiple|pinned|forwarded|
//      +----------------+----------------+-----+------+------+--------+------+---------+
//   or, while a collection copies:  new address | 1
//
// Invariants: (1) between pauses no header is forwarded; (2) size >= 1 + references;
// (3) `pinned`, `multiple` and `listed` are changed by atomic operations only, since pins and
// unpins come from any thread in any phase; the rest of a header changes in pauses only.
#pragma once

#include "heap/address.hpp"

#include <atomic>
#include <cstring>
#include <span>

namespace pinlab::heap {

/// How many reference slots an object has, and how many bytes after them.
struct Shape {
  std::uint32_t references = 0;
  std::uint64_t bytes = 0;

  /// Header, slots and bytes, rounded up to granules.
  [[nodiscard]] constexpr std::size_t object_bytes() const {
    return kGranuleBytes * (1 + std::size_t{references}) +
           ((bytes + kGranuleBytes - 1) & ~(kGranuleBytes - 1));
  }
};

class Header {
 public:
  static constexpr std::uintptr_t kForwarded = 1;
  static constexpr std::uintptr_t kPinned = 2;
  static constexpr std::uintptr_t kMultiple = 4;  ///< further pins are counted in the registry
  static constexpr std::uintptr_t kListed = 8;    ///< the registry's list of young pins names it
  static constexpr std::uintptr_t kFiller = 16;
  static constexpr unsigned kAgeShift = 5;
  static constexpr std::uintptr_t kAgeMask = std::uintptr_t{7} << kAgeShift;
  static constexpr unsigned kReferencesShift = 8;
  static constexpr unsigned kSizeShift = 36;
  static constexpr std::uintptr_t kFieldMax = (std::uintptr_t{1} << 28U) - 1;

  explicit constexpr Header(std::uintptr_t word) : word_(word) {}
  constexpr Header(std::size_t granules, std::size_t references)
      : word_((granules << kSizeShift) | (references << kReferencesShift)) {}

  [[nodiscard]] constexpr std::uintptr_t word() const { return word_; }
  [[nodiscard]] constexpr bool has(std::uintptr_t flags) const { return (word_ & flags) != 0; }
  [[nodiscard]] constexpr std::size_t bytes() const {
    return (word_ >> kSizeShift) << kGranuleShift;
  }
  [[nodiscard]] constexpr std::size_t granules() const { return word_ >> kSizeShift; }
  [[nodiscard]] constexpr std::size_t references() const {
    return (word_ >> kReferencesShift) & kFieldMax;
  }
  [[nodiscard]] constexpr unsigned age() const {
    return static_cast<unsigned>((word_ & kAgeMask) >> kAgeShift);
  }
  /// Where the object went. REQUIRES has(kForwarded).
  [[nodiscard]] constexpr Address forwarding() const { return Address(word_ & ~kForwarded); }

 private:
  std::uintptr_t word_;
};
static_assert(Header(3, 2).bytes() == 24 && Header(3, 2).references() == 2 &&
              Header(3, 2).age() == 0);
static_assert(Header::kReferencesShift + 28 == Header::kSizeShift && Header::kSizeShift + 28 == 64);

/// The largest object: 2 GiB less one granule.
inline constexpr std::size_t kMaxObjectBytes = Header::kFieldMax * kGranuleBytes;

/// A reference to an object that is there, or null.
class ObjectRef {
 public:
  constexpr ObjectRef() = default;
  explicit constexpr ObjectRef(Address address) : address_(address) {}

  [[nodiscard]] constexpr Address address() const { return address_; }
  explicit constexpr operator bool() const { return static_cast<bool>(address_); }
  friend constexpr bool operator==(ObjectRef, ObjectRef) = default;

  [[nodiscard]] Header header() const {
    return Header(header_word().load(std::memory_order_relaxed));
  }
  void set_header(Header header) const {
    header_word().store(header.word(), std::memory_order_relaxed);
  }
  /// For the flags that any thread may change.
  [[nodiscard]] std::atomic_ref<std::uintptr_t> header_word() const {
    return std::atomic_ref<std::uintptr_t>(address_.word());
  }

  [[nodiscard]] std::size_t bytes() const { return header().bytes(); }
  [[nodiscard]] std::size_t references() const { return header().references(); }
  [[nodiscard]] AddressRange range() const { return {address_, address_ + bytes()}; }

  /// The address of slot `index`, which holds an address or 0. REQUIRES index < references().
  [[nodiscard]] Address slot(std::size_t index) const {
    return address_ + kGranuleBytes * (1 + index);
  }
  [[nodiscard]] ObjectRef load(std::size_t index) const {
    return ObjectRef(Address(slot(index).word()));
  }

  /// The bytes behind the slots, rounded up to granules.
  [[nodiscard]] std::span<std::byte> payload() const {
    const Header h = header();
    const std::size_t before = kGranuleBytes * (1 + h.references());
    return {(address_ + before).as<std::byte>(), h.bytes() - before};
  }

 private:
  Address address_;
};

/// Makes free memory walkable: headers of kFiller objects from base to limit. One granule is
/// enough.
inline void write_filler(AddressRange range) {
  while (!range.empty()) {
    const std::size_t bytes = range.bytes() < kMaxObjectBytes ? range.bytes() : kMaxObjectBytes;
    range.base.word() = Header(bytes >> kGranuleShift, 0).word() | Header::kFiller;
    range.base += bytes;
  }
}

}  // namespace pinlab::heap
