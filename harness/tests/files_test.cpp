#include "harness/json_input.hpp"
#include "harness/outcome.hpp"
#include "harness/output_file.hpp"
#include "harness/record_file.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace pinlab::harness {
namespace {

namespace fs = std::filesystem;

/// A folder that goes away with its test.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("pinlab_test_" + std::to_string(::getpid()))) {
    fs::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }

  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] std::string file_with(const std::string& text) const {
    std::ofstream(file("input")) << text;
    return file("input");
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
  }

 private:
  fs::path path_;
};

std::string text_in(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string configuration_error(const Folder& folder, const std::string& text) {
  try {
    static_cast<void>(read_configuration(folder.file_with(text)));
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST_CASE("a configuration is read with comments, and numbers as they are written") {
  const Folder folder;
  const Settings settings =
      read_configuration(folder.file_with("// base\n{ \"heap.max\": \"64MiB\", /* few */ "
                                          "\"pin.share\": 0.010, \"seed\": 18446744073709551616,\n"
                                          "  \"record.hostage\": false }"));
  REQUIRE(settings.size() == 4);
  CHECK(settings[1].text == "0.010");
  CHECK(settings[2].text == "18446744073709551616");
  CHECK(settings[3].text == "false");
}

TEST_CASE("a file that is no configuration is refused with its place") {
  const Folder folder;
  CHECK(configuration_error(folder, "{\n  \"seed\": }").find("input:2:11: ") != std::string::npos);
  CHECK(configuration_error(folder, "{\"seed\": 1").find("input:1:") != std::string::npos);
  CHECK(configuration_error(folder, "{\"seed\": 1} x").find("input:1:13: ") != std::string::npos);
  CHECK(configuration_error(folder, "{\"seed\": 1, \"seed\": 2}").find("is there twice") !=
        std::string::npos);
  CHECK(configuration_error(folder, "[1]").find("one object") != std::string::npos);
  CHECK(configuration_error(folder, "{\"heap\": {\"max\": 1}}").find("one object") !=
        std::string::npos);
  CHECK(configuration_error(folder, std::string(200000, '[')).find("levels of nesting") !=
        std::string::npos);
  CHECK(configuration_error(folder, "{\"a\": \"\xFF\"}").find("input:1:") != std::string::npos);
  CHECK(configuration_error(folder, "{\"a\": 1e999}") != "accepted");
  CHECK(configuration_error(folder, "") != "accepted");
}

TEST_CASE("a file that is no record is refused, and a missing one is another error") {
  const Folder folder;
  CHECK_THROWS_AS(static_cast<void>(read_record(folder.file_with("{}"))), InputError);
  CHECK_THROWS_AS(
      static_cast<void>(read_record(folder.file_with("{\"schema\": \"pinlab/run/9\"}"))),
      InputError);
  CHECK_THROWS_AS(static_cast<void>(read_record(folder.file("nothing"))), IoError);
  CHECK_THROWS_AS(static_cast<void>(read_record(folder.file("."))), IoError);
}

TEST_CASE("an output file is there whole or not at all") {
  const Folder folder;
  const std::string path = folder.file("record");
  {
    OutputFile file(path);
    CHECK(!fs::exists(path));
  }
  CHECK(folder.files() == 0);
  {
    OutputFile file(path);
    file.commit("first");
  }
  CHECK(text_in(path) == "first");
  {
    OutputFile file(path);
    CHECK(text_in(path) == "first");
    file.commit("second");
  }
  CHECK(text_in(path) == "second");
  CHECK(folder.files() == 1);
}

TEST_CASE("a process that is killed leaves nothing of what it was writing, and an old file whole") {
  const Folder folder;
  const std::string path = folder.file("record");
  for (const bool is_there : {false, true}) {
    const pid_t process = ::fork();
    if (process == 0) {
      OutputFile file(path);
      file.take("half");
      ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(process, &status, 0) == process);
    CHECK(WIFSIGNALED(status));
    CHECK(folder.files() == (is_there ? 1 : 0));
    OutputFile(path).commit("whole");
    CHECK(text_in(path) == "whole");
  }
}

TEST_CASE("what a process that is gone left beside a file is swept by who writes it next") {
  const Folder folder;
  const std::string path = folder.file("record");
  const pid_t gone = ::fork();
  if (gone == 0) {
    ::_exit(0);
  }
  ::waitpid(gone, nullptr, 0);
  OutputFile(path).commit("old");
  OutputFile(path + ".part" + std::to_string(gone)).commit("left over");
  OutputFile(path + ".part" + std::to_string(::getppid())).commit("of one that lives");
  OutputFile(path + ".parts").commit("something else");
  OutputFile(path).commit("new");
  CHECK(text_in(path) == "new");
  CHECK(folder.files() == 3);
  CHECK(!fs::exists(path + ".part" + std::to_string(gone)));
}

TEST_CASE("a text may come in pieces, and a failure of any is told at the end") {
  const Folder folder;
  const std::string path = folder.file("record");
  OutputFile file(path);
  file.take("a false start");
  file.start_again();
  file.take("one, ");
  file.take("two, ");
  file.commit("three");
  CHECK(text_in(path) == "one, two, three");
  OutputFile full("/dev/full");
  full.take("text");
  CHECK_THROWS_AS(full.commit(), IoError);
}

TEST_CASE("what cannot be written is known before anything is") {
  const Folder folder;
  CHECK_THROWS_AS(OutputFile(folder.file("no/such/folder")), IoError);
  CHECK_THROWS_AS(OutputFile(folder.file("")), IoError);
  OutputFile full("/dev/full");
  CHECK_THROWS_AS(full.commit("text"), IoError);
}

}  // namespace
}  // namespace pinlab::harness
