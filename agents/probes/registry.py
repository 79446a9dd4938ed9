"""The probes there are, in the order they are told. Adding one is adding its line here."""

from __future__ import annotations

from agents.probes.answers_twice import AnswersTwice
from agents.probes.bpf import Bpf
from agents.probes.core_dump import CoreDump
from agents.probes.cpu_hog import CpuHog
from agents.probes.deep_json import DeepJson
from agents.probes.devices import Devices
from agents.probes.docker_socket import DockerSocket
from agents.probes.duplicate_keys import DuplicateKeys
from agents.probes.environment import Environment
from agents.probes.file_handles import FileHandles
from agents.probes.fill_outputs import FillOutputs
from agents.probes.foreign_calls import ForeignCalls
from agents.probes.fork_bomb import ForkBomb
from agents.probes.full_tmp import FullTmp
from agents.probes.hardlinks import Hardlinks
from agents.probes.host_files import HostFiles
from agents.probes.hostile_files import HostileFiles
from agents.probes.huge_numbers import HugeNumbers
from agents.probes.infinite_numbers import InfiniteNumbers
from agents.probes.interface import Probe
from agents.probes.invalid_utf8 import InvalidUtf8
from agents.probes.io_uring import IoUring
from agents.probes.keyring import Keyring
from agents.probes.leftover_process import LeftoverProcess
from agents.probes.log_flood import LogFlood
from agents.probes.lone_surrogates import LoneSurrogates
from agents.probes.machine import Machine
from agents.probes.many_files import ManyFiles
from agents.probes.memfd_exec import MemfdExec
from agents.probes.memory_bomb import MemoryBomb
from agents.probes.modules import Modules
from agents.probes.mounts import Mounts
from agents.probes.namespaces import Namespaces
from agents.probes.network_bridge import NetworkBridge
from agents.probes.network_dns import NetworkDns
from agents.probes.network_internet import NetworkInternet
from agents.probes.network_loopback import NetworkLoopback
from agents.probes.network_metadata import NetworkMetadata
from agents.probes.never_answers import NeverAnswers
from agents.probes.open_files import OpenFiles
from agents.probes.oversized_tmp import OversizedTmp
from agents.probes.perf import Perf
from agents.probes.personality import Personality
from agents.probes.privileges import Privileges
from agents.probes.proc_sys import ProcSys
from agents.probes.processes import Processes
from agents.probes.ptrace import Ptrace
from agents.probes.release_agent import ReleaseAgent
from agents.probes.setns import Setns
from agents.probes.setuid import Setuid
from agents.probes.shared_ipc import SharedIpc
from agents.probes.silent import Silent
from agents.probes.sockets import Sockets
from agents.probes.sparse_file import SparseFile
from agents.probes.stdout_flood import StdoutFlood
from agents.probes.stopped import Stopped
from agents.probes.term_ignoring import TermIgnoring
from agents.probes.thread_bomb import ThreadBomb
from agents.probes.userfaultfd import Userfaultfd
from agents.probes.write_root import WriteRoot
from agents.probes.wrong_agent import WrongAgent
from agents.probes.zip_bomb import ZipBomb

PROBES: tuple[Probe, ...] = (
    HostFiles(),
    DockerSocket(),
    Environment(),
    WriteRoot(),
    Hardlinks(),
    Devices(),
    ProcSys(),
    ReleaseAgent(),
    Privileges(),
    Setuid(),
    Processes(),
    NetworkLoopback(),
    NetworkBridge(),
    NetworkInternet(),
    NetworkMetadata(),
    NetworkDns(),
    Sockets(),
    Mounts(),
    Namespaces(),
    Setns(),
    Bpf(),
    Perf(),
    Keyring(),
    Userfaultfd(),
    Modules(),
    Machine(),
    IoUring(),
    FileHandles(),
    Personality(),
    Ptrace(),
    MemfdExec(),
    SharedIpc(),
    ForeignCalls(),
    ForkBomb(),
    ThreadBomb(),
    MemoryBomb(),
    CpuHog(),
    OpenFiles(),
    OversizedTmp(),
    FullTmp(),
    FillOutputs(),
    ManyFiles(),
    SparseFile(),
    ZipBomb(),
    CoreDump(),
    TermIgnoring(),
    Stopped(),
    NeverAnswers(),
    Silent(),
    LeftoverProcess(),
    StdoutFlood(),
    LogFlood(),
    HostileFiles(),
    AnswersTwice(),
    WrongAgent(),
    InvalidUtf8(),
    DeepJson(),
    HugeNumbers(),
    InfiniteNumbers(),
    DuplicateKeys(),
    LoneSurrogates(),
)
"""Each class once. What may be reached first, then what may be called, used up, outlived and said."""


def by_name() -> dict[str, Probe]:
    """Every probe by its name."""
    return {probe.name: probe for probe in PROBES}
