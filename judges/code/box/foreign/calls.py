"""What a command may ask of the kernel, before the table that Python programs have; see `..filter`.

More than there: programs are started, files are made. Where and which is said by the root, which is read-only but for
two folders, and by Landlock. Signals and processes cannot leave the namespaces.
"""

from __future__ import annotations

from .. import seccomp
from ..filter import CLONE_THREAD, PR_GET_NAME, PR_SET_NAME, PR_SET_VMA, SERVER_RULES
from ..filter import FCNTL as FCNTL_OF_PYTHON
from ..filter import IOCTL as IOCTL_OF_PYTHON
from ..seccomp import ALLOW, ENOSYS, EPERM, Is, Rule

NEW_NAMESPACES = 0x7E020080  # every CLONE_NEW* flag, time included
FCNTL = (*FCNTL_OF_PYTHON, 6, 7, 36, 37, 38, 1031)  # and locks, the size of a pipe
IOCTL = (*IOCTL_OF_PYTHON, 0x5413, 0x540F)  # and the size and the group of a terminal

COMMAND_RULES = (
    Rule("clone3", ENOSYS, "its flags lie behind a pointer, where no filter can look; libc falls back to clone"),
    Rule("open openat creat", ALLOW, "reading and writing; the root is read-only but for the folders of the run"),
    Rule("execve", ALLOW, "only what the root holds can be started"),
    Rule("mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2", ALLOW, "files of the run"),
    Rule("link linkat symlink symlinkat truncate ftruncate fallocate", ALLOW, "files of the run"),
    Rule("chmod fchmod fchmodat utimensat utime umask chdir fchdir", ALLOW, "files of the run"),
    Rule(
        "statfs fstatfs copy_file_range sendfile fadvise64 readahead flock sync_file_range", ALLOW, "files of the run"
    ),
    Rule("fcntl", ALLOW, "without F_SETOWN, which sends signals to others", when=(Is(1, FCNTL),)),
    Rule("ioctl", ALLOW, "what `isatty` and pipes need, nothing that reaches a device", when=(Is(1, IOCTL),)),
    Rule("arch_prctl set_tid_address", ALLOW, "what every start of a program asks"),
    Rule("prctl", ALLOW, "names of threads and mappings", when=(Is(0, (PR_SET_NAME, PR_GET_NAME, PR_SET_VMA)),)),
    Rule("kill tkill tgkill wait4 waitid setpgid setsid", ALLOW, "among the processes of the run"),
    Rule("getpriority sched_getparam sched_getscheduler sched_getattr", ALLOW, "numbers without power"),
    Rule("seccomp pidfd_open", EPERM, "was the keeper's"),
)
THREADS = (
    Rule("clone", ALLOW, "threads only: no processes", when=(Is(0, (CLONE_THREAD,), CLONE_THREAD),)),
    Rule("fork vfork", EPERM, "no processes"),
)
PROCESSES = (Rule("clone", ALLOW, "processes, but no namespaces", when=(Is(0, (0,), NEW_NAMESPACES),)),)


def command_filter(processes: bool) -> bytes:
    """The filter of a command that may, or may not, start processes."""
    rules = (*(PROCESSES if processes else THREADS), *COMMAND_RULES, *SERVER_RULES)
    return seccomp.assemble(rules, default=EPERM)
