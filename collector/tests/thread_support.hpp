// What tests with several threads share: failures that wait for the test's own thread, and a way to
// hand sets of pins to a thread that is no mutator.
#pragma once

#include "pinning/pin_set.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace pinlab::collector::tests {

/// What went wrong on any thread: doctest's assertions stay on the thread of the test.
class Failures {
 public:
  void expect(bool promise, const char* what) {
    if (!promise) {
      throw std::runtime_error(what);
    }
  }
  template <class Work>
  void guard(Work&& work) {
    try {
      work();
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex_);
      messages_.emplace_back(error.what());
    }
  }
  [[nodiscard]] std::string all() const {
    std::string text;
    for (const std::string& message : messages_) {
      text += message + "\n";
    }
    return text;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> messages_;
};

/// Sets on their way to a thread that is no mutator.
class SetQueue {
 public:
  void send(std::unique_ptr<pinning::PinSet> set) {
    {
      const std::lock_guard lock(mutex_);
      sets_.push_back(std::move(set));
    }
    changed_.notify_one();
  }
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
  }
  /// Null once the queue is closed and empty.
  [[nodiscard]] std::unique_ptr<pinning::PinSet> receive() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !sets_.empty(); });
    if (sets_.empty()) {
      return nullptr;
    }
    std::unique_ptr<pinning::PinSet> set = std::move(sets_.front());
    sets_.pop_front();
    return set;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<pinning::PinSet>> sets_;
  bool closed_ = false;
};

}  // namespace pinlab::collector::tests
