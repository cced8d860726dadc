// Where a workload's bytes go and come from: a file, pipes or socket pairs, with the other side
// played from memory outside the heap. Every byte that the program wrote is compared where it
// arrives, and every byte that it reads is one that the other side is known to have sent.
//
// Invariants: (1) a lane has one transfer at a time; (2) what a transfer names stays where it is
// until finish() returned; (3) which bytes travel depends on their keys alone.
#pragma once

#include "workloads/io/descriptor.hpp"
#include "workloads/io/io_queue.hpp"
#include "workloads/io/pattern.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pinlab::workloads {

enum class ChannelKind : std::uint8_t { file, pipe, socket };

/// How a transfer ends.
enum class TransferEnding : std::uint8_t {
  data,    ///< all bytes are there
  limit,   ///< nothing comes, and its time limit cancels it
  cancel,  ///< nothing comes, and the program cancels it
  never,   ///< nothing comes as long as the program runs
};

/// A buffer of a transfer and the key of the pattern that is, or will be, in it.
struct KeyedBuffer {
  std::uint64_t bytes = 0;
  std::uint64_t key = 0;
};

struct Transfer {
  IoDirection direction = IoDirection::read;  ///< as the program sees it
  TransferEnding ending = TransferEnding::data;
  iovec* vectors = nullptr;
  TimeLimit* limit = nullptr;
  int registered = -1;
  std::vector<KeyedBuffer> buffers = {};  ///< as the vectors name them
};

class Channels {
 public:
  /// `lane_bytes`: the most that a transfer has. Throws IoError.
  Channels(ChannelKind kind,
           const std::string& directory,
           std::uint64_t lane_bytes,
           IoQueue& queue);
  Channels(const Channels&) = delete;
  Channels& operator=(const Channels&) = delete;
  /// The queue's transfers end first: they name files and memory of these.
  ~Channels() { queue_.end_all(); }

  /// Throws IoError.
  void start(std::uint32_t lane, const Transfer& transfer);
  /// The other side does its part, if it has not: sends, takes, or cancels.
  void answer(std::uint32_t lane);
  /// Waits for the transfer, as far as the other side lets it end. Throws IoError where it failed
  /// and WrongBytes where others arrived than were written.
  void finish(std::uint32_t lane);
  /// Of Completions::arrival: a lane that finish() has not to wait for.
  [[nodiscard]] std::optional<std::uint32_t> arrived();

 private:
  struct Lane {
    Stream stream;
    Transfer transfer;
    std::uint64_t bytes = 0;
    std::vector<std::byte> other_side;
    iovec other_vector{};
    bool answered = false;
  };

  void open_stream(Lane& lane) const;
  void fill_other_side(Lane& lane) const;
  void check_other_side(const Lane& lane) const;
  [[nodiscard]] IoRequest request_of(std::uint32_t number, Lane& lane);
  void check(const Lane& lane, const IoResult& result) const;
  [[noreturn]] static void fail(const Lane& lane, int error);

  ChannelKind kind_;
  std::uint64_t lane_bytes_;
  IoQueue& queue_;
  WriteSignalsIgnored signals_;
  Descriptor file_;
  Stream silent_;  ///< from which nothing ever comes
  std::deque<Lane> lanes_;
};

}  // namespace pinlab::workloads
