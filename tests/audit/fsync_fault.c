/* Loaded before libc: fsync and fdatasync do what the file named by FSYNC_FAULT says.
   "fail" = EIO, the data not flushed; "late" = 300 ms late; anything else = as always. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int faulty(const char *name, int fd) {
    char mode[5] = "";
    const char *path = getenv("FSYNC_FAULT");
    int control = path ? open(path, O_RDONLY) : -1;
    if (control >= 0) {
        if (read(control, mode, 4) < 0) mode[0] = 0;
        close(control);
    }
    if (mode[0] == 'f') {
        errno = EIO;
        return -1;
    }
    if (mode[0] == 'l') usleep(300000);
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return real(fd);
}

int fsync(int fd) { return faulty("fsync", fd); }
int fdatasync(int fd) { return faulty("fdatasync", fd); }
