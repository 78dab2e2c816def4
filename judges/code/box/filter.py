"""What a program may ask of the kernel: two tables, read from the top, the first rule that names a call decides.

The long table is installed once, in the server; its default is EPERM, so a call nobody thought of is refused, and a
program sees an ordinary error instead of its death. The short one is installed in every child and takes away what the
server itself still needed: making processes, signalling them, adding filters.
"""

from __future__ import annotations

import struct

from . import seccomp
from .seccomp import ALLOW, EACCES, ENOSYS, EPERM, Is, Rule

OPEN_FOR_CHANGE = 0o3 | 0o100 | 0o1000 | 0o2000 | 0o20000000  # write, create, truncate, append, tmpfile
CLONE_THREAD = 0x00010000
AF_UNIX, SOCK_STREAM, TYPE_MASK = 1, 1, 0xF
PR_SET_NAME, PR_GET_NAME, PR_SET_VMA = 15, 16, 0x53564D41
FCNTL = (0, 1, 2, 3, 4, 5, 1030, 1032, 1034)  # dup, flags, status flags, getlk, dup-cloexec, pipe size, seals
IOCTL = (0x5421, 0x541B, 0x5451, 0x5450, 0x5401)  # FIONBIO FIONREAD FIOCLEX FIONCLEX TCGETS
OWN_PID = 0x0B0E0B0E  # stands for the child's process id until `child_filter` knows it

SERVER_RULES = (
    Rule("clone3", ENOSYS, "its flags lie behind a pointer, where no filter can look; libc falls back to clone"),
    Rule("openat2", ENOSYS, "as clone3: its flags cannot be seen"),
    Rule(
        "open", ALLOW, "reading only; where from is Landlock's business",
        when=(Is(1, (0,), OPEN_FOR_CHANGE),), otherwise=EACCES,
    ),
    Rule(
        "openat", ALLOW, "reading only; where from is Landlock's business",
        when=(Is(2, (0,), OPEN_FOR_CHANGE),), otherwise=EACCES,
    ),
    Rule("read readv pread64 preadv write writev pwrite64 pwritev lseek", ALLOW, "descriptors that are there"),
    Rule("close close_range dup dup2 dup3 pipe pipe2", ALLOW, "descriptors of one's own"),
    Rule("fstat stat lstat newfstatat statx access faccessat faccessat2", ALLOW, "metadata; imports ask all the time"),
    Rule("readlink readlinkat getcwd getdents64", ALLOW, "looking around; contents are Landlock's business"),
    Rule("fsync fdatasync", ALLOW, "some programs sync their output"),
    Rule("fcntl", ALLOW, "without F_SETOWN, which sends signals to others", when=(Is(1, FCNTL),)),
    Rule("ioctl", ALLOW, "what sockets and `isatty` need, nothing that reaches a device", when=(Is(1, IOCTL),)),
    Rule("mmap mprotect munmap mremap madvise brk msync", ALLOW, "memory, bounded by RLIMIT_AS"),
    Rule("futex set_robust_list get_robust_list rseq sched_yield membarrier", ALLOW, "threads"),
    Rule("sched_getaffinity getcpu get_mempolicy", ALLOW, "numerical libraries count cores"),
    Rule("clone", ALLOW, "threads, and the server's forks; `CHILD_RULES` leaves a program only threads"),
    Rule("fork vfork", ALLOW, "as clone"),
    Rule("exit exit_group restart_syscall", ALLOW, "ending"),
    Rule("nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times", ALLOW, "time"),
    Rule("getitimer setitimer alarm pause", ALLOW, "timers of one's own: their signals reach only the program"),
    Rule("rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigpending", ALLOW, "signal handlers"),
    Rule("rt_sigtimedwait sigaltstack signalfd4", ALLOW, "signal handlers"),
    Rule("kill tkill tgkill", ALLOW, "the server ends children; `CHILD_RULES` leaves a program only itself"),
    Rule("getpid gettid getppid getpgrp getpgid getsid", ALLOW, "numbers without power"),
    Rule("getuid geteuid getgid getegid getresuid getresgid getgroups uname sysinfo", ALLOW, "names without power"),
    Rule("getrusage getrlimit setrlimit", ALLOW, "of oneself; hard limits cannot be raised without capabilities"),
    Rule("prlimit64", ALLOW, "limits of oneself, which only go down", when=(Is(0, (0,)),)),
    Rule("getrandom", ALLOW, "uuid, secrets, hash seeds"),
    Rule("poll ppoll select pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2", ALLOW, "event loops"),
    Rule(
        "socketpair", ALLOW, "event loops wake themselves with one; a datagram pair could be sent elsewhere",
        when=(Is(0, (AF_UNIX,)), Is(1, (SOCK_STREAM,), TYPE_MASK)),
    ),
    Rule("sendto sendmsg recvfrom recvmsg shutdown", ALLOW, "the channel and socket pairs: connected, no address"),
    Rule("getsockname getpeername getsockopt setsockopt", ALLOW, "asked when Python wraps a socket"),
    Rule("wait4 waitid pidfd_open", ALLOW, "the server and its children; a program has none"),
    Rule("setsid prctl seccomp", ALLOW, "the last steps of a child before `CHILD_RULES`"),
)  # fmt: skip

CHILD_RULES = (
    Rule("clone", ALLOW, "threads only: no processes", when=(Is(0, (CLONE_THREAD,), CLONE_THREAD),)),
    Rule("fork vfork", EPERM, "no processes"),
    Rule("kill tkill", ALLOW, "signals to oneself only", when=(Is(0, (OWN_PID,)),)),
    Rule("tgkill", ALLOW, "signals to oneself only", when=(Is(0, (OWN_PID,)),)),
    Rule("prctl", ALLOW, "names of threads and mappings", when=(Is(0, (PR_SET_NAME, PR_GET_NAME, PR_SET_VMA)),)),
    Rule("seccomp", EPERM, "a filter could answer for the kernel, or slow down every call"),
    Rule("setsid pidfd_open wait4 waitid", EPERM, "was the server's"),
)

NO_OPEN_RULES = (
    Rule("open openat", EACCES, "without Landlock, every file of this user could be read: so none is"),
    Rule("readlink readlinkat getdents64", EACCES, "nor may it look around"),
)


def server_filter() -> bytes:
    """The long table, for the server and, through it, for every child."""
    return seccomp.assemble(SERVER_RULES, default=EPERM)


class ChildFilter:
    """The short table, assembled once; each child only patches in its process id."""

    def __init__(self, no_open: bool) -> None:
        rules = (*NO_OPEN_RULES, *CHILD_RULES) if no_open else CHILD_RULES
        self._template = seccomp.assemble(rules, default=ALLOW)

    def install(self, pid: int) -> None:
        """Put the filter on this process. Raises OSError when the kernel refuses."""
        seccomp.install(self._template.replace(struct.pack("=I", OWN_PID), struct.pack("=I", pid)))
