// Input and output as a careful program does them: short transfers, signals, full disks, a kernel
// without io_uring; and that what arrives is compared with what was sent.
#include "workloads/io/channels.hpp"
#include "workloads/tests/use_case_world.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <deque>
#include <functional>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pinlab::workloads::tests {
namespace {

using MakeEngine = std::function<std::unique_ptr<IoEngine>()>;

std::vector<MakeEngine> engines() {
  return {[] { return make_io_uring(64); }, make_io_threads};
}

/// Carries out each request at once, as the seed says: in part, interrupted, or not at all.
class UnreliableEngine final : public IoEngine {
 public:
  explicit UnreliableEngine(std::uint64_t seed, int error = 0) : random_(seed), error_(error) {}

  void submit(const IoRequest& request) override {
    completions_.push_back({request.token, carry_out(request)});
  }
  void cancel(std::uint64_t /*token*/) override {}
  IoCompletion wait() override { return *poll(); }
  std::optional<IoCompletion> poll() override {
    if (completions_.empty()) {
      return std::nullopt;
    }
    std::swap(completions_.front(), completions_[random_.below(completions_.size())]);
    const IoCompletion completion = completions_.front();
    completions_.pop_front();
    return completion;
  }
  void register_buffers(std::span<const iovec> /*buffers*/) override {}

 private:
  std::int64_t carry_out(const IoRequest& request) {
    switch (random_.below(4)) {
      case 0:
        return -EINTR;
      case 1:
        return error_ != 0 && done_ > 10'000 ? -std::int64_t{error_} : -EAGAIN;
      default: {
        iovec part = *request.vectors;
        part.iov_len = 1 + random_.below(part.iov_len);
        const auto offset = static_cast<off_t>(request.offset);
        const ssize_t done = request.direction == IoDirection::read
                                 ? ::preadv(request.file, &part, 1, offset)
                                 : ::pwritev(request.file, &part, 1, offset);
        done_ += done;
        return done < 0 ? -std::int64_t{errno} : done;
      }
    }
  }

  heap::Random random_;
  int error_;
  ssize_t done_ = 0;
  std::deque<IoCompletion> completions_;
};

/// A transfer's buffers, outside of any heap.
struct Buffers {
  Buffers(IoDirection direction, std::uint64_t seed, std::size_t count, std::size_t most) {
    heap::Random random(seed);
    for (std::size_t i = 0; i < count; ++i) {
      transfer.buffers.push_back({.bytes = 1 + random.below(most), .key = random.next()});
      bytes.emplace_back(transfer.buffers.back().bytes);
      if (direction == IoDirection::write) {
        fill_pattern(bytes.back(), transfer.buffers.back().key);
      }
      vectors.push_back({.iov_base = bytes.back().data(), .iov_len = bytes.back().size()});
    }
    transfer.direction = direction;
    transfer.vectors = vectors.data();
  }
  [[nodiscard]] bool are_whole() const {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (first_difference(bytes[i], transfer.buffers[i].key)) {
        return false;
      }
    }
    return true;
  }

  std::deque<std::vector<std::byte>> bytes;
  std::vector<iovec> vectors;
  Transfer transfer;
};

constexpr std::uint64_t kLane = std::uint64_t{4} << 20U;

/// Transfers in both directions, several at a time.
void transfer_all(Channels& channels, std::size_t most) {
  for (std::uint64_t round = 0; round < 5; ++round) {
    std::deque<Buffers> lanes;
    for (std::uint32_t lane = 0; lane < 6; ++lane) {
      const IoDirection direction = lane % 2 == 0 ? IoDirection::read : IoDirection::write;
      lanes.emplace_back(direction, 100 * round + lane, 1 + lane, most);
      channels.start(lane, lanes.back().transfer);
    }
    for (std::uint32_t lane = 6; lane-- > 0;) {
      channels.answer(lane);
      channels.finish(lane);
      REQUIRE(lanes[lane].are_whole());
    }
  }
}

TEST_CASE("every byte arrives, through files, pipes and sockets, by io_uring and by threads") {
  World world;
  for (const MakeEngine& make : engines()) {
    for (const ChannelKind kind : {ChannelKind::file, ChannelKind::pipe, ChannelKind::socket}) {
      IoQueue queue(*world.mutator, make(), Completions::seeded);
      Channels channels(kind, "/tmp", kLane, queue);
      transfer_all(channels, 300'000);  // more than a pipe holds
      if (kind == ChannelKind::pipe) {
        CHECK(queue.chances().short_transfers > 0);
      }
    }
  }
}

TEST_CASE("what is interrupted or short goes on until it is whole") {
  World world;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    IoQueue queue(*world.mutator, std::make_unique<UnreliableEngine>(seed), Completions::seeded);
    Channels channels(ChannelKind::file, "/tmp", kLane, queue);
    transfer_all(channels, 5000);
    CHECK(queue.chances().interruptions > 0);
    CHECK(queue.chances().short_transfers > 0);
  }
}

TEST_CASE("a full disk is named, also in the middle of a transfer") {
  World world;
  IoQueue queue(*world.mutator, std::make_unique<UnreliableEngine>(1, ENOSPC), Completions::seeded);
  Channels channels(ChannelKind::file, "/tmp", kLane, queue);
  try {
    transfer_all(channels, 5000);
    FAIL("no error");
  } catch (const IoError& error) {
    CHECK(std::string(error.what()).find("No space left on device") != std::string::npos);
  }
}

TEST_CASE("a limit on the size of files is an error, and no signal ends the program") {
  World world;
  for (const MakeEngine& make : engines()) {
    IoQueue queue(*world.mutator, make(), Completions::seeded);
    Channels channels(ChannelKind::file, "/tmp", kLane, queue);
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    rlimit tight = before;
    tight.rlim_cur = 10'000;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
    Buffers buffers(IoDirection::write, 1, 20, 2000);
    std::string sentence;
    try {
      channels.start(0, buffers.transfer);
      channels.finish(0);
    } catch (const IoError& error) {
      sentence = error.what();
    }
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    CHECK(sentence.find("in 20 buffers: File too large") != std::string::npos);
  }
}

TEST_CASE("a device that is full is named, by either engine") {
  World world;
  for (const MakeEngine& make : engines()) {
    const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    REQUIRE(full.is_open());
    IoQueue queue(*world.mutator, make(), Completions::seeded);
    Buffers buffers(IoDirection::write, 1, 3, 1000);
    queue.start({.token = 1,
                 .direction = IoDirection::write,
                 .file = full.number(),
                 .vectors = buffers.vectors.data(),
                 .count = 3});
    CHECK(queue.finish(1).error == ENOSPC);
  }
}

TEST_CASE("bytes that are not those that were written are noticed") {
  World world;
  for (const ChannelKind kind : {ChannelKind::file, ChannelKind::socket}) {
    IoQueue queue(*world.mutator, make_io_threads(), Completions::seeded);
    Channels channels(kind, "/tmp", kLane, queue);
    Buffers buffers(IoDirection::write, 1, 3, 1000);
    buffers.bytes[1].back() ^= std::byte{1};
    channels.start(0, buffers.transfer);
    channels.answer(0);
    CHECK_THROWS_AS(channels.finish(0), WrongBytes);
  }
}

TEST_CASE("a read of what never comes is cancelled: by its limit, by the program, by the end") {
  World world;
  for (const MakeEngine& make : engines()) {
    IoQueue queue(*world.mutator, make(), Completions::seeded);
    Channels channels(ChannelKind::socket, "/tmp", kLane, queue);
    std::deque<Buffers> lanes;
    TimeLimit limit{.seconds = 0, .nanoseconds = 1'000'000};
    const auto start = [&](TransferEnding ending) {
      const auto lane = static_cast<std::uint32_t>(lanes.size());
      Transfer& transfer = lanes.emplace_back(IoDirection::read, lane, 2, 100).transfer;
      transfer.ending = ending;
      transfer.limit = ending == TransferEnding::limit ? &limit : nullptr;
      channels.start(lane, transfer);
      return lane;
    };
    const std::uint32_t limited = start(TransferEnding::limit);
    const std::uint32_t cancelled = start(TransferEnding::cancel);
    const std::uint32_t never = start(TransferEnding::never);
    channels.finish(limited);
    CHECK(queue.in_flight() == 2);
    channels.answer(cancelled);
    channels.finish(cancelled);
    CHECK(queue.in_flight() == 1);
    static_cast<void>(never);  // the queue's end waits for it
  }
}

TEST_CASE("channels that end leave nothing in flight that names their files and memory") {
  World world;
  for (const MakeEngine& make : engines()) {
    Buffers silent(IoDirection::read, 1, 2, 100);
    Buffers unanswered(IoDirection::write, 2, 3, 1U << 20U);  // more than a pipe takes
    silent.transfer.ending = TransferEnding::never;
    IoQueue queue(*world.mutator, make(), Completions::seeded);
    {
      Channels channels(ChannelKind::pipe, "/tmp", kLane, queue);
      channels.start(0, silent.transfer);
      channels.start(1, unanswered.transfer);
      CHECK(queue.in_flight() == 2);
    }
    CHECK(queue.in_flight() == 0);
  }
}

/// Forbids the system call from now on, in this process, with EPERM.
void forbid(unsigned system_call) {
  std::array<sock_filter, 4> filter = {
      sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, system_call},
      sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
      sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    ::_exit(2);
  }
}

TEST_CASE("a kernel that refuses io_uring is said, with what to do") {
  const pid_t child = ::fork();
  if (child == 0) {
    forbid(SYS_io_uring_setup);
    try {
      static_cast<void>(make_io_uring(64));
    } catch (const IoError& error) {
      const std::string sentence = error.what();
      ::_exit(sentence.find("refuses io_uring") != std::string::npos &&
                      sentence.find("workload.io=threads") != std::string::npos
                  ? 0
                  : 1);
    }
    ::_exit(1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

/// Signals every millisecond, which interrupt system calls.
class Alarms {
 public:
  Alarms() {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    ::sigaction(SIGALRM, &action, &before_);
    const itimerval often{{0, 1000}, {0, 1000}};
    ::setitimer(ITIMER_REAL, &often, nullptr);
  }
  Alarms(const Alarms&) = delete;
  Alarms& operator=(const Alarms&) = delete;
  ~Alarms() {
    const itimerval never{};
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &before_, nullptr);
  }

 private:
  struct sigaction before_ {};
};

TEST_CASE("signals that interrupt system calls change nothing") {
  const auto entries = use_cases();
  const auto ring = std::ranges::find(entries, "ring", &WorkloadEntry::name);
  REQUIRE(ring != entries.end());
  for (const char* io : {"io_uring", "threads"}) {
    const Settings settings = {{"workload.io", io},
                               {"workload.channel", "pipe"},
                               {"workload.operations", "300"},
                               {"workload.cancelled", "5%"}};
    const std::uint64_t digest = run_use_case(*ring, settings).digest;
    const Alarms alarms;
    CHECK(run_use_case(*ring, settings).digest == digest);
  }
}

}  // namespace
}  // namespace pinlab::workloads::tests
