#include "harness/external_command.hpp"

#include "harness/build_info.hpp"
#include "harness/outcome.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <system_error>

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

}  // namespace

void become_external_command(std::span<const std::string_view> words) {
  if (!is_command_word(words[0])) {
    return;
  }
  for (const fs::path& folder : search_path()) {
    const fs::path program = folder / (std::string(kPrefix) + std::string(words[0]));
    if (!is_program(program)) {
      continue;
    }
    std::vector<std::string> arguments = {program.string()};
    arguments.insert(arguments.end(), words.begin() + 1, words.end());
    std::vector<char*> pointers;
    pointers.reserve(arguments.size() + 1);
    for (std::string& argument : arguments) {
      pointers.push_back(argument.data());
    }
    pointers.push_back(nullptr);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
    ::setenv("PINLAB", this_program().c_str(), 1);
    std::signal(SIGPIPE, SIG_DFL);
    ::execv(program.c_str(), pointers.data());
    throw IoError(program.string() +
                  ": it cannot be run: " + std::generic_category().message(errno));
  }
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
