// A file that is there whole or not at all: written beside its name, then renamed.
//
// Invariants: (1) that it can be written is known before the work begins; (2) nobody ever sees half
// of it, and an old file stays until the new one is complete.
#pragma once

#include <string>
#include <string_view>

namespace pinlab::harness {

class OutputFile {
 public:
  /// "-" is standard output; what is no regular file (/dev/null, a pipe) is written where it
  /// stands. Throws IoError where it cannot be written.
  explicit OutputFile(std::string path);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  /// Removes what was not committed.
  ~OutputFile();

  [[nodiscard]] bool is_standard_output() const { return path_ == "-"; }
  [[nodiscard]] const std::string& path() const { return path_; }

  /// Writes all of it, makes it durable, and gives it its name. Once. Throws IoError.
  void commit(std::string_view text);
  /// The same for a signal handler: allocates nothing, throws nothing. False where it failed.
  [[nodiscard]] bool try_commit(std::string_view text) noexcept;

 private:
  std::string path_;
  std::string temporary_;  ///< empty where it is written in place
  int file_ = -1;
};

/// Writes all of it to a file descriptor; false where that fails, with errno.
[[nodiscard]] bool write_all(int file, std::string_view text) noexcept;

}  // namespace pinlab::harness
