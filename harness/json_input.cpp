#include "harness/json_input.hpp"

#include "harness/json_checker.hpp"
#include "harness/json_places.hpp"
#include "harness/outcome.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace pinlab::harness {

namespace {

constexpr std::size_t kMostBytes = std::size_t{4} << 30U;

}  // namespace

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (std::filesystem::is_directory(path)) {
    throw IoError(path + ": it is a directory");
  }
  if (!file) {
    throw IoError(path + ": " + std::generic_category().message(errno));
  }
  std::string text;
  std::string part(std::size_t{1} << 20U, '\0');
  while (file.read(part.data(), static_cast<std::streamsize>(part.size())) || file.gcount() > 0) {
    text.append(part, 0, static_cast<std::size_t>(file.gcount()));
    if (text.size() > kMostBytes) {
      throw InputError(path + ": the file is larger than 4 GiB");
    }
  }
  if (file.bad()) {
    throw IoError(path + ": it cannot be read: " + std::generic_category().message(errno));
  }
  return text;
}

Settings read_configuration(const std::string& path) {
  const std::string text = read_file(path);
  refuse_doubtful_json(path, text, Numbers::as_written);
  JsonChecker checker(path);
  nlohmann::json::sax_parse(text, &checker, nlohmann::json::input_format_t::json, true, true);
  if (!checker.is_flat_object()) {
    throw InputError(path +
                     ": a configuration is one object without objects or arrays in it, with names "
                     "such as \"heap.max\"");
  }
  return checker.settings();
}

}  // namespace pinlab::harness
