// The program pinlab.
#include "harness/command_line.hpp"

#include <string_view>
#include <vector>

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  return pinlab::harness::run_command_line(words);
}
