// Small recorded heaps for the tests of the trace reader, written to files that end with it.
// Invariant: two objects of TemporaryFile never share a path, be it in two processes.
#pragma once

#include "workloads/heaptrack/trace.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

namespace pinlab::workloads::tests {

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content) : path_(fresh_path()) { write(content); }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  void write(std::string_view content) const {
    std::ofstream file(path_, std::ios::binary | std::ios::trunc);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    REQUIRE(file.flush().good());
  }

 private:
  static std::string fresh_path() {
    static std::uint64_t count = 0;
    const std::string name =
        "pinlab-trace-" + std::to_string(getpid()) + "-" + std::to_string(count++);
    return (std::filesystem::temp_directory_path() / name).string();
  }

  std::string path_;
};

/// `text` as one zstd frame with a checksum.
inline std::string zstd(std::string_view text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  const std::size_t size =
      ZSTD_compress2(context, packed.data(), packed.size(), text.data(), text.size());
  ZSTD_freeCCtx(context);
  REQUIRE(ZSTD_isError(size) == 0);
  packed.resize(size);
  return packed;
}

/// `text` as one gzip member.
inline std::string gzip(std::string_view text) {
  const TemporaryFile file("");
  gzFile packer = gzopen(file.path().c_str(), "wb");
  REQUIRE(gzwrite(packer, text.data(), static_cast<unsigned>(text.size())) ==
          static_cast<int>(text.size()));
  REQUIRE(gzclose(packer) == Z_OK);
  std::ifstream packed(file.path(), std::ios::binary);
  return {std::istreambuf_iterator<char>(packed), std::istreambuf_iterator<char>()};
}

inline Trace read_text(std::string_view content,
                       FreeOrder order = FreeOrder::fifo,
                       std::uint64_t seed = 1) {
  const TemporaryFile file(content);
  return read_trace(file.path(), order, seed, "");
}

/// The error that reading the file ends in, if it does.
inline std::optional<TraceError> error_in(const std::string& path) {
  try {
    static_cast<void>(read_trace(path, FreeOrder::fifo, 1, ""));
  } catch (const TraceError& error) {
    return error;
  }
  return std::nullopt;
}

/// The same for a file of that content.
inline std::optional<TraceError> error_of(std::string_view content) {
  const TemporaryFile file(content);
  return error_in(file.path());
}

/// The events as text: +slot@site:size for an allocation, -slot for a free.
inline std::string shown(const Trace& trace) {
  std::string text;
  for (const TraceEvent& event : trace.events()) {
    text += text.empty() ? "" : " ";
    if (event.kind == TraceEvent::Kind::allocate) {
      text += "+" + std::to_string(event.slot) + "@" + std::to_string(event.site) + ":" +
              std::to_string(event.size);
    } else {
      text += "-" + std::to_string(event.slot);
    }
  }
  return text;
}

/// A run of /bin/app, whose code lies at 0x400000: two sites, three allocations, one free.
inline constexpr std::string_view kRawHeader =
    "v 10400 3\n"
    "x 8 /bin/app\n"
    "X app --flag\n"
    "I 1000 10\n"
    "m 1 -\n"
    "m 1 x 400000 0 2000\n"
    "m c /lib/libc.so 7f0000000000 0 5000 6000 1000\n"
    "t 400100 0\n"
    "t 7f0000001234 1\n";
inline constexpr std::string_view kRawEvents =
    "+ 10 2 1000\n"
    "+ 20 1 2000\n"
    "- 1000\n"
    "c 5\n"
    "R 7\n"
    "+ 30 2 3000\n";

/// Another run of it, at other addresses, interpreted.
inline constexpr std::string_view kInterpretedHeader =
    "v 10400 3\n"
    "X app --flag\n"
    "I 1000 10\n"
    "s 8 /bin/app\n"
    "s c /lib/libc.so\n"
    "s 4 main\n"
    "s 6 main.c\n"
    "s 9 make_node\n"
    "s f /src/lib/node.h\n"
    "s 6 malloc\n"
    "i 555500000100 1 3 4 c\n"
    "t 1 0\n"
    "i 7eee00001234 2 5 6 7 3 4 2a\n"
    "t 2 1\n"
    "i 7eee00001300 2 7\n"
    "t 3 2\n"
    "i 555500000200 1\n"
    "t 4 0\n";

inline std::string raw_trace() {
  return std::string(kRawHeader) + std::string(kRawEvents);
}

}  // namespace pinlab::workloads::tests
