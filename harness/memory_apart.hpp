// Memory for a program that was interrupted in the middle of anything, and has something left to
// write: whoever called malloc then holds its lock, or left its lists half linked.
#pragma once

namespace pinlab::harness {

/// From now on operator new, of whatever thread, gives memory that malloc knows nothing of, and
/// operator delete does nothing: the process is about to end. For a signal handler. In builds with
/// a sanitizer, which has allocation of its own, it does nothing.
void take_memory_apart() noexcept;

}  // namespace pinlab::harness
