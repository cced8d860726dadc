#include "harness/memory_apart.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#include <sys/mman.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define PINLAB_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PINLAB_SANITIZED
#endif

#ifdef PINLAB_SANITIZED

// Sanitizers bring operators of their own.
void pinlab::harness::reserve_memory_apart() noexcept {}
void pinlab::harness::take_memory_apart(void (*)()) noexcept {}

#else

namespace {

constexpr std::size_t kMost = std::size_t{1} << 34U;  // what is not used costs nothing
constexpr std::size_t kReserve = std::size_t{1} << 22U;
constexpr std::size_t kAlignment = alignof(std::max_align_t);

std::atomic<bool> is_apart{false};
std::atomic<std::size_t> used{0};
// Written once, before `is_apart` is set.
char* base = nullptr;     // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
std::size_t size = 0;     // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
char* reserve = nullptr;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
std::atomic<void (*)()> when_out{nullptr};

char* mapped(std::size_t bytes) noexcept {
  void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
}

}  // namespace

void pinlab::harness::reserve_memory_apart() noexcept {
  if (reserve == nullptr) {
    reserve = mapped(kReserve);
  }
}

void pinlab::harness::take_memory_apart(void (*run_out)()) noexcept {
  for (std::size_t bytes = kMost; base == nullptr && bytes > kReserve; bytes /= 2) {
    base = mapped(bytes);
    size = bytes;
  }
  if (base == nullptr) {
    base = reserve;
    size = reserve == nullptr ? 0 : kReserve;
  }
  when_out = run_out;
  is_apart.store(true);
}

namespace {

void* allocate_apart(std::size_t bytes, std::size_t alignment) {
  const std::size_t whole = bytes + alignment + kAlignment;
  const std::size_t at = used.fetch_add(whole / kAlignment * kAlignment, std::memory_order_relaxed);
  if (bytes > size || at > size - bytes || size - bytes - at < whole) {
    if (auto* const run_out = when_out.exchange(nullptr);
        run_out != nullptr && reserve != nullptr) {
      base = reserve;
      size = kReserve;
      used = 0;
      run_out();
    }
    throw std::bad_alloc();
  }
  return base + (at + alignment - 1) / alignment * alignment;
}

void* allocate(std::size_t bytes) {
  for (bytes = bytes == 0 ? 1 : bytes;;) {
    if (void* const memory = std::malloc(bytes)) {  // NOLINT(*-no-malloc)
      return memory;
    }
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) {
      throw std::bad_alloc();
    }
    handler();
  }
}

void* allocate(std::size_t bytes, std::size_t alignment) {
  void* const memory =
      std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  return memory;
}

void release(void* memory) noexcept {
  if (!is_apart.load(std::memory_order_relaxed)) {
    std::free(memory);  // NOLINT(*-no-malloc)
  }
}

}  // namespace

// The other forms call these. Weak: a program that has its own, and links this library, keeps them,
// also where it has the plain forms alone, which those with a size come to as they do by default.
[[gnu::weak]] void* operator new(std::size_t bytes) {
  if (is_apart.load(std::memory_order_relaxed)) [[unlikely]] {
    return allocate_apart(bytes, kAlignment);
  }
  return allocate(bytes);
}

[[gnu::weak]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  if (is_apart.load(std::memory_order_relaxed)) [[unlikely]] {
    return allocate_apart(bytes, static_cast<std::size_t>(alignment));
  }
  return allocate(bytes, static_cast<std::size_t>(alignment));
}

[[gnu::weak]] void operator delete(void* memory) noexcept {
  release(memory);
}

[[gnu::weak]] void operator delete(void* memory, std::size_t /*bytes*/) noexcept {
  ::operator delete(memory);
}

[[gnu::weak]] void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept {
  release(memory);
}

[[gnu::weak]] void operator delete(void* memory,
                                   std::size_t /*bytes*/,
                                   std::align_val_t alignment) noexcept {
  ::operator delete(memory, alignment);
}

#endif
