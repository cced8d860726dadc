#include "harness/output_file.hpp"

#include "harness/outcome.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pinlab::harness {

namespace {

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw IoError(path + ": " + what + ": " + std::generic_category().message(errno));
}

}  // namespace

bool write_all(int file, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

OutputFile::OutputFile(std::string path) : path_(std::move(path)) {
  if (is_standard_output()) {
    file_ = STDOUT_FILENO;
    return;
  }
  struct stat status {};
  const bool exists = ::stat(path_.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) {
    errno = EISDIR;
    fail(path_, "it cannot be written");
  }
  if (exists && !S_ISREG(status.st_mode)) {
    file_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    temporary_ = path_ + ".part" + std::to_string(::getpid());
    file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  }
  if (file_ < 0) {
    fail(path_, "it cannot be written");
  }
}

OutputFile::~OutputFile() {
  if (file_ >= 0 && !is_standard_output()) {
    ::close(file_);
    if (!temporary_.empty()) {
      ::unlink(temporary_.c_str());
    }
  }
}

void OutputFile::commit(std::string_view text) {
  if (!try_commit(text)) {
    fail(path_, "writing failed");
  }
}

bool OutputFile::try_commit(std::string_view text) noexcept {
  if (!write_all(file_, text)) {
    return false;
  }
  if (is_standard_output()) {
    return true;
  }
  const bool is_new = !temporary_.empty();
  const bool kept =
      !is_new || (::fsync(file_) == 0 && ::rename(temporary_.c_str(), path_.c_str()) == 0);
  if (kept) {
    ::close(file_);
    file_ = -1;
  }
  return kept;
}

}  // namespace pinlab::harness
