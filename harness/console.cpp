#include "harness/console.hpp"

#include "harness/outcome.hpp"
#include "harness/output_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <unistd.h>

namespace pinlab::harness {

Console::Console() {
  const char* const no_color =
      std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): before any thread
  colour_ = ::isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
  live_ = ::isatty(STDERR_FILENO) == 1;
}

void Console::out(std::string_view text) {
  if (closed_ || write_all(STDOUT_FILENO, text)) {
    return;
  }
  if (errno != EPIPE) {
    throw IoError(std::string("standard output: ") + std::generic_category().message(errno));
  }
  closed_ = true;
}

void Console::err(std::string_view text) const {
  static_cast<void>(write_all(STDERR_FILENO, text));
}

void Console::complain(std::string_view sentence) const {
  err("pinlab: " + std::string(sentence) + "\n");
}

void Console::redraw(std::string_view line) const {
  err("\r\033[K" + std::string(line));
}

std::string Console::heading(std::string_view text) const {
  return colour_ ? "\033[1m" + std::string(text) + "\033[0m" : std::string(text);
}

}  // namespace pinlab::harness
