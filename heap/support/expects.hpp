// Broken promises end the program here, with the promise in words; what merely happens is a value.
#pragma once

namespace pinlab::heap {

/// Prints the broken promise and where it stands, then aborts. Never returns.
[[noreturn]] void promise_broken(const char* kind, const char* promise, const char* file, int line);

}  // namespace pinlab::heap

/// A promise of the caller: always checked.
#define EXPECTS(promise)      \
  (static_cast<bool>(promise) \
       ? static_cast<void>(0) \
       : ::pinlab::heap::promise_broken("EXPECTS", #promise, __FILE__, __LINE__))

/// A promise of our own code: checked in builds without NDEBUG.
#ifdef NDEBUG
#define INVARIANT(promise) static_cast<void>(0)
#else
#define INVARIANT(promise)    \
  (static_cast<bool>(promise) \
       ? static_cast<void>(0) \
       : ::pinlab::heap::promise_broken("INVARIANT", #promise, __FILE__, __LINE__))
#endif
