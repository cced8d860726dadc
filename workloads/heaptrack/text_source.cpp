// Decompression as a stream, over libzstd and zlib.
// Invariant: the position that an error names is that of the stored file, not of the text in it.
#include "workloads/heaptrack/text_source.hpp"

// zlib never writes to its input; this makes it say so.
#define ZLIB_CONST
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <new>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include <zlib.h>
#include <zstd.h>

namespace pinlab::workloads {
namespace {

using Bytes = std::span<const unsigned char>;

constexpr std::size_t kFileBufferBytes = std::size_t{1} << 18U;
/// zlib counts in 32 bits.
constexpr std::size_t kZlibMaxBytes = std::size_t{1} << 30U;
/// Added to zlib's window bits: gzip and no other wrapping.
constexpr int kGzipOnly = 16;

std::string reason(int error) {
  return std::generic_category().message(error);
}

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
};

/// The bytes of a file as they are stored, with their positions.
class StoredFile {
 public:
  explicit StoredFile(const std::string& path)
      : file_(std::fopen(path.c_str(), "rbe")), buffer_(kFileBufferBytes) {
    if (file_ == nullptr) {
      throw SourceError("cannot be opened: " + reason(errno));
    }
    fill();
  }

  /// The bytes at hand, empty only at the end of the file.
  Bytes peek() {
    if (unread_.empty()) {
      fill();
    }
    return unread_;
  }

  void skip(std::size_t count) {
    unread_ = unread_.subspan(count);
    position_ += count;
  }

  /// Bytes of the file before the next unread one.
  [[nodiscard]] std::uint64_t position() const { return position_; }

 private:
  void fill() {
    const std::size_t count = std::fread(buffer_.data(), 1, buffer_.size(), file_.get());
    if (std::ferror(file_.get()) != 0) {
      throw SourceError("cannot be read at byte " + std::to_string(position_) +
                        " of the file: " + reason(errno));
    }
    unread_ = Bytes(buffer_).first(count);
  }

  std::unique_ptr<std::FILE, CloseFile> file_;
  std::vector<unsigned char> buffer_;
  Bytes unread_;
  std::uint64_t position_ = 0;
};

[[noreturn]] void fail_cut(const char* format, const StoredFile& file) {
  throw SourceError(std::string("the ") + format + " stream is cut: the file ends at byte " +
                    std::to_string(file.position()) + ", the stream does not");
}

[[noreturn]] void fail_damaged(const char* format, const StoredFile& file, const char* why) {
  throw SourceError(std::string("the ") + format + " stream is damaged near byte " +
                    std::to_string(file.position()) + " of the file: " + why);
}

class PlainSource final : public TextSource {
 public:
  explicit PlainSource(StoredFile file) : file_(std::move(file)) {}

  std::size_t read(char* to, std::size_t capacity) override {
    const Bytes bytes = file_.peek();
    const std::size_t count = std::min(bytes.size(), capacity);
    std::copy_n(bytes.begin(), count, to);
    file_.skip(count);
    return count;
  }

 private:
  StoredFile file_;
};

struct FreeZstd {
  void operator()(ZSTD_DStream* stream) const noexcept { ZSTD_freeDStream(stream); }
};

class ZstdSource final : public TextSource {
 public:
  explicit ZstdSource(StoredFile file) : file_(std::move(file)), stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) {
      throw std::bad_alloc();
    }
  }

  std::size_t read(char* to, std::size_t capacity) override {
    ZSTD_outBuffer out{to, capacity, 0};
    while (out.pos == 0) {
      const Bytes bytes = file_.peek();
      if (bytes.empty() && between_frames_) {
        return 0;
      }
      // With no input left this still hands out what zstd holds back.
      ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
      const std::size_t hint = ZSTD_decompressStream(stream_.get(), &out, &in);
      file_.skip(in.pos);
      if (ZSTD_isError(hint) != 0) {
        fail_damaged("zstd", file_, ZSTD_getErrorName(hint));
      }
      between_frames_ = hint == 0;
      if (bytes.empty() && out.pos == 0 && !between_frames_) {
        fail_cut("zstd", file_);
      }
    }
    return out.pos;
  }

 private:
  StoredFile file_;
  std::unique_ptr<ZSTD_DStream, FreeZstd> stream_;
  bool between_frames_ = false;
};

class GzipSource final : public TextSource {
 public:
  explicit GzipSource(StoredFile file) : file_(std::move(file)) {
    if (inflateInit2(&stream_, MAX_WBITS + kGzipOnly) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~GzipSource() override { inflateEnd(&stream_); }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  std::size_t read(char* to, std::size_t capacity) override {
    const auto room = static_cast<uInt>(std::min(capacity, kZlibMaxBytes));
    // zlib's bytes are unsigned char, text is char: void* is the way between them without a cast of
    // types.
    stream_.next_out = static_cast<Bytef*>(static_cast<void*>(to));
    stream_.avail_out = room;
    while (stream_.avail_out == room) {
      const Bytes bytes = file_.peek();
      if (between_members_ && bytes.empty()) {
        return 0;
      }
      if (between_members_) {
        inflateReset(&stream_);
        between_members_ = false;
      }
      step(bytes);
    }
    return room - stream_.avail_out;
  }

 private:
  void step(Bytes bytes) {
    stream_.next_in = bytes.data();
    stream_.avail_in = static_cast<uInt>(bytes.size());
    const int result = inflate(&stream_, Z_NO_FLUSH);
    file_.skip(bytes.size() - stream_.avail_in);
    if (result == Z_STREAM_END) {
      between_members_ = true;
    } else if (result == Z_BUF_ERROR && bytes.empty()) {
      fail_cut("gzip", file_);
    } else if (result != Z_OK) {
      fail_damaged("gzip", file_, stream_.msg != nullptr ? stream_.msg : zError(result));
    }
  }

  StoredFile file_;
  z_stream stream_{};
  bool between_members_ = false;
};

/// Zstd frames begin with fd2fb528, skippable ones (pzstd writes them first) with 184d2a50 to
/// 184d2a5f.
bool is_zstd(Bytes head) {
  if (head.size() < 4) {
    return false;
  }
  const bool frame = head[0] == 0x28 && head[1] == 0xb5 && head[2] == 0x2f && head[3] == 0xfd;
  const bool skippable =
      (head[0] & 0xf0U) == 0x50 && head[1] == 0x2a && head[2] == 0x4d && head[3] == 0x18;
  return frame || skippable;
}

bool is_gzip(Bytes head) {
  return head.size() >= 2 && head[0] == 0x1f && head[1] == 0x8b;
}

}  // namespace

std::unique_ptr<TextSource> open_text(const std::string& path) {
  StoredFile file(path);
  const Bytes head = file.peek();
  if (is_zstd(head)) {
    return std::make_unique<ZstdSource>(std::move(file));
  }
  if (is_gzip(head)) {
    return std::make_unique<GzipSource>(std::move(file));
  }
  return std::make_unique<PlainSource>(std::move(file));
}

}  // namespace pinlab::workloads
