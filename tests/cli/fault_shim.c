/* Preloaded by the tests: the FAULT_AT-th write, fsync, rename or mapping of a file fails with
   FAULT_ERRNO, or the process is killed before it if FAULT_KILL is set; its name is written to
   FAULT_MARK. Standard output and error are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int count; /* one thread writes files; maps happen before others start */

static int fails(const char* name) {
  const char* at = getenv("FAULT_AT");
  if (at == NULL || __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST) != atoi(at)) return 0;
  const char* mark = getenv("FAULT_MARK");
  if (mark != NULL) {
    const int fd = (int)syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd >= 0) {
      syscall(SYS_write, fd, name, strlen(name));
      syscall(SYS_close, fd);
    }
  }
  if (getenv("FAULT_KILL") != NULL) raise(SIGKILL);
  const char* number = getenv("FAULT_ERRNO");
  errno = number == NULL ? EIO : atoi(number);
  return 1;
}

ssize_t write(int fd, const void* bytes, size_t size) {
  if (fd > 2 && fails("write")) {
    /* The start of it gets through: a torn write. */
    const int error = errno;
    if (size > 1) syscall(SYS_write, fd, bytes, size / 2);
    errno = error;
    return -1;
  }
  return syscall(SYS_write, fd, bytes, size);
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  if (fails("pwrite")) return -1;
  return syscall(SYS_pwrite64, fd, bytes, size, offset);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off_t offset) {
  return pwrite(fd, bytes, size, offset);
}

int fsync(int fd) {
  if (fails("fsync")) return -1;
  return (int)syscall(SYS_fsync, fd);
}

int rename(const char* from, const char* to) {
  if (fails("rename")) return -1;
  return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) {
  if (fd >= 0 && fails("mmap")) return MAP_FAILED;
  return (void*)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}
void* mmap64(void* address, size_t size, int protection, int flags, int fd, off_t offset) {
  return mmap(address, size, protection, flags, fd, offset);
}
