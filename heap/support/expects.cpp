#include "heap/support/expects.hpp"

#include <cstdio>
#include <cstdlib>

namespace pinlab::heap {

void promise_broken(const char* kind, const char* promise, const char* file, int line) {
  std::fprintf(stderr, "pinlab: %s failed: %s (%s:%d)\n", kind, promise, file, line);
  std::abort();
}

}  // namespace pinlab::heap
