// Who carries out asynchronous reads and writes: the kernel through io_uring, or threads with
// preadv and pwritev.
//
// Invariants: (1) from submit() until the completion was taken, the vectors, the buffers that they
// name and the time limit are read and written by others: they stay where they are; (2) every
// request has exactly one completion, a cancelled one too; (3) an engine that ends has none in
// flight.
//
// One thread uses an engine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <sys/uio.h>

namespace pinlab::workloads {

enum class IoDirection : std::uint8_t { read, write };

/// Laid out as the kernel's timespec.
struct TimeLimit {
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
};
static_assert(sizeof(TimeLimit) == 16);

struct IoRequest {
  /// The offset of what has none: pipes and sockets.
  static constexpr std::uint64_t kStream = ~std::uint64_t{0};

  std::uint64_t token = 0;  ///< below kMostTokens, of no other request in flight
  IoDirection direction = IoDirection::read;
  int file = -1;
  std::uint64_t offset = kStream;
  iovec* vectors = nullptr;
  unsigned count = 0;
  TimeLimit* limit = nullptr;  ///< the request is cancelled after this time; null: never
  int registered = -1;         ///< index of the registered buffer that the only vector lies in
};
inline constexpr std::uint64_t kMostTokens = std::uint64_t{1} << 48U;

struct IoCompletion {
  std::uint64_t token = 0;
  std::int64_t result = 0;  ///< bytes, 0 at the end of a file; or an error number, negated
};

class IoEngine {
 public:
  IoEngine() = default;
  IoEngine(const IoEngine&) = delete;
  IoEngine& operator=(const IoEngine&) = delete;
  virtual ~IoEngine() = default;

  virtual void submit(const IoRequest& request) = 0;
  /// Of a request in flight. It completes all the same, with ECANCELED or because it was faster.
  virtual void cancel(std::uint64_t token) = 0;
  /// REQUIRES a request in flight.
  [[nodiscard]] virtual IoCompletion wait() = 0;
  [[nodiscard]] virtual std::optional<IoCompletion> poll() = 0;
  /// Buffers that the kernel maps once. They stay where they are until the engine ends.
  virtual void register_buffers(std::span<const iovec> buffers) = 0;
};

/// Throws IoError where the kernel refuses io_uring.
[[nodiscard]] std::unique_ptr<IoEngine> make_io_uring(unsigned entries);
[[nodiscard]] std::unique_ptr<IoEngine> make_io_threads();

}  // namespace pinlab::workloads
