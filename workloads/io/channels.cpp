#include "workloads/io/channels.hpp"

#include "heap/support/expects.hpp"

#include <cerrno>

namespace pinlab::workloads {

namespace {

constexpr std::uint64_t kTokensPerLane = 2;

std::uint64_t token_of(std::uint32_t lane) {
  return kTokensPerLane * lane;
}
std::uint64_t other_token_of(std::uint32_t lane) {
  return kTokensPerLane * lane + 1;
}

}  // namespace

Channels::Channels(ChannelKind kind,
                   const std::string& directory,
                   std::uint64_t lane_bytes,
                   IoQueue& queue)
    : kind_(kind), lane_bytes_(lane_bytes), queue_(queue), silent_(make_pipe()) {
  if (kind_ == ChannelKind::file) {
    file_ = make_file(directory);
  }
}

void Channels::start(std::uint32_t number, const Transfer& transfer) {
  while (lanes_.size() <= number) {
    lanes_.emplace_back();
  }
  Lane& lane = lanes_[number];
  lane.transfer = transfer;
  lane.answered = false;
  lane.bytes = 0;
  for (const KeyedBuffer& buffer : transfer.buffers) {
    lane.bytes += buffer.bytes;
  }
  EXPECTS(lane.bytes <= lane_bytes_);
  if (transfer.ending == TransferEnding::data) {
    open_stream(lane);
    lane.other_side.resize(lane.bytes);
    if (transfer.direction == IoDirection::read) {
      fill_other_side(lane);
      if (kind_ == ChannelKind::file) {
        write_all(file_, lane.other_side, number * lane_bytes_);
      }
    }
  }
  queue_.start(request_of(number, lane));
}

void Channels::open_stream(Lane& lane) const {
  if (kind_ != ChannelKind::file && !lane.stream.reader.is_open()) {
    lane.stream = kind_ == ChannelKind::pipe ? make_pipe() : make_socket_pair();
  }
}

IoRequest Channels::request_of(std::uint32_t number, Lane& lane) {
  const Transfer& transfer = lane.transfer;
  const bool reads = transfer.direction == IoDirection::read;
  IoRequest request{.token = token_of(number),
                    .direction = transfer.direction,
                    .vectors = transfer.vectors,
                    .count = static_cast<unsigned>(transfer.buffers.size()),
                    .limit = transfer.limit,
                    .registered = transfer.registered};
  if (transfer.ending != TransferEnding::data) {
    EXPECTS(reads);
    request.file = silent_.reader.number();
  } else if (kind_ == ChannelKind::file) {
    request.file = file_.number();
    request.offset = number * lane_bytes_;
  } else {
    request.file = reads ? lane.stream.reader.number() : lane.stream.writer.number();
  }
  return request;
}

void Channels::answer(std::uint32_t number) {
  Lane& lane = lanes_[number];
  if (lane.answered) {
    return;
  }
  lane.answered = true;
  if (lane.transfer.ending == TransferEnding::cancel ||
      lane.transfer.ending == TransferEnding::never) {
    queue_.cancel(token_of(number));
  } else if (lane.transfer.ending == TransferEnding::data && kind_ != ChannelKind::file) {
    const bool sends = lane.transfer.direction == IoDirection::read;
    lane.other_vector = {.iov_base = lane.other_side.data(), .iov_len = lane.other_side.size()};
    queue_.start({.token = other_token_of(number),
                  .direction = sends ? IoDirection::write : IoDirection::read,
                  .file = sends ? lane.stream.writer.number() : lane.stream.reader.number(),
                  .vectors = &lane.other_vector,
                  .count = 1});
  }
}

void Channels::finish(std::uint32_t number) {
  Lane& lane = lanes_[number];
  check(lane, queue_.finish(token_of(number)));
  if (lane.transfer.ending != TransferEnding::data) {
    return;
  }
  if (kind_ != ChannelKind::file) {
    EXPECTS(lane.answered);
    const IoResult other = queue_.finish(other_token_of(number));
    if (other.error != 0 || other.bytes != lane.bytes) {
      fail(lane, other.error);
    }
  } else if (lane.transfer.direction == IoDirection::write) {
    read_all(file_, lane.other_side, number * lane_bytes_);
  }
  if (lane.transfer.direction == IoDirection::write) {
    check_other_side(lane);
  }
}

std::optional<std::uint32_t> Channels::arrived() {
  while (const std::optional<std::uint64_t> token = queue_.arrived()) {
    if (*token % kTokensPerLane == 0) {
      return static_cast<std::uint32_t>(*token / kTokensPerLane);
    }
  }
  return std::nullopt;
}

void Channels::check(const Lane& lane, const IoResult& result) const {
  const bool wants_data = lane.transfer.ending == TransferEnding::data;
  if (result.error != 0 || (wants_data && result.bytes != lane.bytes)) {
    fail(lane, result.error);
  }
  if (!wants_data && (!result.cancelled || result.bytes != 0)) {
    throw IoError("a read of what nobody wrote was not cancelled", result.error);
  }
}

void Channels::fail(const Lane& lane, int error) {
  const bool reads = lane.transfer.direction == IoDirection::read;
  throw IoError(std::string(reads ? "reading " : "writing ") + std::to_string(lane.bytes) +
                    " bytes in " + std::to_string(lane.transfer.buffers.size()) + " buffers",
                error != 0 ? error : EIO);
}

void Channels::fill_other_side(Lane& lane) const {
  std::span<std::byte> rest = lane.other_side;
  for (const KeyedBuffer& buffer : lane.transfer.buffers) {
    fill_pattern(rest.first(buffer.bytes), buffer.key);
    rest = rest.subspan(buffer.bytes);
  }
}

void Channels::check_other_side(const Lane& lane) const {
  std::span<const std::byte> rest = lane.other_side;
  for (const KeyedBuffer& buffer : lane.transfer.buffers) {
    if (const auto at = first_difference(rest.first(buffer.bytes), buffer.key)) {
      throw WrongBytes("of a buffer of " + std::to_string(buffer.bytes) +
                       " bytes that was written, other bytes arrived, from byte " +
                       std::to_string(*at) + " on");
    }
    rest = rest.subspan(buffer.bytes);
  }
}

}  // namespace pinlab::workloads
