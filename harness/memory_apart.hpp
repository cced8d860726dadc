// Memory for a program that was interrupted in the middle of anything, and has something left to
// write: whoever called malloc then holds its lock, or left its lists half linked.
#pragma once

namespace pinlab::harness {

/// A few MiB, for when the system gives no more. Once for a process.
void reserve_memory_apart() noexcept;

/// From now on operator new, of whatever thread, gives memory that malloc knows nothing of, and
/// operator delete does nothing: the process is about to end. For a signal handler. Where that
/// memory is used up, `run_out` is called, once and with the reserve to itself; it must not return,
/// since an exception would need malloc. In builds with a sanitizer, which has allocation of its
/// own, both do nothing.
void take_memory_apart(void (*run_out)()) noexcept;

}  // namespace pinlab::harness
