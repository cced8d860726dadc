// The engine without io_uring: a thread for each request in flight, as many as there were at the
// most, with preadv and pwritev.
//
// Invariants: (1) a worker is busy with one request, or waits for one; (2) a request on a stream
// never blocks in a transfer: it waits in ppoll, where its cancellation wakes it.
#include "workloads/io/descriptor.hpp"
#include "workloads/io/engine.hpp"

#include <array>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace pinlab::workloads {

namespace {

/// A thread and the request that it carries out.
struct Worker {
  Descriptor wake;  ///< readable once the request is cancelled
  IoRequest request;
  bool busy = false;
  bool cancelled = false;
  std::condition_variable ready;
  std::thread thread;
};

std::int64_t transfer(const IoRequest& request) {
  const auto count = static_cast<int>(request.count);
  const bool reads = request.direction == IoDirection::read;
  ssize_t done = 0;
  if (request.offset == IoRequest::kStream) {
    done = reads ? ::readv(request.file, request.vectors, count)
                 : ::writev(request.file, request.vectors, count);
  } else {
    const auto offset = static_cast<off_t>(request.offset);
    done = reads ? ::preadv(request.file, request.vectors, count, offset)
                 : ::pwritev(request.file, request.vectors, count, offset);
  }
  return done < 0 ? -std::int64_t{errno} : done;
}

/// Until the stream is ready, the request is cancelled, or its time is over. An error number.
int await(const IoRequest& request, const Descriptor& wake) {
  const short wanted = request.direction == IoDirection::read ? POLLIN : POLLOUT;
  std::array<pollfd, 2> files = {pollfd{request.file, wanted, 0}, pollfd{wake.number(), POLLIN, 0}};
  timespec limit{};
  if (request.limit != nullptr) {
    limit = {.tv_sec = request.limit->seconds, .tv_nsec = request.limit->nanoseconds};
  }
  const int ready =
      ::ppoll(files.data(), files.size(), request.limit != nullptr ? &limit : nullptr, nullptr);
  if (ready < 0) {
    return errno;
  }
  return ready == 0 || files[1].revents != 0 ? ECANCELED : 0;
}

std::int64_t carry_out(const Worker& worker) {
  const IoRequest& request = worker.request;
  if (request.offset != IoRequest::kStream) {
    return transfer(request);
  }
  for (;;) {
    const int error = await(request, worker.wake);
    if (error != 0) {
      return -std::int64_t{error};
    }
    const std::int64_t done = transfer(request);
    if (done != -EAGAIN) {
      return done;
    }
  }
}

class IoThreads final : public IoEngine {
 public:
  IoThreads() = default;
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;
  ~IoThreads() override {
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
    }
    for (Worker& worker : workers_) {
      worker.ready.notify_one();
      worker.thread.join();
    }
  }

  void submit(const IoRequest& request) override {
    if (request.offset == IoRequest::kStream) {
      const int flags = ::fcntl(request.file, F_GETFL);
      if (flags < 0 || ::fcntl(request.file, F_SETFL, flags | O_NONBLOCK) != 0) {
        throw IoError("a stream that does not block", errno);
      }
    }
    Worker& worker = idle_worker();
    {
      const std::lock_guard lock(mutex_);
      worker.request = request;
      worker.cancelled = false;
      worker.busy = true;
    }
    worker.ready.notify_one();
  }

  void cancel(std::uint64_t token) override {
    const std::lock_guard lock(mutex_);
    for (Worker& worker : workers_) {
      if (worker.busy && worker.request.token == token && !worker.cancelled) {
        const std::uint64_t one = 1;
        worker.cancelled = ::write(worker.wake.number(), &one, sizeof one) == sizeof one;
      }
    }
  }

  IoCompletion wait() override {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return !completions_.empty(); });
    return take_first();
  }

  std::optional<IoCompletion> poll() override {
    const std::lock_guard lock(mutex_);
    return completions_.empty() ? std::nullopt : std::optional(take_first());
  }

  void register_buffers(std::span<const iovec> /*buffers*/) override {}

 private:
  IoCompletion take_first() {
    const IoCompletion first = completions_.front();
    completions_.pop_front();
    return first;
  }

  Worker& idle_worker() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        Worker& worker = *idle_.back();
        idle_.pop_back();
        return worker;
      }
    }
    Worker& worker = workers_.emplace_back();
    worker.wake = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    const int error = worker.wake.is_open() ? 0 : errno;
    try {
      if (error == 0) {
        worker.thread = std::thread([this, &worker] { work(worker); });
        return worker;
      }
    } catch (const std::system_error&) {
    }
    const std::size_t had = workers_.size() - 1;
    workers_.pop_back();
    throw IoError("a thread for request " + std::to_string(had + 1) +
                      " in flight (workload.io=threads takes one for each)",
                  error != 0 ? error : EAGAIN);
  }

  void work(Worker& worker) {
    std::unique_lock lock(mutex_);
    for (;;) {
      worker.ready.wait(lock, [&] { return worker.busy || ends_; });
      if (!worker.busy) {
        return;
      }
      lock.unlock();
      const IoCompletion completion{worker.request.token, carry_out(worker)};
      lock.lock();
      worker.busy = false;
      std::uint64_t count = 0;
      static_cast<void>(!::read(worker.wake.number(), &count, sizeof count));
      completions_.push_back(completion);
      idle_.push_back(&worker);
      arrived_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Worker> workers_;
  std::vector<Worker*> idle_;
  std::deque<IoCompletion> completions_;
  bool ends_ = false;
};

}  // namespace

std::unique_ptr<IoEngine> make_io_threads() {
  return std::make_unique<IoThreads>();
}

}  // namespace pinlab::workloads
