// Free memory is poisoned under AddressSanitizer, so that a stale reference is found where it is
// used.
#pragma once

#include "heap/address.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define PINLAB_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PINLAB_POISON 1
#endif
#endif

#ifdef PINLAB_POISON
#include <sanitizer/asan_interface.h>
#endif

namespace pinlab::heap {

#ifdef PINLAB_POISON
inline constexpr bool kPoisons = true;
#else
inline constexpr bool kPoisons = false;
#endif

inline void poison([[maybe_unused]] AddressRange range) {
#ifdef PINLAB_POISON
  __asan_poison_memory_region(range.base.as<void>(), range.bytes());
#endif
}

inline void unpoison([[maybe_unused]] AddressRange range) {
#ifdef PINLAB_POISON
  __asan_unpoison_memory_region(range.base.as<void>(), range.bytes());
#endif
}

}  // namespace pinlab::heap
