// Runs as processes of their own: started, watched, ended, with what they said of themselves.
//
// Invariants: (1) no child outlives its parent: the kernel kills it; (2) Ctrl-C on the terminal
// comes to the parent alone, which passes it on; (3) a child that is over its time or memory is
// killed, and the ending says so.
#pragma once

#include "harness/outcome.hpp"

#include <chrono>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace pinlab::harness {

/// What one run is allowed.
struct RunLimits {
  std::uint64_t timeout = 0;  ///< nanoseconds; 0: any
  std::uint64_t memory = 0;   ///< bytes resident; 0: any
};

/// How a child ended. `figures` is what it wrote to its pipe: one line of JSON, or nothing.
struct ChildEnding {
  int status = 0;  ///< as waitpid has it
  std::string figures = {};
  std::uint64_t wall = 0;  ///< nanoseconds, as the others
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  std::uint64_t peak_memory = 0;  ///< bytes resident
  std::optional<Outcome> killed_for = {};
};

class Child {
 public:
  /// Starts `arguments` (the program first) with its standard error in a file, and with a pipe as
  /// file descriptor 3. Throws IoError.
  Child(const std::vector<std::string>& arguments,
        const std::string& error_file,
        const RunLimits& limits);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  /// Kills what still runs.
  ~Child();

  /// Reads what is there, and kills it where it is over its limits. Nothing while it runs.
  [[nodiscard]] std::optional<ChildEnding> poll();
  void send(int signal) const;

 private:
  using Clock = std::chrono::steady_clock;

  void read_pipe();
  void enforce_limits();

  RunLimits limits_;
  Clock::time_point begin_;
  pid_t process_ = -1;
  int pipe_ = -1;
  std::string figures_;
  std::optional<Outcome> killed_for_;
};

/// The signals that a sweep waits for, as a file: SIGCHLD, SIGINT, SIGTERM and SIGHUP come there
/// while this lives.
class SignalFile {
 public:
  SignalFile();
  SignalFile(const SignalFile&) = delete;
  SignalFile& operator=(const SignalFile&) = delete;
  ~SignalFile();

  /// Waits at most so long for any of them. True: somebody asked to end.
  [[nodiscard]] bool wait(std::chrono::milliseconds most) const;

 private:
  sigset_t old_mask_{};
  int file_ = -1;
};

}  // namespace pinlab::harness
