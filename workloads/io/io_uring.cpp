// The engine of io_uring. Source: liburing; Axboe, "Efficient IO with io_uring" (2019).
#include "heap/support/expects.hpp"
#include "workloads/io/descriptor.hpp"
#include "workloads/io/engine.hpp"

#include <cerrno>
#include <string>

#include <liburing.h>

namespace pinlab::workloads {

namespace {

/// Of entries whose completion nobody waits for: time limits and cancellations.
constexpr std::uint64_t kNobody = kMostTokens;

class IoUring final : public IoEngine {
 public:
  explicit IoUring(unsigned entries) {
    const int error = io_uring_queue_init(entries, &ring_, 0);
    if (error < 0) {
      throw IoError("the kernel refuses io_uring with " + std::to_string(entries) +
                        " entries; workload.io=threads does the same with threads, preadv and "
                        "pwritev",
                    -error);
    }
  }
  IoUring(const IoUring&) = delete;
  IoUring& operator=(const IoUring&) = delete;
  ~IoUring() override { io_uring_queue_exit(&ring_); }

  // A time limit follows the entry that it belongs to, in the same submission.
  void submit(const IoRequest& request) override {
    make_room(request.limit != nullptr ? 2 : 1);
    io_uring_sqe* const entry = io_uring_get_sqe(&ring_);
    prepare(entry, request);
    io_uring_sqe_set_data64(entry, request.token);
    if (request.limit != nullptr) {
      entry->flags |= IOSQE_IO_LINK;
      io_uring_sqe* const limit = io_uring_get_sqe(&ring_);
      // The kernel's own type has the same layout.
      io_uring_prep_link_timeout(
          limit, static_cast<__kernel_timespec*>(static_cast<void*>(request.limit)), 0);
      io_uring_sqe_set_data64(limit, kNobody);
    }
    flush();
  }

  void cancel(std::uint64_t token) override {
    make_room(1);
    io_uring_sqe* const entry = io_uring_get_sqe(&ring_);
    io_uring_prep_cancel64(entry, token, 0);
    io_uring_sqe_set_data64(entry, kNobody);
    flush();
  }

  IoCompletion wait() override {
    for (;;) {
      if (const std::optional<IoCompletion> completion = poll()) {
        return *completion;
      }
      check(io_uring_submit_and_wait(&ring_, 1), "waiting for io_uring");
    }
  }

  std::optional<IoCompletion> poll() override {
    io_uring_cqe* entry = nullptr;
    while (io_uring_peek_cqe(&ring_, &entry) == 0) {
      const IoCompletion completion{io_uring_cqe_get_data64(entry), entry->res};
      io_uring_cqe_seen(&ring_, entry);
      if (completion.token != kNobody) {
        return completion;
      }
    }
    return std::nullopt;
  }

  void register_buffers(std::span<const iovec> buffers) override {
    const int error =
        io_uring_register_buffers(&ring_, buffers.data(), static_cast<unsigned>(buffers.size()));
    if (error < 0) {
      throw IoError("registering " + std::to_string(buffers.size()) +
                        " buffers with io_uring (workload.registered)",
                    -error);
    }
  }

 private:
  static void prepare(io_uring_sqe* entry, const IoRequest& request) {
    const bool reads = request.direction == IoDirection::read;
    if (request.registered >= 0) {
      EXPECTS(request.count == 1);
      const auto bytes = static_cast<unsigned>(request.vectors->iov_len);
      (reads ? &io_uring_prep_read_fixed : &prepare_write_fixed)(
          entry, request.file, request.vectors->iov_base, bytes, request.offset,
          request.registered);
    } else if (reads) {
      io_uring_prep_readv(entry, request.file, request.vectors, request.count, request.offset);
    } else {
      io_uring_prep_writev(entry, request.file, request.vectors, request.count, request.offset);
    }
  }
  /// liburing's, whose buffer is const.
  static void prepare_write_fixed(
      io_uring_sqe* entry, int file, void* buffer, unsigned bytes, __u64 offset, int index) {
    io_uring_prep_write_fixed(entry, file, buffer, bytes, offset, index);
  }

  void make_room(unsigned entries) {
    while (io_uring_sq_space_left(&ring_) < entries) {
      flush();
    }
  }

  // The kernel asks for patience with EAGAIN, and with EBUSY until completions are taken: it keeps
  // those, and the entries stay in the queue for the next submission.
  void flush() { check(io_uring_submit(&ring_), "submitting to io_uring"); }

  static void check(int result, const char* what) {
    if (result < 0 && result != -EINTR && result != -EAGAIN && result != -EBUSY) {
      throw IoError(what, -result);
    }
  }

  io_uring ring_{};
};

}  // namespace

std::unique_ptr<IoEngine> make_io_uring(unsigned entries) {
  return std::make_unique<IoUring>(entries);
}

}  // namespace pinlab::workloads
