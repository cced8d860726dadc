#include "harness/sweep/event_log.hpp"

#include "heap/support/words.hpp"
#include "harness/outcome.hpp"
#include "harness/output_file.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace pinlab::harness {

namespace {

constexpr std::string_view kSeal = ",\"c\":\"";
constexpr std::size_t kSealLength = kSeal.size() + 10;  // 8 digits, a quote, a brace

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw IoError(path + ": " + what + ": " + std::generic_category().message(errno));
}

std::string lock_path(const std::string& folder) {
  return folder + "/lock";
}

std::string content_of(int file) {
  std::array<char, 512> text{};
  const ssize_t length = ::pread(file, text.data(), text.size(), 0);
  std::string content(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  while (content.ends_with('\n')) {
    content.pop_back();
  }
  return content.empty() ? "another process" : heap::printable_text(content);
}

std::array<char, 8> crc_text(std::string_view body) {
  const auto* const bytes = static_cast<const Bytef*>(static_cast<const void*>(body.data()));
  const unsigned long crc = ::crc32_z(0, bytes, body.size());
  std::array<char, 8> text{};
  for (std::size_t i = 0; i < text.size(); ++i) {
    text[i] = "0123456789abcdef"[(crc >> (28 - 4 * i)) & 15U];
  }
  return text;
}

}  // namespace

WorkLock::WorkLock(std::string path, const std::string& refusal) : path_(std::move(path)) {
  struct stat status {};
  // Who held it before may have removed it between the two steps: it is then a file of nobody.
  while (file_ < 0 || ::fstat(file_, &status) != 0 || status.st_nlink == 0) {
    if (file_ >= 0) {
      ::close(file_);
    }
    file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file_ < 0) {
      fail(path_, "it cannot be written");
    }
    if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
      const std::string who = content_of(file_);
      ::close(file_);
      throw IoError(refusal + ": " + who);
    }
  }
  const std::string text = "process " + std::to_string(::getpid()) + " on " + host_name() +
                           ", since " + utc_milliseconds() + "\n";
  static_cast<void>(!::ftruncate(file_, 0));
  static_cast<void>(write_all(file_, text));
}

WorkLock::~WorkLock() {
  ::unlink(path_.c_str());
  ::close(file_);
}

std::string WorkLock::holder(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return {};
  }
  const bool is_free = ::flock(file, LOCK_SH | LOCK_NB) == 0;
  std::string who = is_free ? std::string() : content_of(file);
  ::close(file);
  return who;
}

FolderLock::FolderLock(const std::string& folder)
    : lock_(lock_path(folder), folder + ": another sweep works there") {}

std::string FolderLock::holder(const std::string& folder) {
  return WorkLock::holder(lock_path(folder));
}

EventLog::EventLog(std::string path, std::uint64_t length, std::uint64_t lines)
    : path_(std::move(path)), length_(length), lines_(lines) {
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file_ < 0 || ::ftruncate(file_, static_cast<off_t>(length_)) != 0) {
    fail(path_, "it cannot be written");
  }
}

EventLog::~EventLog() {
  ::close(file_);
}

void EventLog::append(std::string_view kind, std::string_view fields) {
  std::string body = "{\"n\":" + std::to_string(lines_) + ",\"t\":\"" + std::string(kind) +
                     "\",\"ts\":\"" + utc_milliseconds() + "\"";
  if (!fields.empty()) {
    body.append(",").append(fields);
  }
  const std::string line = sealed_line(body);
  if (!write_all(file_, line)) {
    const int error = errno;
    static_cast<void>(!::ftruncate(file_, static_cast<off_t>(length_)));
    errno = error;
    fail(path_, "writing failed");
  }
  length_ += line.size();
  ++lines_;
  dirty_ = true;
}

void EventLog::sync() {
  if (dirty_ && ::fdatasync(file_) != 0) {
    fail(path_, "writing failed");
  }
  dirty_ = false;
}

std::string sealed_line(std::string_view body) {
  const std::array<char, 8> crc = crc_text(body);
  return std::string(body).append(kSeal).append(crc.data(), crc.size()).append("\"}\n");
}

bool is_sealed(std::string_view line) {
  if (line.size() < kSealLength) {
    return false;
  }
  const std::string_view body = line.substr(0, line.size() - kSealLength);
  std::string whole = sealed_line(body);
  whole.pop_back();
  return whole == line;
}

std::string json_text(std::string_view text) {
  std::string json = "\"";
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view before = rest;
    const auto c = static_cast<unsigned char>(rest.front());
    const bool good = heap::take_utf8(rest);
    if (!good) {
      json += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      json.append("\\").push_back(static_cast<char>(c));
    } else if (c < 0x20U) {
      constexpr std::string_view hex = "0123456789abcdef";
      json.append("\\u00").append({hex[c >> 4U], hex[c & 15U]});
    } else {
      json += before.substr(0, before.size() - rest.size());
    }
  }
  return json + "\"";
}

std::string utc_milliseconds() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const std::string digits = std::to_string(1000 + since.count() % 1000);
  return std::string(text.data(), length) + "." + digits.substr(1) + "Z";
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

}  // namespace pinlab::harness
