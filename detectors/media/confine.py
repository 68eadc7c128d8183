"""Shut the child process in, by every means this machine allows. Runs in the child only."""

import contextlib
import ctypes
import errno
import os
import resource
import sys
from importlib import import_module
from typing import Final, NoReturn

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _SIGKILL = 1, 38, 9
_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_THREAD = 0x10000000, 0x40000000, 0x00010000
_WRITING: Final = os.O_ACCMODE | os.O_CREAT | os.O_TRUNC
_CAPABILITY_VERSION_3: Final = 0x20080522

# What decoding needs once everything is imported: memory, threads, time, and the descriptors the
# parent handed over. A call outside the list fails with EPERM, so a library that only tries
# something (a locale file, a cache folder) goes on without it. The C2PA library aborts where it
# cannot have an event loop, though it may open no socket: hence epoll and eventfd.
_ALLOWED: Final = """
    read readv pread64 preadv lseek _llseek close dup fcntl fcntl64 fstat fstat64 newfstatat
    fstatat64 statx ftruncate ioctl poll ppoll select pselect6 recvmsg recvfrom recv sendmsg sendto
    send write writev getdents64 getcwd
    brk mmap mmap2 munmap mprotect mremap madvise membarrier
    futex futex_time64 futex_waitv set_robust_list get_robust_list rseq sched_yield
    sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max
    sched_get_priority_min getcpu gettid getpid getppid getuid geteuid getgid getegid
    clock_gettime clock_gettime64 clock_getres clock_nanosleep clock_nanosleep_time64 nanosleep
    gettimeofday time times getrusage getrandom sysinfo uname arch_prctl set_tid_address
    rt_sigaction rt_sigprocmask rt_sigreturn sigreturn sigaltstack setitimer restart_syscall
    epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2
    exit exit_group
"""


def before_imports(*, descriptors: int, threads: int, die_with_parent: bool) -> dict[str, bool]:
    """What must come first: namespaces need a process with a single thread."""
    libc = ctypes.CDLL(None, use_errno=True)
    if die_with_parent:
        libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    own_user = libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0
    own_network = own_user or libc.unshare(_CLONE_NEWNET) == 0
    return {
        "dies_with_parent": die_with_parent,
        "own_user_namespace": own_user,
        "own_network_namespace": own_network,
        "core_dumps_off": _limit(resource.RLIMIT_CORE, 0),
        "descriptors_limited": _limit(resource.RLIMIT_NOFILE, descriptors),
        # Outside a user namespace the count would include every process of this user.
        "processes_limited": own_user and _limit(resource.RLIMIT_NPROC, threads),
    }


def after_imports(*, memory_bytes: int, open_files: bool) -> dict[str, bool]:
    """The rest, once the decoders are loaded: from here on nothing new can be opened."""
    libc = ctypes.CDLL(None, use_errno=True)
    held = {
        "no_new_privileges": libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0,
        "no_capabilities": _drop_capabilities(libc),
        "file_size_limited": _limit(resource.RLIMIT_FSIZE, 0),
        "memory_limited": _limit(resource.RLIMIT_AS, _address_space() + memory_bytes),
    }
    held["system_calls_filtered"] = _filter_system_calls(open_files=open_files)
    held["sockets_refused_in_python"] = not held["system_calls_filtered"]
    if held["sockets_refused_in_python"]:
        sys.addaudithook(_refuse)
    return held


def _limit(kind: int, value: int) -> bool:
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(kind, (value, value))
        return True
    return False


def _address_space() -> int:
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 (one word of a kernel file)
        return int(file.read().split()[0]) * resource.getpagesize()


def _drop_capabilities(libc: ctypes.CDLL) -> bool:
    """Give up what root, or the first process of a user namespace, could still do."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    return bool(libc.capset(header, (ctypes.c_uint32 * 6)()) == 0)


def _filter_system_calls(*, open_files: bool) -> bool:
    """Allow-list through libseccomp, where it is installed. False where it is not."""
    try:
        seccomp = import_module("pyseccomp")
    except (ImportError, RuntimeError, OSError):
        return False
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for name in _ALLOWED.split():
        with contextlib.suppress(OSError):  # this processor has no such call
            rules.add_rule(seccomp.ALLOW, name)
    if open_files:
        for name, place in (("open", 1), ("openat", 2)):
            with contextlib.suppress(OSError):
                reading = seccomp.Arg(place, seccomp.MASKED_EQ, _WRITING, os.O_RDONLY)
                rules.add_rule(seccomp.ALLOW, name, reading)
    thread = seccomp.Arg(0, seccomp.MASKED_EQ, _CLONE_THREAD, _CLONE_THREAD)
    rules.add_rule(seccomp.ALLOW, "clone", thread)
    # clone3 hides its flags behind a pointer; without it glibc falls back to clone.
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    rules.add_rule(seccomp.ALLOW, "tgkill", seccomp.Arg(0, seccomp.EQ, os.getpid()))
    rules.set_attr(seccomp.Attr.CTL_TSYNC, 1)
    try:
        rules.load()
    except OSError:
        return False
    return True


def _refuse(event: str, _: tuple[object, ...]) -> None:
    if event.startswith(("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn")):
        _deny(event)


def _deny(event: str) -> NoReturn:
    raise PermissionError(errno.EPERM, f"{event} is refused in the sandbox")
