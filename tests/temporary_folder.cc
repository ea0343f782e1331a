// Linked into every test program: testing::TempDir() is a folder of this process alone, gone when
// it ends. Tests run beside each other, and beside those of other builds.
#include <stdlib.h>  // NOLINT: mkdtemp, setenv
#include <unistd.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() : owner_(getpid()) {
    const char* const wanted = getenv("TMPDIR");
    std::string pattern = std::string(wanted == nullptr ? "/tmp" : wanted) + "/mobileclip-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) return;
    path_ = pattern;
    setenv("TEST_TMPDIR", path_.c_str(), 1);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty() && getpid() == owner_) std::filesystem::remove_all(path_, ignored);
  }

 private:
  pid_t owner_;
  std::string path_;
};

const TemporaryFolder temporary_folder;

}  // namespace
