#include "workloads/io/io_queue.hpp"

#include "heap/support/expects.hpp"
#include "collector/safe_region.hpp"
#include "workloads/io/descriptor.hpp"

#include <algorithm>
#include <cerrno>

namespace pinlab::workloads {

IoQueue::~IoQueue() {
  end_all();
}

void IoQueue::end_all() noexcept {
  try {
    for (auto& [token, transfer] : transfers_) {
      if (!transfer.over) {
        transfer.to_be_cancelled = true;
        engine_->cancel(token);
      }
    }
    const collector::SafeRegion outside(mutator_);
    while (in_flight_ > 0) {
      take(engine_->wait());
    }
  } catch (const std::exception&) {
    // The engine ends all the same, and with it what is in flight.
  }
}

void IoQueue::start(const IoRequest& request) {
  EXPECTS(request.token < kMostTokens && request.count > 0);
  Transfer transfer{.request = request};
  for (const iovec& vector : std::span(request.vectors, request.count)) {
    transfer.left += vector.iov_len;
  }
  const bool added = transfers_.try_emplace(request.token, transfer).second;
  EXPECTS(added);
  try {
    submit(request);
  } catch (...) {
    transfers_.erase(request.token);
    throw;
  }
}

void IoQueue::submit(const IoRequest& request) {
  engine_->submit(request);
  ++in_flight_;
}

void IoQueue::cancel(std::uint64_t token) {
  const auto found = transfers_.find(token);
  EXPECTS(found != transfers_.end());
  if (!found->second.over) {
    found->second.to_be_cancelled = true;
    engine_->cancel(token);
  }
}

IoResult IoQueue::finish(std::uint64_t token) {
  const auto found = transfers_.find(token);
  EXPECTS(found != transfers_.end());
  Transfer& transfer = found->second;
  while (const std::optional<IoCompletion> completion =
             transfer.over ? std::nullopt : engine_->poll()) {
    take(*completion);
  }
  if (!transfer.over) {
    const collector::SafeRegion outside(mutator_);
    while (!transfer.over) {
      take(engine_->wait());
    }
  }
  const IoResult result = transfer.result;
  transfers_.erase(found);
  std::erase(arrivals_, token);
  return result;
}

void IoQueue::register_buffers(std::shared_ptr<const LastingMemory> memory) {
  EXPECTS(registered_ == nullptr);
  registered_ = std::move(memory);
  engine_->register_buffers(registered_->vectors());
}

std::optional<std::uint64_t> IoQueue::arrived() {
  EXPECTS(completions_ == Completions::arrival);
  while (const std::optional<IoCompletion> completion = engine_->poll()) {
    take(*completion);
  }
  if (arrivals_.empty()) {
    return std::nullopt;
  }
  const std::uint64_t token = arrivals_.front();
  arrivals_.pop_front();
  return token;
}

void IoQueue::take(const IoCompletion& completion) {
  --in_flight_;
  Transfer& transfer = transfers_.at(completion.token);
  const std::int64_t result = completion.result;
  const bool interrupted = result == -EINTR || result == -EAGAIN;
  bool goes_on = interrupted;
  if (interrupted) {
    ++chances_.interruptions;
  } else if (result > 0) {
    const auto bytes = static_cast<std::uint64_t>(result);
    transfer.result.bytes += bytes;
    transfer.left -= bytes;
    goes_on = transfer.left > 0;
    chances_.short_transfers += goes_on ? 1 : 0;
  } else if (result == -ECANCELED || result == -ETIME) {
    transfer.result.cancelled = true;
  } else {
    transfer.result.error = static_cast<int>(-result);
  }
  if (goes_on && transfer.to_be_cancelled) {
    transfer.result.cancelled = true;
    goes_on = false;
  }
  if (goes_on) {
    // Not of what is to be cancelled: when the queue ends, the vectors may be gone already.
    if (!interrupted) {
      advance(transfer.request, static_cast<std::uint64_t>(result));
    }
    submit(transfer.request);
    return;
  }
  transfer.over = true;
  if (completions_ == Completions::arrival) {
    arrivals_.push_back(completion.token);
  }
}

void IoQueue::advance(IoRequest& request, std::uint64_t bytes) {
  if (request.offset != IoRequest::kStream) {
    request.offset += bytes;
  }
  while (bytes >= request.vectors->iov_len) {
    bytes -= request.vectors->iov_len;
    ++request.vectors;
    --request.count;
  }
  request.vectors->iov_base = static_cast<char*>(request.vectors->iov_base) + bytes;
  request.vectors->iov_len -= bytes;
}

}  // namespace pinlab::workloads
