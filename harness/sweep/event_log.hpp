// The events of a sweep: an append-only file of one JSON object a line, written by one process.
//
// Invariants: (1) each line is one write to a file opened for appending, with its CRC-32: what a
// crash cuts short is the last line and nothing else; (2) a line that could not be written whole is
// taken back; (3) nobody else appends while the lock is held.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pinlab::harness {

/// A file that is there while somebody works on what it stands for, and held, so that whoever dies
/// lets it go. What is in it says who holds it.
class WorkLock {
 public:
  /// Throws IoError where somebody else holds it: `refusal`, and who.
  WorkLock(std::string path, const std::string& refusal);
  WorkLock(const WorkLock&) = delete;
  WorkLock& operator=(const WorkLock&) = delete;
  ~WorkLock();

  /// Who holds it, in words; empty: nobody.
  [[nodiscard]] static std::string holder(const std::string& path);

 private:
  std::string path_;
  int file_ = -1;
};

/// Held while a sweep works in a folder.
class FolderLock {
 public:
  /// Throws IoError where somebody else holds it, and says who.
  explicit FolderLock(const std::string& folder);

  /// Who holds it, in words; empty: nobody.
  [[nodiscard]] static std::string holder(const std::string& folder);

 private:
  WorkLock lock_;
};

class EventLog {
 public:
  /// Goes on behind the first `length` bytes, of `lines` lines; what is behind them is cut off.
  /// Throws IoError.
  EventLog(std::string path, std::uint64_t length, std::uint64_t lines);
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;
  ~EventLog();

  /// One event; `fields` is the inside of an object: "cell":"...","rep":1. Throws IoError, and the
  /// file is then as it was before.
  void append(std::string_view kind, std::string_view fields);

  /// Makes what was appended durable. Throws IoError.
  void sync();

 private:
  std::string path_;
  std::uint64_t length_;
  std::uint64_t lines_;
  int file_ = -1;
  bool dirty_ = false;
};

/// A line with its CRC, and the line feed. `body` is an object without its last brace.
[[nodiscard]] std::string sealed_line(std::string_view body);

/// Whether a line (without line feed) has the CRC of its content.
[[nodiscard]] bool is_sealed(std::string_view line);

/// "text" as JSON, with the quotes.
[[nodiscard]] std::string json_text(std::string_view text);

/// UTC with milliseconds: 2026-11-21T20:23:53.120Z.
[[nodiscard]] std::string utc_milliseconds();

[[nodiscard]] std::string host_name();

}  // namespace pinlab::harness
