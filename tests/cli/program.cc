#include "program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace mobileclip::test {
namespace {

namespace fs = std::filesystem;

class Folders {
 public:
  ~Folders() {
    for (const std::string& folder : all_) fs::remove_all(folder);
  }
  std::string make() {
    std::string name = fs::temp_directory_path() / "mobileclip-cli-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    all_.push_back(name);
    return name;
  }

 private:
  std::vector<std::string> all_;
};

/// Appends `word` so that the shell takes it as it is.
void append_quoted(std::string& command, const std::string& word) {
  command.append(" '");
  for (const char c : word) {
    if (c == '\'') {
      command.append("'\\''");
    } else {
      command.push_back(c);
    }
  }
  command.push_back('\'');
}

}  // namespace

std::vector<nlohmann::json> Outcome::json_lines() const {
  std::vector<nlohmann::json> lines;
  std::istringstream text(out);
  for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

std::string fresh_folder() {
  static Folders folders;
  return folders.make();
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string read_file(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

bool exists(const std::string& path) { return fs::exists(path); }

Outcome run(const Invocation& what) {
  const std::string folder = fresh_folder();
  write_file(folder + "/in", what.input);
  std::string command = what.shell_prefix + " exec";
  append_quoted(command, MOBILECLIP_PROGRAM);
  for (const std::string& word : what.arguments) append_quoted(command, word);
  command.append(" <" + folder + "/in >" + folder + "/out 2>" + folder + "/err ");
  command.append(what.shell_suffix);

  std::vector<std::string> environment = {"PATH=/usr/bin:/bin"};
  environment.insert(environment.end(), what.environment.begin(), what.environment.end());
  std::vector<char*> pointers;
  for (std::string& variable : environment) pointers.push_back(variable.data());
  pointers.push_back(nullptr);

  const pid_t child = ::fork();
  if (child == 0) {
    const char* const words[] = {"sh", "-c", command.c_str(), nullptr};
    ::execve("/bin/sh", const_cast<char* const*>(words), pointers.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  Outcome outcome;
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  outcome.out = read_file(folder + "/out");
  outcome.err = read_file(folder + "/err");
  return outcome;
}

}  // namespace mobileclip::test
