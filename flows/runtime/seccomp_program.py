"""Our seccomp profile as a program for the kernel, made by libseccomp: bubblewrap takes it so, the engine makes its own."""

from __future__ import annotations

import ctypes
import ctypes.util
import tempfile
from functools import cache
from typing import Any

from flows.runtime.seccomp import Rule, profile

ALLOW, ERRNO = 0x7FFF0000, 0x00050000
OPERATORS = {"SCMP_CMP_EQ": 4, "SCMP_CMP_MASKED_EQ": 7}
"""libseccomp's numbers, of its header."""


class _Argument(ctypes.Structure):
    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


@cache
def compiled() -> bytes | None:
    """The program for this machine, None where libseccomp isn't installed or can't make it."""
    name = ctypes.util.find_library("seccomp")
    if name is None:
        return None
    library = ctypes.CDLL(name)
    library.seccomp_init.restype = ctypes.c_void_p
    address = library.seccomp_init(ctypes.c_uint32(ERRNO | profile()["defaultErrnoRet"]))
    if not address:
        return None
    context = ctypes.c_void_p(address)
    try:
        if not all(_added(library, context, rule) for rule in profile()["syscalls"] if "includes" not in rule):
            return None
        with tempfile.TemporaryFile() as file:
            if library.seccomp_export_bpf(context, file.fileno()) != 0:
                return None
            file.seek(0)
            return file.read()
    finally:
        library.seccomp_release(context)


def _added(library: Any, context: ctypes.c_void_p, rule: Rule) -> bool:
    conditions = [
        _Argument(one["index"], OPERATORS[one["op"]], one["value"], one.get("valueTwo", 0)) for one in rule.get("args", ())
    ]
    array = (_Argument * len(conditions))(*conditions)
    action = ALLOW if rule["action"] == "SCMP_ACT_ALLOW" else ERRNO | rule["errnoRet"]
    for name in rule["names"]:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:  # not of this architecture, or newer than the library
            continue
        added = library.seccomp_rule_add_array(context, ctypes.c_uint32(action), number, len(conditions), array)
        if added != 0:
            return False
    return True
