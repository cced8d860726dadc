// A file that is there whole or not at all.
//
// Invariants: (1) that it can be written is known before the work begins; (2) nobody ever sees half
// of it, and an old file stays until the new one is complete; (3) where the file system can keep a
// file without a name, a process that is killed leaves nothing behind, unless between the two steps
// that replace an old file; else what is written stands beside its name. Who writes the same file
// next sweeps away what was left.
#pragma once

#include "heap/support/parameter.hpp"
#include "harness/text_sink.hpp"

#include <string>
#include <string_view>

namespace pinlab::harness {

class OutputFile final : public TextSink {
 public:
  /// "-" is standard output; what is no regular file (/dev/null, a pipe) is written where it
  /// stands. Throws IoError where it cannot be written.
  explicit OutputFile(std::string path);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  /// Removes what was not committed.
  ~OutputFile() override;

  [[nodiscard]] bool is_standard_output() const { return path_ == "-"; }
  [[nodiscard]] const std::string& path() const { return path_; }

  /// The next piece. Where that fails, commit() says so.
  void take(std::string_view piece) noexcept override;
  /// Forgets the pieces; not those that went to standard output or to a pipe.
  void start_again() noexcept;

  /// The rest, if any; makes what was written durable and gives it its name. Once. Throws IoError.
  void commit(std::string_view rest = {});
  /// The same for a signal handler: allocates nothing, throws nothing. False where it failed.
  [[nodiscard]] bool try_commit(std::string_view rest = {}) noexcept;

 private:
  /// False where the file system cannot.
  bool open_unnamed();
  void sweep() const noexcept;
  [[nodiscard]] bool give_name() noexcept;

  std::string path_;
  std::string temporary_;  ///< empty where it is written in place
  std::string unnamed_;    ///< the system's path to a file without a name; empty: it has one
  int file_ = -1;
  int error_ = 0;  ///< of the first piece that could not be written
};

/// The file that the option names; empty where it is not given. Throws UsageError where it is given
/// without a name.
[[nodiscard]] const std::string& output_name(const heap::ParameterValues& options,
                                             std::string_view option);

/// Writes all of it to a file descriptor; false where that fails, with errno.
[[nodiscard]] bool write_all(int file, std::string_view text) noexcept;

}  // namespace pinlab::harness
