"""Our seccomp profile: which system calls a container may make, by what they are for. All others fail with EPERM.

The start is what the Engine's own default profile allows to a container without capabilities; names are the
kernel's. What is left out of it, and why, stands in docs/reference/sandbox.md.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Literal, NotRequired, TypedDict

ENOSYS = 38
SAFE_FAMILIES = (1, 2, 10)
"""AF_UNIX, AF_INET, AF_INET6: the address families a program may open sockets of."""

FILES = """
access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64
fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr
flistxattr flock fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat
getcwd getdents getdents64 getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioctl lchown lchown32
lgetxattr link linkat listxattr llistxattr _llseek lremovexattr lseek lsetxattr lstat lstat64 mkdir mkdirat newfstatat
open openat openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv
removexattr rename renameat renameat2 rmdir sendfile sendfile64 setxattr stat stat64 statfs statfs64 statx symlink
symlinkat sync sync_file_range sync_file_range2 syncfs truncate truncate64 umask unlink unlinkat utime utimensat
utimensat_time64 utimes write writev
"""
WAITING = """
_newselect epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 pipe pipe2 poll
ppoll ppoll_time64 pselect6 pselect6_time64 select signalfd signalfd4 timerfd_create timerfd_gettime timerfd_gettime64
timerfd_settime timerfd_settime64
"""
MEMORY = """
brk get_mempolicy madvise membarrier mincore mlock mlock2 mlockall mmap mmap2 mprotect mremap msync munlock munlockall
munmap pkey_alloc pkey_free pkey_mprotect
"""
PROCESSES = """
capget capset execve execveat exit exit_group fork futex futex_time64 futex_waitv get_robust_list get_thread_area getcpu
getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getpgid getpgrp getpid getppid getpriority
getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid gettid getuid getuid32 kill landlock_add_rule
landlock_create_ruleset landlock_restrict_self pause pidfd_open pidfd_send_signal prctl prlimit64 restart_syscall rseq
rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr
sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr
sched_setparam sched_setscheduler sched_yield seccomp set_robust_list set_thread_area set_tid_address setfsgid
setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setpgid setpriority setregid setregid32 setresgid
setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid setuid setuid32 sigaltstack sigprocmask sigreturn
tgkill tkill ugetrlimit vfork wait4 waitid waitpid
"""
TIME = """
alarm clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer
gettimeofday nanosleep setitimer time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64
timer_settime timer_settime64 times
"""
SOCKETS = """
accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64 recvmsg
send sendmmsg sendmsg sendto setsockopt shutdown
"""
MACHINE = "getrandom sysinfo uname"
"""What a program may ask about the machine."""
OF_AN_ARCHITECTURE = """
arch_prctl arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush riscv_flush_icache set_tls swapcontext
"""
"""Names that the kernel knows on one architecture alone, where programs cannot do without."""

NAMESPACES = 0x7E020000
"""CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}: a process made with any of them lives in a namespace of its own."""
PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
"""Linux as it is, PER_LINUX32, UNAME26, and the question which it is. None of them weakens memory protection."""
FILE_KIND, FIFO, REGULAR = 0o170000, 0o010000, 0o100000


class Argument(TypedDict):
    """A condition on one argument of a call, by its place."""

    index: int
    value: int
    valueTwo: NotRequired[int]
    op: Literal["SCMP_CMP_EQ", "SCMP_CMP_MASKED_EQ"]


class Architectures(TypedDict):
    """The architectures a rule is for, or not for."""

    arches: list[str]


class Rule(TypedDict):
    """What happens to these calls, when all conditions hold."""

    names: list[str]
    action: Literal["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"]
    errnoRet: NotRequired[int]
    args: NotRequired[list[Argument]]
    includes: NotRequired[Architectures]
    excludes: NotRequired[Architectures]


class Profile(TypedDict):
    """A profile in the Engine's form. Without a list of architectures it is for the machine's own: 32-bit calls die."""

    defaultAction: Literal["SCMP_ACT_ERRNO"]
    defaultErrnoRet: int
    syscalls: list[Rule]


def allowed() -> frozenset[str]:
    """The calls that are allowed whatever their arguments are."""
    groups = (FILES, WAITING, MEMORY, PROCESSES, TIME, SOCKETS, MACHINE, OF_AN_ARCHITECTURE)
    return frozenset(name for group in groups for name in group.split())


def profile() -> Profile:
    """The profile. Rules that name one call are alternatives: it is allowed when any of them fits."""
    equal: Literal["SCMP_CMP_EQ"] = "SCMP_CMP_EQ"
    # Its flags are the second argument on s390.
    s390 = Architectures(arches=["s390", "s390x"])
    first, second = (Argument(index=place, value=NAMESPACES, valueTwo=0, op="SCMP_CMP_MASKED_EQ") for place in (0, 1))
    rules = [
        Rule(names=sorted(allowed()), action="SCMP_ACT_ALLOW"),
        Rule(names=["clone"], action="SCMP_ACT_ALLOW", args=[first], excludes=s390),
        Rule(names=["clone"], action="SCMP_ACT_ALLOW", args=[second], includes=s390),
        # Its flags lie in memory, where no filter sees them. Told that there is no such call, the C library takes clone.
        Rule(names=["clone3"], action="SCMP_ACT_ERRNO", errnoRet=ENOSYS),
    ]
    for family in SAFE_FAMILIES:
        fits = Argument(index=0, value=family, op=equal)
        rules.append(Rule(names=["socket", "socketpair"], action="SCMP_ACT_ALLOW", args=[fits]))
    for wanted in PERSONALITIES:
        fits = Argument(index=0, value=wanted, op=equal)
        rules.append(Rule(names=["personality"], action="SCMP_ACT_ALLOW", args=[fits]))
    for kind in (FIFO, REGULAR):
        for name, place in (("mknod", 1), ("mknodat", 2)):
            fits = Argument(index=place, value=FILE_KIND, valueTwo=kind, op="SCMP_CMP_MASKED_EQ")
            rules.append(Rule(names=[name], action="SCMP_ACT_ALLOW", args=[fits]))
    return Profile(defaultAction="SCMP_ACT_ERRNO", defaultErrnoRet=1, syscalls=rules)


@cache
def profile_json() -> str:
    """The profile as the Engine API takes it."""
    return json.dumps(profile(), separators=(",", ":"))
