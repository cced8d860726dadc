#include "harness/sweep/child.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pinlab::harness {

namespace {

constexpr int kFiguresFile = 3;
/// A run that is told its own time gets so much more to write its record.
constexpr std::uint64_t kGrace = 10'000'000'000;

[[noreturn]] void fail(const std::string& what) {
  throw IoError(what + ": " + std::generic_category().message(errno));
}

std::uint64_t nanoseconds(const timeval& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_usec) * 1000;
}

std::uint64_t resident_bytes(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// The child's side of fork: only what a signal handler may do, then another program.
[[noreturn]] void become(char* const* arguments, int figures, int errors, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) {
    ::_exit(127);
  }
  // Where memory runs out, a run goes before the sweep does.
  const int score = ::open("/proc/self/oom_score_adj", O_WRONLY);
  if (score >= 0) {
    static_cast<void>(!::write(score, "1000", 4));
    ::close(score);
  }
  const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const int nothing = ::open("/dev/null", O_RDWR);
  const bool ready = nothing >= 0 && ::dup2(nothing, STDIN_FILENO) >= 0 &&
                     ::dup2(nothing, STDOUT_FILENO) >= 0 && ::dup2(errors, STDERR_FILENO) >= 0 &&
                     ::dup2(figures, kFiguresFile) >= 0;
  // A shell's background job ignores SIGINT, and what is ignored stays so: the run would not hear
  // the sweep until it has a handler of its own.
  for (const int signal : {SIGINT, SIGTERM}) {
    std::signal(signal, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (ready) {
    ::execv(arguments[0], arguments);
  }
  ::_exit(127);
}

/// A descriptor above those that the child gives a meaning to.
int moved_up(int file) {
  const int moved = ::fcntl(file, F_DUPFD_CLOEXEC, 10);
  ::close(file);
  return moved;
}

}  // namespace

Child::Child(const std::vector<std::string>& arguments,
             const std::string& error_file,
             const RunLimits& limits)
    : limits_(limits), begin_(Clock::now()) {
  std::vector<std::string> words = arguments;
  std::vector<char*> pointers;
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  const int errors =
      moved_up(::open(error_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  std::array<int, 2> ends{};
  if (errors < 0 || ::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    fail(error_file);
  }
  pipe_ = ends[0];
  const int figures = moved_up(ends[1]);
  ::fcntl(figures, F_SETFL, 0);  // the run's end waits
  const pid_t parent = ::getpid();
  process_ = ::fork();
  if (process_ == 0) {
    become(pointers.data(), figures, errors, parent);
  }
  const int error = errno;
  ::close(figures);
  ::close(errors);
  if (process_ < 0) {
    errno = error;
    ::close(pipe_);
    fail("no process could be started");
  }
}

Child::~Child() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  ::close(pipe_);
}

void Child::send(int signal) const {
  if (process_ > 0) {
    ::kill(process_, signal);
  }
}

void Child::read_pipe() {
  std::array<char, 65536> part{};
  for (ssize_t got = 1; got > 0;) {
    got = ::read(pipe_, part.data(), part.size());
    figures_.append(part.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  }
}

void Child::enforce_limits() {
  if (killed_for_) {
    return;
  }
  const auto passed = static_cast<std::uint64_t>((Clock::now() - begin_).count());
  if (limits_.timeout > 0 && passed > limits_.timeout + kGrace) {
    killed_for_ = Outcome::timeout;
  } else if (limits_.memory > 0 && resident_bytes(process_) > limits_.memory) {
    killed_for_ = Outcome::killed;
  }
  if (killed_for_) {
    send(SIGKILL);
  }
}

std::optional<ChildEnding> Child::poll() {
  rusage usage{};
  int status = 0;
  const pid_t ended = ::wait4(process_, &status, WNOHANG, &usage);
  read_pipe();
  if (ended != process_) {
    enforce_limits();
    return std::nullopt;
  }
  process_ = -1;
  return ChildEnding{.status = status,
                     .figures = std::move(figures_),
                     .wall = static_cast<std::uint64_t>((Clock::now() - begin_).count()),
                     .user = nanoseconds(usage.ru_utime),
                     .system = nanoseconds(usage.ru_stime),
                     .peak_memory = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024,
                     .killed_for = killed_for_};
}

SignalFile::SignalFile() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGHUP}) {
    sigaddset(&signals, signal);
  }
  ::sigprocmask(SIG_BLOCK, &signals, &old_mask_);
  file_ = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (file_ < 0) {
    fail("the system gives no file to wait for signals");
  }
}

SignalFile::~SignalFile() {
  ::close(file_);
  ::sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
}

bool SignalFile::wait(std::chrono::milliseconds most) const {
  pollfd file{file_, POLLIN, 0};
  static_cast<void>(::poll(&file, 1, static_cast<int>(most.count())));
  bool asked = false;
  signalfd_siginfo signal{};
  while (::read(file_, &signal, sizeof signal) == sizeof signal) {
    asked = asked || signal.ssi_signo != static_cast<unsigned>(SIGCHLD);
  }
  return asked;
}

}  // namespace pinlab::harness
