#include "harness/crash_guard.hpp"

#include "harness/build_info.hpp"
#include "harness/outcome.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace pinlab::harness {

namespace {

constexpr std::array kSignals = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

struct CrashState {
  std::atomic<OutputFile*> output{nullptr};
  std::atomic<const char*> record{nullptr};
  std::atomic<std::size_t> length{0};
};
CrashState
    crash_state;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): for the handler
alignas(16)
    std::array<char,
               65536> crash_stack;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

extern "C" void pinlab_crashed(int /*signal*/) {
  static_cast<void>(write_all(STDERR_FILENO, "pinlab: the run crashed; this is a bug of pinlab\n"));
  OutputFile* const output = crash_state.output.exchange(nullptr);
  if (output != nullptr) {
    output->start_again();  // where it crashed over the record
    static_cast<void>(output->try_commit({crash_state.record.load(), crash_state.length.load()}));
  }
  _exit(static_cast<int>(ExitCode::our_bug));
}

}  // namespace

CrashGuard::CrashGuard(OutputFile* output, std::string record) : record_(std::move(record)) {
  if (kSanitizers != "none") {
    return;
  }
  crash_state.record = record_.data();
  crash_state.length = record_.size();
  crash_state.output = output;
  const stack_t stack{.ss_sp = crash_stack.data(), .ss_flags = 0, .ss_size = crash_stack.size()};
  sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_handler = pinlab_crashed;
  action.sa_flags = SA_ONSTACK | static_cast<int>(SA_RESETHAND);
  for (const int signal : kSignals) {
    sigaction(signal, &action, nullptr);
  }
}

CrashGuard::~CrashGuard() {
  crash_state.output = nullptr;
  for (const int signal : kSignals) {
    std::signal(signal, SIG_DFL);
  }
}

}  // namespace pinlab::harness
