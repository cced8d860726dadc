// Files, pipes and socket pairs of a workload, and what a careful program does with them: it goes
// on after a signal and after a short transfer, and names what it cannot mend.
//
// Invariant: a Descriptor owns its number, and nothing of a workload is left behind in a directory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

namespace pinlab::workloads {

/// A system call failed for a reason that no repetition mends: no space, no permission, a limit.
/// The outcome io_error; what() is a sentence.
struct IoError : std::runtime_error {
  using std::runtime_error::runtime_error;
  /// "WHAT: the system's text for ERROR".
  IoError(const std::string& what, int error);
};

/// Bytes came back that are not those that were written: somebody wrote, or read, where a pinned
/// object no longer was. Always a bug, of this testbed or of a pin shape.
struct WrongBytes : std::logic_error {
  using std::logic_error::logic_error;
};

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { close(); }

  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  void close() noexcept;

 private:
  int number_ = -1;
};

/// Bytes go in at one end and come out at the other, in order.
struct Stream {
  Descriptor reader;
  Descriptor writer;
};

/// A file without a name. Throws IoError.
[[nodiscard]] Descriptor make_file(const std::string& directory);
[[nodiscard]] Stream make_pipe();
[[nodiscard]] Stream make_socket_pair();

/// All of `bytes` at `offset`. Throws IoError.
void write_all(const Descriptor& file, std::span<const std::byte> bytes, std::uint64_t offset);
/// Throws IoError, also where the file ends before.
void read_all(const Descriptor& file, std::span<std::byte> bytes, std::uint64_t offset);

/// While it lives, a write beyond a limit or to a closed pipe is an error like others, no signal.
class WriteSignalsIgnored {
 public:
  WriteSignalsIgnored();
  WriteSignalsIgnored(const WriteSignalsIgnored&) = delete;
  WriteSignalsIgnored& operator=(const WriteSignalsIgnored&) = delete;
  ~WriteSignalsIgnored();

 private:
  using Handler = void (*)(int);
  Handler pipe_;
  Handler file_size_;
};

}  // namespace pinlab::workloads
