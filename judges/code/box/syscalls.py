"""System-call numbers of the calls that the filter names, by architecture; a call that one lacks is missing there."""

from __future__ import annotations

_TABLE = """
access 21 -; arch_prctl 158 -; alarm 37 -; brk 12 214; clock_getres 229 114; clock_gettime 228 113;
chdir 80 49; chmod 90 -; copy_file_range 326 285; creat 85 -; execve 59 221; fadvise64 221 223;
fallocate 285 47; fchdir 81 50; fchmod 91 52; fchmodat 268 53; flock 73 32; fstatfs 138 44;
ftruncate 77 46; getpriority 140 141; link 86 -; linkat 265 37; mkdir 83 -; mkdirat 258 34;
readahead 187 213; rename 82 -; renameat 264 38; renameat2 316 276; rmdir 84 -;
sched_getattr 315 275; sched_getparam 143 121; sched_getscheduler 145 120; sendfile 40 71;
set_tid_address 218 96; setpgid 109 154; statfs 137 43; symlink 88 -; symlinkat 266 36;
sync_file_range 277 84; truncate 76 45; umask 95 166; unlink 87 -; unlinkat 263 35; utime 132 -;
utimensat 280 88; clock_nanosleep 230 115; clone 56 220; clone3 435 435; close 3 57; close_range 436 436; dup 32 23;
dup2 33 -; dup3 292 24; epoll_create1 291 20; epoll_ctl 233 21; epoll_pwait 281 22;
epoll_wait 232 -; eventfd2 290 19; exit 60 93; exit_group 231 94; faccessat 269 48;
faccessat2 439 439; fcntl 72 25; fdatasync 75 83; fork 57 -; fstat 5 80; fsync 74 82; futex 202 98;
get_mempolicy 239 236; get_robust_list 274 100; getcpu 309 168; getcwd 79 17; getdents64 217 61;
getegid 108 177; geteuid 107 175; getgid 104 176; getgroups 115 158; getitimer 36 102;
getpeername 52 205; getpgid 121 155; getpgrp 111 -; getpid 39 172; getppid 110 173;
getrandom 318 278; getresgid 120 150; getresuid 118 148; getrlimit 97 163; getrusage 98 165;
getsid 124 156; getsockname 51 204; getsockopt 55 209; gettid 186 178; gettimeofday 96 169;
getuid 102 174; ioctl 16 29; kill 62 129; lseek 8 62; lstat 6 -; madvise 28 233;
membarrier 324 283; mmap 9 222; mprotect 10 226; mremap 25 216; msync 26 227; munmap 11 215;
nanosleep 35 101; newfstatat 262 79; open 2 -; openat 257 56; openat2 437 437; pause 34 -;
pidfd_open 434 434; pipe 22 -; pipe2 293 59; poll 7 -; ppoll 271 73; prctl 157 167; pread64 17 67;
preadv 295 69; prlimit64 302 261; pselect6 270 72; pwrite64 18 68; pwritev 296 70; read 0 63;
readlink 89 -; readlinkat 267 78; readv 19 65; recvfrom 45 207; recvmsg 47 212;
restart_syscall 219 128; rseq 334 293; rt_sigaction 13 134; rt_sigpending 127 136;
rt_sigprocmask 14 135; rt_sigreturn 15 139; rt_sigsuspend 130 133; rt_sigtimedwait 128 137;
sched_getaffinity 204 123; sched_yield 24 124; seccomp 317 277; select 23 -; sendmsg 46 211;
sendto 44 206; set_robust_list 273 99; setitimer 38 103; setrlimit 160 164; setsid 112 157;
setsockopt 54 208; shutdown 48 210; sigaltstack 131 132; signalfd4 289 74; socketpair 53 199;
stat 4 -; statx 332 291; sysinfo 99 179; tgkill 234 131; time 201 -; times 100 153; tkill 200 130;
uname 63 160; vfork 58 -; wait4 61 260; waitid 247 95; write 1 64; writev 20 66
"""  # name, x86-64, aarch64

_ROWS = [row.split() for row in _TABLE.replace("\n", " ").split(";") if row.strip()]
NUMBERS: dict[str, dict[str, int]] = {
    "x86_64": {name: int(number) for name, number, _ in _ROWS if number != "-"},
    "aarch64": {name: int(number) for name, _, number in _ROWS if number != "-"},
}
SECCOMP_NUMBER = {machine: numbers["seccomp"] for machine, numbers in NUMBERS.items()}
