// Keeps the record of a run that crashes: prepared before the run, written by the handler of the
// signal that ends the process. Like harness/watchdog.cpp it has state outside of objects, since a
// signal handler has no other.
#pragma once

#include "harness/output_file.hpp"

#include <string>

namespace pinlab::harness {

/// While it lives, a crash commits `record` to `output` and ends with exit code 4. One at a time.
/// Does nothing in builds whose sanitizer has handlers of its own.
class CrashGuard {
 public:
  CrashGuard(OutputFile* output, std::string record);
  CrashGuard(const CrashGuard&) = delete;
  CrashGuard& operator=(const CrashGuard&) = delete;
  ~CrashGuard();

 private:
  std::string record_;
};

}  // namespace pinlab::harness
