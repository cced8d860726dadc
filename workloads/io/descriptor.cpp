#include "workloads/io/descriptor.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pinlab::workloads {

namespace {

/// Open files are limited twice; up to the second limit the program may help itself.
bool raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) {
    return false;
  }
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/// Repeats `open` once the limit of open files is raised, if that was why it failed.
template <class Open>
void open_or_throw(const std::string& what, Open&& open) {
  if (open() || (errno == EMFILE && raise_file_limit() && open())) {
    return;
  }
  throw IoError(what, errno);
}

}  // namespace

IoError::IoError(const std::string& what, int error)
    : std::runtime_error(what + ": " + std::generic_category().message(error)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    close();
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

void Descriptor::close() noexcept {
  if (number_ >= 0) {
    ::close(std::exchange(number_, -1));  // EINTR too has closed it (Linux)
  }
}

// Unlinked at once rather than O_TMPFILE, which some file systems refuse.
Descriptor make_file(const std::string& directory) {
  std::string path = directory + "/pinlab_XXXXXX";
  Descriptor file;
  open_or_throw("a file in " + directory, [&] {
    std::vector<char> name(path.begin(), path.end());
    name.push_back('\0');
    file = Descriptor(::mkostemp(name.data(), O_CLOEXEC));
    return file.is_open() && ::unlink(name.data()) == 0;
  });
  return file;
}

Stream make_pipe() {
  Stream stream;
  open_or_throw("a pipe", [&] {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      return false;
    }
    stream = {Descriptor(ends[0]), Descriptor(ends[1])};
    return true;
  });
  return stream;
}

Stream make_socket_pair() {
  Stream stream;
  open_or_throw("a pair of sockets", [&] {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      return false;
    }
    stream = {Descriptor(ends[0]), Descriptor(ends[1])};
    return true;
  });
  return stream;
}

void write_all(const Descriptor& file, std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t done =
        ::pwrite(file.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) {
      continue;
    }
    if (done <= 0) {
      throw IoError("writing " + std::to_string(bytes.size()) + " bytes", done < 0 ? errno : EIO);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(done));
    offset += static_cast<std::uint64_t>(done);
  }
}

void read_all(const Descriptor& file, std::span<std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t done =
        ::pread(file.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) {
      continue;
    }
    if (done < 0) {
      throw IoError("reading " + std::to_string(bytes.size()) + " bytes", errno);
    }
    if (done == 0) {
      throw IoError("a file ends " + std::to_string(bytes.size()) + " bytes too early");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(done));
    offset += static_cast<std::uint64_t>(done);
  }
}

WriteSignalsIgnored::WriteSignalsIgnored()
    : pipe_(std::signal(SIGPIPE, SIG_IGN)), file_size_(std::signal(SIGXFSZ, SIG_IGN)) {}

WriteSignalsIgnored::~WriteSignalsIgnored() {
  std::signal(SIGPIPE, pipe_);
  std::signal(SIGXFSZ, file_size_);
}

}  // namespace pinlab::workloads
