/// What tests share that need no more than this folder.
#ifndef MOBILECLIP_BASE_TEST_SUPPORT_H_
#define MOBILECLIP_BASE_TEST_SUPPORT_H_

#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

namespace mobileclip {

/// The exit code of work() in a forked child, or −1 if it dies or takes more than kSeconds.
template <unsigned kSeconds>
int in_a_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(kSeconds);
    ::_exit(work());
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

/// What a hostile file may give for the name of a file beside it.
inline std::vector<std::string> names_that_leave_the_folder() {
  return {"",
          ".",
          "..",
          "/etc/passwd",
          "/",
          "../recorded.pt",
          "./recorded.pt",
          "sub/recorded.pt",
          "sub/../recorded.pt",
          "recorded.pt/",
          "..\\recorded.pt",
          "C:\\recorded.pt",
          "C:recorded.pt",
          "\\\\server\\share\\recorded.pt",
          "file:///recorded.pt",
          "~/recorded.pt",
          "~root",
          std::string("recorded.pt\0.txt", 16),
          "recorded.pt\n",
          "recorded.pt\x7f",
          "recorded.pt ",
          "recorded.pt.",
          std::string(256, 'r')};
}

}  // namespace mobileclip

#endif  // MOBILECLIP_BASE_TEST_SUPPORT_H_
