#include "harness/external_command.hpp"

#include "workloads/io/descriptor.hpp"
#include "harness/build_info.hpp"
#include "harness/outcome.hpp"
#include "harness/output_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pinlab::harness {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "pinlab-";

std::string environment_value(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
  return value == nullptr ? std::string() : value;
}

fs::path this_program() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error);
}

void add_list(std::vector<fs::path>& folders, std::string_view list) {
  while (!list.empty()) {
    const std::string_view folder = list.substr(0, list.find(':'));
    list.remove_prefix(std::min(folder.size() + 1, list.size()));
    if (!folder.empty()) {
      folders.emplace_back(folder);
    }
  }
}

std::vector<fs::path> search_path() {
  std::vector<fs::path> folders = {this_program().parent_path()};
  add_list(folders, environment_value("PINLAB_EXEC_PATH"));
  folders.emplace_back(kSourceScripts);
  add_list(folders, environment_value("PATH"));
  return folders;
}

bool is_program(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

/// A word that could be a program's name, and no path to somewhere else.
bool is_command_word(std::string_view word) {
  return !word.empty() &&
         word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string_view::npos;
}

/// Empty where there is none.
fs::path program_for(std::string_view word) {
  if (is_command_word(word)) {
    for (const fs::path& folder : search_path()) {
      const fs::path program = folder / (std::string(kPrefix) + std::string(word));
      if (is_program(program)) {
        return program;
      }
    }
  }
  return {};
}

/// The words of a command as execv() takes them, the program first.
class Arguments {
 public:
  Arguments(const fs::path& program, std::span<const std::string_view> rest)
      : texts_{program.string()} {
    texts_.insert(texts_.end(), rest.begin(), rest.end());
    for (std::string& text : texts_) {
      pointers_.push_back(text.data());
    }
    pointers_.push_back(nullptr);
  }
  [[nodiscard]] char** get() { return pointers_.data(); }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

void name_this_program() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread
  ::setenv("PINLAB", this_program().c_str(), 1);
}

[[noreturn]] void fail(const std::string& what) {
  throw IoError(what + ": " + std::generic_category().message(errno));
}

std::string read_to_end(int file) {
  std::string text;
  std::array<char, 65536> part{};
  for (;;) {
    const ssize_t read = ::read(file, part.data(), part.size());
    if (read > 0) {
      text.append(part.data(), static_cast<std::size_t>(read));
    } else if (read == 0) {
      return text;
    } else if (errno != EINTR) {
      fail("the output of a command cannot be read");
    }
  }
}

/// Starts it with standard output and one more file, which it knows as /dev/fd/3.
pid_t spawn(const fs::path& program, Arguments& arguments, int output, int input) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, input, 3);
  pid_t process = -1;
  errno = ::posix_spawn(&process, program.c_str(), &actions, nullptr, arguments.get(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return errno == 0 ? process : -1;
}

}  // namespace

void become_external_command(std::span<const std::string_view> words) {
  const fs::path program = program_for(words[0]);
  if (program.empty()) {
    return;
  }
  Arguments arguments(program, words.subspan(1));
  name_this_program();
  std::signal(SIGPIPE, SIG_DFL);
  ::execv(program.c_str(), arguments.get());
  fail(program.string() + ": it cannot be run");
}

std::string output_of_external_command(std::span<const std::string_view> words,
                                       std::string_view input) {
  const std::string name = std::string(kPrefix) + std::string(words[0]);
  const fs::path program = program_for(words[0]);
  if (program.empty()) {
    throw IoError("there is no " + name + ": it is neither beside this program nor in " +
                  "$PINLAB_EXEC_PATH or $PATH");
  }
  // Above 3, which will be the file's number in the command.
  const int memory = ::memfd_create("pinlab", MFD_CLOEXEC);
  const workloads::Descriptor file(memory < 0 ? -1 : ::fcntl(memory, F_DUPFD_CLOEXEC, 4));
  const workloads::Descriptor original(memory);
  std::array<int, 2> ends = {-1, -1};
  if (file.number() < 0 || !write_all(file.number(), input) ||
      ::pipe2(ends.data(), O_CLOEXEC) != 0) {
    fail("nothing can be handed to " + name);
  }
  const workloads::Descriptor reading(ends[0]);
  workloads::Descriptor writing(ends[1]);
  std::vector<std::string_view> rest(words.begin() + 1, words.end());
  rest.emplace_back("/dev/fd/3");
  Arguments arguments(program, rest);
  name_this_program();
  const pid_t process = spawn(program, arguments, writing.number(), file.number());
  if (process < 0) {
    fail(program.string() + ": it cannot be run");
  }
  writing.close();
  std::string text = read_to_end(reading.number());
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw IoError(name + " failed" +
                  (WIFEXITED(status) ? " with exit code " + std::to_string(WEXITSTATUS(status))
                                     : std::string()));
  }
  return text;
}

std::vector<std::string> external_commands() {
  std::vector<std::string> names;
  for (const fs::path& folder : search_path()) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(kPrefix) && is_command_word(name.substr(kPrefix.size())) &&
          is_program(entry.path())) {
        names.push_back(name.substr(kPrefix.size()));
      }
    }
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace pinlab::harness
