"""The filter lets through what agents need and nothing that leads out."""

from __future__ import annotations

import json

import pytest

from flows.runtime.seccomp import allowed, profile, profile_json

FORBIDDEN = [
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp", "io_uring_setup",
    "io_uring_enter", "io_uring_register", "memfd_create", "memfd_secret", "bpf", "perf_event_open", "userfaultfd",
    "keyctl", "add_key", "request_key", "setns", "unshare", "mount", "umount", "umount2", "mount_setattr",
    "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "pivot_root", "chroot", "init_module",
    "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff",
    "open_by_handle_at", "name_to_handle_at", "acct", "quotactl", "syslog", "settimeofday", "clock_settime",
    "clock_settime64", "adjtimex", "clock_adjtime", "sethostname", "setdomainname", "iopl", "ioperm", "modify_ldt",
    "vmsplice", "lookup_dcookie", "fanotify_init", "shmget", "shmat", "msgget", "semget", "mq_open", "vhangup",
    "uselib", "ustat", "sysfs", "nfsservctl", "create_module", "io_setup",
]  # fmt: skip
RULED = {"clone", "clone3", "socket", "socketpair", "personality", "mknod", "mknodat"}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_leads_out_is_in_no_rule(name: str) -> None:
    assert name not in {one for rule in profile()["syscalls"] for one in rule["names"]}


def test_calls_with_conditions_are_in_no_other_rule() -> None:
    assert RULED.isdisjoint(allowed())
    for rule in profile()["syscalls"]:
        if RULED & set(rule["names"]):
            assert rule.get("args") or rule["action"] == "SCMP_ACT_ERRNO"


def test_everything_else_fails_and_nothing_is_written_down_twice() -> None:
    assert profile()["defaultAction"] == "SCMP_ACT_ERRNO"
    (first, *_) = profile()["syscalls"]
    assert len(first["names"]) == len(set(first["names"])) == len(allowed())


def test_clone3_is_unknown_so_that_the_c_library_takes_clone() -> None:
    (rule,) = [rule for rule in profile()["syscalls"] if "clone3" in rule["names"]]
    assert (rule["action"], rule["errnoRet"]) == ("SCMP_ACT_ERRNO", 38)


def test_clone_takes_no_flag_of_a_namespace() -> None:
    rules = [rule for rule in profile()["syscalls"] if rule["names"] == ["clone"]]
    flags = 0x20000 | 0x2000000 | 0x4000000 | 0x8000000 | 0x10000000 | 0x20000000 | 0x40000000
    assert [(rule["args"][0]["index"], rule["args"][0]["value"]) for rule in rules] == [(0, flags), (1, flags)]
    assert [rule["args"][0]["valueTwo"] for rule in rules] == [0, 0]


def test_32_bit_architectures_are_not_listed() -> None:
    assert json.loads(profile_json()) == profile()
    assert profile().keys() == {"defaultAction", "defaultErrnoRet", "syscalls"}
