"""A git URL taken apart strictly, and put together again in one spelling: git reads what was checked, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address

from flows.errors import InvalidInputError
from flows.workspace.source import display

PORTS = {"https": 443, "http": 80, "ssh": 22, "git": 9418}
"""The schemes of other machines' repositories, with the port that each has by itself."""

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)(.*)", re.DOTALL)
_SCP = re.compile(r"(?:([^@:/]+)@)?(\[[^\]/]*\]|[^\[\]@:/]+):(?!//)(.+)", re.DOTALL)
_PLACE = re.compile(r"(?:([^@]*)@)?(\[[^\]]*\]|[^\[\]@:]*)(?::([0-9]{1,5}))?")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}")
_LABELS = re.compile(r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ODD = re.compile(r"[^\x21-\x7e\x80-\U0010ffff]|[\\\"'`<>^{|}]")
_TOP_PORT = 65535


@dataclass(frozen=True)
class Address:
    """Where a repository is. `host`: small letters without a last dot, or an IP address in its shortest form.

    `path` begins with a slash, unless `scp`: there it is below the user's home.
    """

    scheme: str
    host: str
    port: int
    user: str
    path: str
    scp: bool = False

    @property
    def ip(self) -> IPv4Address | IPv6Address | None:
        """The host, where it is no name."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None

    @property
    def url(self) -> str:
        """The one spelling: equal addresses are equal here, and git reads it as it was read here."""
        return self.at(self.host)

    def at(self, host: str) -> str:
        """The same on another host, or at an IP address of this one."""
        shown = f"[{host}]" if ":" in host else host
        user = f"{self.user}@" if self.user else ""
        if self.scp:
            return f"{user}{shown}:{self.path}"
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{user}{shown}{port}{self.path}"


def parse(repository: str) -> Address:
    """The URL of another machine's repository. Raises InvalidInputError for whatever two readers could read differently."""
    if _ODD.search(repository):
        raise _refused(repository, "has characters in it that no git URL needs")
    found = _URL.fullmatch(repository)
    if found is None:
        return _scp(repository)
    scheme, place, path = found[1].lower(), found[2], found[3]
    if scheme not in PORTS:
        raise _refused(repository, f"has the scheme '{scheme}'; there are {', '.join(PORTS)}")
    parts = _PLACE.fullmatch(place)
    if parts is None:
        raise _refused(repository, "has no host and port as they are written")
    user, host, port = parts[1] or "", parts[2], int(parts[3] or PORTS[scheme])
    if not 1 <= port <= _TOP_PORT:
        raise _refused(repository, f"has the port {port}, which is none")
    if "@" in place and (scheme != "ssh" or not _USER.fullmatch(user)):
        raise _refused(repository, "names a user as only ssh can, by letters and digits")
    if "?" in path or "#" in path or not path.strip("/"):
        raise _refused(repository, "has no plain path to a repository")
    return Address(scheme, _host(repository, host), port, user, path)


def _scp(repository: str) -> Address:
    found = _SCP.fullmatch(repository)
    if found is None or (found[1] and not _USER.fullmatch(found[1])) or found[3].startswith("-"):
        raise _refused(repository, "is not written as git writes URLs")
    return Address("ssh", _host(repository, found[2]), PORTS["ssh"], found[1] or "", found[3], scp=True)


def _host(repository: str, given: str) -> str:
    """In one spelling. A number that is no plain IP address is read differently by different programs."""
    if given.startswith("["):
        try:
            return str(IPv6Address(given[1:-1])) if "%" not in given else _no_host(repository)
        except AddressValueError:
            return _no_host(repository)
    host = given.lower().removesuffix(".")
    if not _LABELS.fullmatch(host):
        return _no_host(repository)
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        try:
            return str(IPv4Address(host))
        except AddressValueError:
            return _no_host(repository)
    return host


def _no_host(repository: str) -> str:
    raise _refused(repository, "has a host that is neither a name nor an IP address as it is usually written")


def _refused(repository: str, why: str) -> InvalidInputError:
    shown = "".join(sign if sign.isprintable() else "?" for sign in display(repository))[:200]
    return InvalidInputError(
        f"the URL '{shown}' {why}; write it plainly: https://host/path, ssh://user@host/path or user@host:path"
    )
