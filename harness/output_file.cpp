#include "harness/output_file.hpp"

#include "harness/outcome.hpp"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pinlab::harness {

namespace {

constexpr std::string_view kPart = ".part";

bool is_number(std::string_view text, int& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number > 0;
}

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw IoError(path + ": " + what + ": " + std::generic_category().message(errno));
}

}  // namespace

const std::string& output_name(const heap::ParameterValues& options, std::string_view option) {
  const std::string& name = options.text(option);
  if (name.empty() && options.given(option)) {
    throw UsageError("--" + std::string(option) +
                     " needs the name of a file, or - for standard output");
  }
  return name;
}

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
    temporary_ = path_ + std::string(kPart) + std::to_string(::getpid());
    if (!open_unnamed()) {
      file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
    if (exists || unnamed_.empty()) {
      sweep();
    }
  }
  if (file_ < 0) {
    fail(path_, "it cannot be written");
  }
}

bool OutputFile::open_unnamed() {
  const std::size_t name = path_.rfind('/') + 1;  // 0 where there is no slash
  const std::string folder = name == 0 ? "." : path_.substr(0, name);
  file_ = ::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
  if (file_ < 0) {
    return false;
  }
  unnamed_ = "/proc/self/fd/" + std::to_string(file_);
  if (name == path_.size() || ::access(unnamed_.c_str(), F_OK) != 0) {
    ::close(file_);
    unnamed_.clear();
  }
  return !unnamed_.empty();
}

/// What processes that are gone left of this file.
void OutputFile::sweep() const noexcept {
  try {
    const std::filesystem::path path(path_);
    const std::string begin = path.filename().string() + std::string(kPart);
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
      const std::string name = entry.path().filename().string();
      int process = 0;
      if (name.starts_with(begin) && is_number(name.substr(begin.size()), process) &&
          ::kill(process, 0) != 0 && errno == ESRCH) {
        ::unlink(entry.path().c_str());
      }
    }
  } catch (const std::exception&) {
    return;  // it is a courtesy
  }
}

OutputFile::~OutputFile() {
  if (file_ >= 0 && !is_standard_output()) {
    ::close(file_);
    if (!temporary_.empty() && unnamed_.empty()) {
      ::unlink(temporary_.c_str());
    }
  }
}

void OutputFile::take(std::string_view piece) noexcept {
  if (error_ == 0 && !write_all(file_, piece)) {
    error_ = errno;
  }
}

void OutputFile::start_again() noexcept {
  if (!temporary_.empty() && ::ftruncate(file_, 0) == 0 && ::lseek(file_, 0, SEEK_SET) == 0) {
    error_ = 0;
  }
}

void OutputFile::commit(std::string_view rest) {
  if (!try_commit(rest)) {
    fail(path_, "writing failed");
  }
}

bool OutputFile::try_commit(std::string_view rest) noexcept {
  take(rest);
  if (error_ != 0) {
    errno = error_;
    return false;
  }
  if (is_standard_output()) {
    return true;
  }
  const bool kept = temporary_.empty() || (::fsync(file_) == 0 && give_name());
  if (kept) {
    ::close(file_);
    file_ = -1;
  }
  return kept;
}

bool OutputFile::give_name() noexcept {
  if (!unnamed_.empty()) {
    const auto link_as = [&](const std::string& name) {
      return ::linkat(AT_FDCWD, unnamed_.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
    };
    if (link_as(path_)) {
      return true;
    }
    // The name is taken: only a rename replaces it in one step.
    if (errno != EEXIST || !link_as(temporary_)) {
      return false;
    }
  }
  if (::rename(temporary_.c_str(), path_.c_str()) == 0) {
    return true;
  }
  const int error = errno;
  ::unlink(temporary_.c_str());
  errno = error;
  return false;
}

}  // namespace pinlab::harness
