// A program that links the library and has an operator new of its own, as one with another malloc
// does: it gets all of the memory, and gets it back. It has the two plain forms only; the others
// come to these by the language's defaults, or by the library's. Prints what it counted; ends with
// 1 where something is not as it says.
#include "harness/command_line.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string_view>

namespace {

constexpr std::uint64_t kMine = 0x6F776E206E657721U;
/// Before what is given out: memory of malloc, or of anybody else, has no mark at that place.
constexpr std::size_t kBefore = alignof(std::max_align_t);

std::atomic<std::uint64_t> allocated{0};
std::atomic<std::uint64_t> freed{0};
std::atomic<std::uint64_t> foreign{0};

}  // namespace

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wsized-deallocation"
#endif

void* operator new(std::size_t bytes) {
  auto* const memory = static_cast<std::byte*>(std::malloc(bytes + kBefore));
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  allocated.fetch_add(1, std::memory_order_relaxed);
  *reinterpret_cast<std::uint64_t*>(memory) = kMine;
  return memory + kBefore;
}

void operator delete(void* given) noexcept {
  if (given == nullptr) {
    return;
  }
  std::byte* const memory = static_cast<std::byte*>(given) - kBefore;
  if (*reinterpret_cast<std::uint64_t*>(memory) != kMine) {
    foreign.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  freed.fetch_add(1, std::memory_order_relaxed);
  std::free(memory);
}

int main() {
  constexpr auto kRun = std::to_array<std::string_view>(
      {"run", "--heap.max=16MiB", "--workload.slots=2000", "--workload.replacements=20000",
       "--pin.share=1%", "--verify=full", "--timeout=60s"});
  const std::uint64_t allocated_before = allocated;
  const std::uint64_t freed_before = freed;
  const int code = pinlab::harness::run_command_line(kRun);
  const std::uint64_t news = allocated - allocated_before;
  const std::uint64_t deletes = freed - freed_before;
  std::printf("code %d; its own: %llu allocated, %llu freed; %llu freed that were not\n", code,
              static_cast<unsigned long long>(news), static_cast<unsigned long long>(deletes),
              static_cast<unsigned long long>(foreign.load()));
  // What is left are tables that last as long as the process.
  return code == 0 && news > 1000 && deletes > news / 2 && foreign == 0 ? 0 : 1;
}
