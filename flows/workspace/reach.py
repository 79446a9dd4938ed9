"""What may be read: schemes and hosts of git URLs, private addresses, folders of this machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.request import getproxies_environment, proxy_bypass

from flows.errors import InvalidInputError, UnavailableError
from flows.settings import Settings
from flows.workspace import git
from flows.workspace.address import Address, parse
from flows.workspace.networks import IP, Network, is_public, plain
from flows.workspace.source import display, is_git

ANY_HOST = ("*",)
DEFAULT_SCHEMES = ("https", "ssh")
PINS = (2, 37)
"""The first git that can be told which address a name has (`http.curloptResolve`)."""
_MOST = 1024 * 1024
"""Of a file that says where something else of git's is, bytes."""

_SSH = (
    "ssh -oBatchMode=yes -oConnectTimeout=30 -oServerAliveInterval=15 -oServerAliveCountMax=4 -oForwardAgent=no "
    "-oClearAllForwardings=yes -oPermitLocalCommand=no -oControlMaster=no -oControlPath=none"
)


@dataclass(frozen=True)
class Way:
    """How git gets there: the URL for it, the one protocol it may speak, variables and settings that hold it to the way."""

    url: str
    protocol: str
    variables: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def extra(self) -> dict[str, str]:
        """All of it as variables, where no list of processes shows it."""
        return {**self.variables, **git.configured(self.settings)}

    def with_settings(self, more: Mapping[str, str]) -> Way:
        """The same with more settings of git's."""
        return replace(self, settings={**self.settings, **more})


@dataclass(frozen=True)
class Reach:
    """`hosts` and `private_hosts` are patterns (`git.example.org`, `*.example.org`, with `:port` for that one alone).

    `private_hosts` may be addresses and networks, too. `roots`: resolved folders, below which local repositories must be.
    """

    schemes: tuple[str, ...] = DEFAULT_SCHEMES
    hosts: tuple[str, ...] = ANY_HOST
    private_hosts: tuple[str, ...] = ()
    roots: tuple[Path, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> Reach:
        """What the settings say."""
        roots = tuple(root.expanduser().resolve() for root in settings.local_roots)
        return cls(settings.git_schemes, settings.git_hosts, settings.git_private_hosts, roots)

    def check(self, repository: str) -> Address:
        """What can be said of a URL without looking its host up. Raises InvalidInputError."""
        address = parse(repository)
        shown = display(repository)
        if address.scheme not in self.schemes:
            raise InvalidInputError(
                f"'{shown}' is read by {address.scheme}, and this hub speaks {', '.join(self.schemes)}; "
                "who runs it adds schemes to DOCKYARD_GIT_SCHEMES"
            )
        if not any(_fits(pattern, address) for pattern in self.hosts):
            raise InvalidInputError(
                f"the host of '{shown}' is none that this hub reads from; who runs it adds it to DOCKYARD_GIT_HOSTS"
            )
        if address.ip is not None:
            self._check_ip(address, address.ip)
        return address

    def way(self, repository: str) -> Way:
        """Look the host up once, check every address that it has, and hold git to them. Raises InvalidInputError."""
        address = self.check(repository)
        named = any(_fits(pattern, address) for pattern in self.private_hosts)
        if address.scheme == "ssh" and named:
            # Whoever runs the hub vouches for the name: ssh's own configuration may know it, and a way there.
            return Way(address.url, "ssh", {"GIT_SSH_COMMAND": _SSH, "GIT_SSH_VARIANT": "ssh"})
        found = self._look_up(address)
        match address.scheme:
            case "ssh":
                return Way(address.url, "ssh", _pinned_ssh(address, found[0]))
            case "git":
                # git has no setting for this protocol, but a server learns which name was meant.
                name = address.host if address.port == 9418 else f"{address.host}:{address.port}"
                return Way(address.at(str(found[0])), "git", {"GIT_OVERRIDE_VIRTUAL_HOST": name})
            case scheme:
                return Way(address.url, scheme, settings=_pinned_web(address, found))

    def check_folder(self, folder: Path, shown: str) -> None:
        """Raises InvalidInputError where there are roots and the folder, or what belongs to it, is below none of them.

        A repository can lead elsewhere: by a file `.git`, by links, by a common folder, by alternates.
        """
        if self.roots and not all(self._below(place) for place in places_of(folder)):
            raise InvalidInputError(
                f"'{shown}' is not below a folder that runs may read, or a part of it lies elsewhere; who runs the hub adds "
                "folders to DOCKYARD_LOCAL_ROOTS"
            )

    def _below(self, place: Path) -> bool:
        return any(place.is_relative_to(root) for root in self.roots)

    def _look_up(self, address: Address) -> list[IP]:
        if address.ip is not None:
            return [address.ip]
        try:
            found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        except OSError as error:
            if _behind_proxy(address):  # which looks the name up itself, and must refuse what is private
                return []
            raise InvalidInputError(f"cannot read '{display(address.url)}': no address is known of its host") from error
        ips = list(dict.fromkeys(ip_address(str(place[0]).partition("%")[0]) for *_, place in found))
        for ip in ips:
            self._check_ip(address, ip)
        return ips

    def _check_ip(self, address: Address, ip: IP) -> None:
        if is_public(ip) or any(_fits(pattern, address) or _holds(pattern, ip) for pattern in self.private_hosts):
            return
        # Not which address: who may not read from there needs no map of it either.
        raise InvalidInputError(
            f"the host of '{display(address.url)}' is this machine or on a private network; who runs the hub allows it by "
            "DOCKYARD_GIT_PRIVATE_HOSTS"
        )


def _pinned_web(address: Address, ips: list[IP]) -> dict[str, str]:
    if not ips or address.ip is not None:
        return {}
    if git.version() < PINS:
        raise UnavailableError(
            f"this git cannot be held to the address that was checked, and would look up '{address.host}' again; "
            f"install {'.'.join(str(part) for part in PINS)} or newer"
        )
    shown = ",".join(f"[{ip}]" if ip.version == 6 else str(ip) for ip in ips)
    return {"http.curloptResolve": f"{address.host}:{address.port}:{shown}"}


def _pinned_ssh(address: Address, ip: IP) -> dict[str, str]:
    # The name still says which key the server must have and which of the person's settings count, but those of the way.
    alias = address.host if address.port == 22 else f"[{address.host}]:{address.port}"
    pin = f"-oProxyCommand=none -oCanonicalizeHostname=no -oCheckHostIP=no -oHostName={ip} '-oHostKeyAlias={alias}'"
    return {"GIT_SSH_COMMAND": f"{_SSH} {pin}", "GIT_SSH_VARIANT": "ssh"}


def _behind_proxy(address: Address) -> bool:
    proxies = getproxies_environment()
    return address.scheme == "https" and "https" in proxies and not proxy_bypass(address.host)


def _fits(pattern: str, address: Address) -> bool:
    text = pattern.strip().lower()
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or (":" in host and not host.startswith("[")):
        host, port = text, ""
    return (not port or int(port) == address.port) and fnmatchcase(address.host, host.strip("[]"))


def _holds(pattern: str, ip: IP) -> bool:
    try:
        network: Network = ip_network(pattern.strip().strip("[]"), strict=False)
    except ValueError:
        return False
    return any(one.version == network.version and one in network for one in (ip, plain(ip)))


def places_of(folder: Path) -> set[Path]:
    """Where a folder's files and git's own are, resolved. Links among the files are not followed, so they count nothing."""
    folder = folder.resolve()
    found = {folder}
    if os.path.lexists(folder / ".git"):
        _add_git(folder / ".git", found)
    elif is_git(folder):
        found.clear()
        _add_git(folder, found)
    return found


def _add_git(place: Path, found: set[Path]) -> None:
    """Add a folder of git's, or one that a file stands for, and what belongs to it."""
    real = place.resolve()
    if real in found:
        return
    found.add(real)
    if real.is_file():
        _add_git(real.parent / _text(real).removeprefix("gitdir:").strip(), found)
        return
    found.update(_links(real))
    if common := _text(real / "commondir").strip():
        _add_git(real / common, found)
    _add_objects(real / "objects", found)


def _add_objects(place: Path, found: set[Path]) -> None:
    real = place.resolve()
    if real in found:
        return
    found.add(real)
    found.update(_links(real))
    for line in _text(real / "info" / "alternates").split("\n"):
        if line.startswith('"'):
            found.add(Path("/"))  # quoted, as git writes no ordinary path: it may mean anything
        elif line and not line.startswith("#"):
            _add_objects(real / line, found)


def _text(file: Path) -> str:
    try:
        return os.fsdecode(file.read_bytes()[:_MOST]).rstrip("\r\n")
    except OSError:
        return ""


def _links(folder: Path) -> list[Path]:
    """Where the links below a folder of git's lead: none of its making leads out of it."""
    paths = (Path(base, name) for base, subfolders, names in os.walk(folder) for name in (*subfolders, *names))
    return [path.resolve() for path in paths if path.is_symlink()]
