// A thread that is no mutator, and does what a mutator asks of it and waits for: as where pins are
// ended by another thread than made them.
#pragma once

#include "collector/mutator.hpp"
#include "collector/safe_region.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace pinlab::workloads {

class HelperThread {
 public:
  HelperThread() : thread_([this] { run(); }) {}
  HelperThread(const HelperThread&) = delete;
  HelperThread& operator=(const HelperThread&) = delete;
  ~HelperThread() {
    submit(nullptr);
    thread_.join();
  }

  /// Does it there, and waits.
  void call(collector::Mutator& mutator, std::function<void()> work) {
    const collector::SafeRegion outside(mutator);
    submit(std::move(work));
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
  }

 private:
  void submit(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    work_ = std::move(work);
    wanted_ = true;
    done_ = false;
    changed_.notify_all();
  }

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return wanted_; });
      wanted_ = false;
      if (!work_) {
        return;
      }
      work_();
      done_ = true;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> work_;
  bool wanted_ = false;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace pinlab::workloads
