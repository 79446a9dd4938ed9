"""git reaches the hosts and folders that are allowed, at the addresses that were checked, and nothing else."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from flows.errors import InvalidInputError, UnavailableError
from flows.settings import Settings
from flows.workspace import Checkout, Reach, check_out
from flows.workspace.networks import is_public
from tests.flows.workspace.conftest import git
from tests.flows.workspace.serving import Served, serving

HTTP = Reach(schemes=("https", "ssh", "http", "git"))
OPEN = Reach(schemes=("http",), private_hosts=("127.0.0.1",))


def names(*entries: tuple[str, tuple[str, ...]]) -> object:
    """A `getaddrinfo` that knows these names, and numbers as the real one does."""
    known = dict(entries)

    def look_up(host: str, port: int, **_more: object) -> list[tuple[object, ...]]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in known[host]]

    return look_up


@pytest.fixture
def served(repository: Path, tmp_path: Path) -> Iterator[Served]:
    """`repository` as `/x.git` on the loopback interface."""
    git(tmp_path, "clone", "--quiet", "--bare", str(repository), "served/x.git")
    with serving(tmp_path / "served") as found:
        yield found


def read(url: str, state: Path, reach: Reach = HTTP) -> Checkout:
    """A checkout from there."""
    return check_out(url, "HEAD", state_dir=state, timeout=60, reach=reach)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "017700000001", "127.0.0.1.", "localhost",
        "LOCALHOST", "localhost.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]", "0.0.0.0", "0",  # noqa: S104 — refused
        "127.255.255.254",
        "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::127.0.0.1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[fe80::1%25lo]", "[::1%lo]",
        "public@127.0.0.1", "127.0.0.1%2f", "127.0.0.1%00.example.org", "example.org\\@127.0.0.1", "example.org#@127.0.0.1",
        "example.org?@127.0.0.1", "\uff11\uff12\uff17.0.0.1", "\u2460\u2461\u2466.0.0.1",
        "localhost\u3002", "-oProxyCommand=touch%20x", "",
    ],
)  # fmt: skip
def test_no_spelling_of_this_machine_is_read(served: Served, tmp_path: Path, host: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(f"http://{host}:{served.port}/x.git", tmp_path / "state")
    assert "\n" not in str(caught.value)
    assert served.asked == []


def test_the_same_server_is_read_where_that_is_configured(served: Served, repository: Path, tmp_path: Path) -> None:
    assert read(served.url(), tmp_path / "state", OPEN).commit == git(repository, "rev-parse", "HEAD")
    assert served.asked


@pytest.mark.parametrize(
    "private", ["127.0.0.0/8", "localhost", "local*", "localhost:{port}", "127.0.0.1,[::1]", "::/0,0.0.0.0/0"]
)
def test_private_hosts_are_named_by_name_port_address_or_network(served: Served, tmp_path: Path, private: str) -> None:
    names_ = tuple(private.format(port=served.port).split(","))
    if private.startswith("127.0.0.0"):
        names_ = (*names_, "::1/128")  # what else the name may stand for on this machine
    reach = Reach(schemes=("http",), private_hosts=names_)
    assert read(served.url("localhost"), tmp_path / "state", reach).commit


def test_another_port_of_an_allowed_host_is_refused(served: Served, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="DOCKYARD_GIT_PRIVATE_HOSTS"):
        read(served.url("localhost"), tmp_path / "state", Reach(schemes=("http",), private_hosts=("localhost:1",)))
    assert served.asked == []


@pytest.mark.parametrize(
    "host",
    ["10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1",
     "198.18.0.1", "[fd00::1]", "[fe80::1]", "[ff02::1]", "[2001:db8::1]", "[2001::1]", "[64:ff9b::a00:1]",
     "[64:ff9b:1::a00:1]", "[2002:a00:1::1]", "[2002:a9fe:a9fe::]", "[::ffff:10.0.0.1]", "[::ffff:8.8.8.8]",
     "[2620:0:1::5efe:10.0.0.1]", "[100::1]", "[fec0::1]"],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["https", "http", "ssh", "git"])
def test_no_private_address_is_read_by_any_protocol(tmp_path: Path, host: str, scheme: str) -> None:
    with pytest.raises(InvalidInputError, match="is this machine or on a private network"):
        read(f"{scheme}://{host}/x.git", tmp_path / "state")


@pytest.mark.parametrize("ip", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::808:808", "2002:808:808::1"])
def test_addresses_of_the_internet_are_public(ip: str) -> None:
    assert is_public(ip_address(ip))


@pytest.mark.parametrize(
    "private", [("127.0.0.1",), ("93.184.215.14", "127.0.0.1"), ("::ffff:7f00:1",), ("169.254.169.254",)]
)
def test_a_name_that_leads_to_this_machine_is_refused(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private: tuple[str, ...]
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", names(("git.example.org", private)))
    with pytest.raises(InvalidInputError, match="private network") as caught:
        read(served.url("git.example.org"), tmp_path / "state")
    assert private[-1] not in str(caught.value)  # a map of the network is nobody's business
    assert served.asked == []


def test_a_name_is_looked_up_once_and_git_goes_to_what_was_found(
    served: Served, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # git's own resolver has never heard of the name: it can only have been told the address.
    monkeypatch.setattr(socket, "getaddrinfo", names(("rebinding.invalid", ("127.0.0.1",))))
    found = read(served.url("rebinding.invalid"), tmp_path / "state", OPEN)
    assert found.commit == git(repository, "rev-parse", "HEAD")
    assert {host.partition(":")[0] for host in served.hosts} == {"rebinding.invalid"}
    assert found.repository == served.url("rebinding.invalid")


def test_a_git_that_would_look_up_again_is_not_asked(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "bin" / "git"
    old.parent.mkdir()
    old.write_text('#!/bin/sh\n[ "$1" != version ] || { echo git version 2.36.1; exit; }\nPATH=${PATH#*:}\nexec git "$@"\n')
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}:{os.environ['PATH']}")
    with pytest.raises(UnavailableError, match=r"install 2\.37 or newer"):
        read(served.url("localhost"), tmp_path / "state", Reach(schemes=("http",), private_hosts=("localhost",)))
    assert served.asked == []
    assert read(served.url(), tmp_path / "state", OPEN).commit  # a number needs no look-up


def test_a_name_that_nobody_knows_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", names())
    with pytest.raises(
        InvalidInputError, match=r"^cannot read 'https://nobody.invalid/x': no address is known of its host$"
    ):
        read("https://nobody.invalid/x", tmp_path / "state")


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("same", [True, False])
def test_a_redirect_is_not_followed(served: Served, tmp_path: Path, code: int, *, same: bool) -> None:
    with serving(tmp_path / "served") as inner:
        target = (served if same else inner).address

        def redirect(_served: Served, path: str) -> tuple[int, dict[str, str], bytes] | None:
            return None if path.startswith("/x.git") else (code, {"Location": f"http://{target}/x.git{path[6:]}"}, b"")

        served.odd = redirect
        with pytest.raises(InvalidInputError, match="redirects, which is not followed; give the address"):
            read(served.url(path="/y.git"), tmp_path / "state", OPEN)
        assert all(path.startswith("/y.git") for path in served.asked)
        assert inner.asked == []


def test_a_redirect_in_the_middle_of_a_fetch_is_not_followed(served: Served, tmp_path: Path) -> None:
    with serving(tmp_path / "served") as inner:

        def redirect(_served: Served, path: str) -> tuple[int, dict[str, str], bytes] | None:
            away = {"Location": f"http://{inner.address}{path}"}
            return (307, away, b"") if path.endswith("/git-upload-pack") else None

        served.odd = redirect
        with pytest.raises(InvalidInputError):
            read(served.url(), tmp_path / "state", OPEN)
        assert served.asked
        assert inner.asked == []


@pytest.mark.parametrize("file", ["/objects/info/http-alternates", "/objects/info/alternates"])
def test_a_plain_file_server_sends_git_nowhere_else(served: Served, tmp_path: Path, file: str) -> None:
    bare = tmp_path / "served" / "x.git"
    with serving(tmp_path / "served") as inner:

        def dumb(_served: Served, path: str) -> tuple[int, dict[str, str], bytes]:
            wanted = path.partition("?")[0].removeprefix("/x.git")
            if wanted == "/info/refs":
                head = git(bare, "rev-parse", "HEAD")
                return 200, {"Content-Type": "text/plain"}, f"{head}\trefs/heads/main\n".encode()
            if wanted == "/HEAD":
                return 200, {}, b"ref: refs/heads/main\n"
            if wanted == file:
                return 200, {}, f"http://{inner.address}/x.git/objects\n".encode()
            return 404, {}, b""

        served.odd = dumb
        with pytest.raises(InvalidInputError):
            read(served.url(), tmp_path / "state", OPEN)
        assert any("/objects/" in path for path in served.asked)
        assert inner.asked == []


def test_gits_own_protocol_is_held_to_the_address_too(
    served: Served, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", names(("daemon.invalid", ("127.0.0.1",))))
    said: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            whole = socket.MSG_PEEK | socket.MSG_WAITALL  # its length comes first, by itself
            said.append(connection.recv(int(connection.recv(4, whole), 16), whole))
            daemon = ["git", "daemon", "--inetd", "--export-all", f"--base-path={served.root}"]
            subprocess.run(daemon, stdin=connection, stdout=connection, check=False)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        port = listener.getsockname()[1]
        reach = Reach(schemes=("git",), private_hosts=("127.0.0.1",))
        found = read(f"git://daemon.invalid:{port}/x.git", tmp_path / "state", reach)
        thread.join()
    assert found.commit == git(repository, "rev-parse", "HEAD")
    assert b"host=daemon.invalid:%d\0" % port in said[0]


def test_ssh_is_held_to_the_address_and_the_key_of_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    said = tmp_path / "said"
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(
        f'#!/bin/sh\nfor word; do printf "%s\\n" "$word" >> {said}; last=$word; done\nexec git-upload-pack {repository}\n'
    )
    ssh.chmod(ssh.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(socket, "getaddrinfo", names(("code.example.org", ("93.184.215.14",))))
    assert read("git@Code.Example.ORG:team/app.git", tmp_path / "state").commit == git(repository, "rev-parse", "HEAD")
    words = said.read_text().splitlines()
    assert {"-oHostName=93.184.215.14", "-oHostKeyAlias=code.example.org", "-oProxyCommand=none", "-oBatchMode=yes"} <= {
        *words
    }
    assert "git@code.example.org" in words
    said.unlink()
    read("ssh://git@code.example.org:2222/team/app.git", tmp_path / "state")
    assert "-oHostKeyAlias=[code.example.org]:2222" in said.read_text().splitlines()
    said.unlink()
    # A name that whoever runs the hub vouches for may be an alias of ssh's own configuration.
    read("git@inside:team/app.git", tmp_path / "state", Reach(private_hosts=("inside",)))
    assert not any("HostName" in word or "ProxyCommand" in word for word in said.read_text().splitlines())


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.org/x", "is read by http, and this hub speaks https, ssh"),
        ("git://example.org/x", "DOCKYARD_GIT_SCHEMES"),
        ("HTTP://example.org/x", "DOCKYARD_GIT_SCHEMES"),
        ("ext::sh -c 'touch marker'", "there is no repository"),
        ("fd::17", "there is no repository"),
        ("ftp://example.org/x", "there is no repository"),
        ("https::http://example.org/x", "there is no repository"),
        ("https://evil.example.net/x", "DOCKYARD_GIT_HOSTS"),
        ("https://example.org.evil.net/x", "DOCKYARD_GIT_HOSTS"),
        ("https://notexample.org/x", "DOCKYARD_GIT_HOSTS"),
        ("https://example.org:8443/x", "DOCKYARD_GIT_HOSTS"),
        ("git@evil.net:x", "DOCKYARD_GIT_HOSTS"),
        ("ssh://a@b@example.org/x", "written"),
        ("ssh://example.org:22@evil.net/x", "written|credentials"),
        ("ssh://example.org:99999/x", "is none"),
        ("ssh://example.org/x\x1b[31m", "characters"),
        ("ssh://-oProxyCommand=x/x", "neither a name nor"),
        ("git@-oProxyCommand=x:x", "there is no repository"),
        ("git@example.org:-x", "not written"),
        ("https://example.org", "no plain path"),
        ("https://example.org/x#y", "no plain path"),
    ],
)
def test_only_listed_schemes_and_hosts_are_read(tmp_path: Path, url: str, said: str) -> None:
    reach = Reach(hosts=("example.org:443", "*.example.org", "example.org:22"))
    with pytest.raises(InvalidInputError, match=said) as caught:
        read(url, tmp_path / "state", reach)
    assert str(caught.value).isprintable()
    assert not (tmp_path / "state" / "mirrors").exists()


def test_one_repository_has_one_mirror_however_its_host_is_written(served: Served, tmp_path: Path) -> None:
    reach = Reach(schemes=("http",), private_hosts=("localhost",))
    for host in ("localhost", "LocalHost", "localhost."):
        read(served.url(host), tmp_path / "state", reach)
    assert len([path for path in (tmp_path / "state" / "mirrors").iterdir() if path.is_dir()]) == 1


def test_the_persons_netrc_lets_nobody_in(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine 127.0.0.1 login ann password hunter2\n")
    monkeypatch.setenv("HOME", str(home))
    served.odd = lambda _served, _path: (401, {"WWW-Authenticate": 'Basic realm="x"'}, b"")
    with pytest.raises(InvalidInputError, match="DOCKYARD_GIT_CREDENTIALS"):
        read(served.url(), tmp_path / "state", OPEN)


def local(folder: Path | str, state: Path, *roots: Path) -> Checkout:
    """A checkout where folders must be below the roots."""
    return check_out(str(folder), "HEAD", state_dir=state, timeout=60, reach=Reach(roots=roots))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with nothing in it."""
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def test_folders_below_a_root_are_read(repository: Path, root: Path, tmp_path: Path) -> None:
    git(root, "clone", "--quiet", "--no-hardlinks", str(repository), "app")
    git(root / "app", "worktree", "add", "--quiet", "../linked")
    (root / "plain").mkdir()
    (root / "plain" / "link").symlink_to("/etc/passwd")
    for folder in (root / "app", root / "linked", root / "plain", f"file://{root}/app", f"FILE://localhost{root}/app"):
        assert local(folder, tmp_path / "state", tmp_path / "other", root).commit


@pytest.mark.parametrize(
    "way",
    ["itself", "url", "escaped", "dots", "link", "git-link", "git-file", "objects-link", "pack-link", "refs-link",
     "alternates", "quoted-alternates", "chain", "commondir", "sibling", "bare"],
)  # fmt: skip
def test_nothing_of_a_folder_lies_outside_the_roots(  # noqa: PLR0912 — one case for each way
    repository: Path, root: Path, tmp_path: Path, way: str
) -> None:
    app: Path | str = root / "app"
    git(root, "clone", "--quiet", "--no-hardlinks", str(repository), "app")
    inside, outside = root / "app" / ".git", repository / ".git"
    match way:
        case "itself":
            app = repository
        case "url":
            app = f"file://{repository}"
        case "escaped":
            app = f"file://{root}/%2e%2e/repository"
        case "dots":
            app = root / ".." / "repository"
        case "link":
            app = root / "link"
            Path(app).symlink_to(repository)
        case "sibling":
            app = repository.rename(f"{root}-more")
        case "bare":
            app = root / "bare.git"
            git(tmp_path, "clone", "--quiet", "--bare", "--shared", str(repository), str(app))
        case "git-link":
            inside.rename(tmp_path / "elsewhere")
            inside.symlink_to(tmp_path / "elsewhere")
        case "git-file":
            inside.rename(tmp_path / "elsewhere")
            inside.write_text(f"gitdir: {tmp_path / 'elsewhere'}\n")
        case "objects-link" | "refs-link":
            part = way.partition("-")[0]
            (inside / part).rename(tmp_path / part)
            (inside / part).symlink_to(tmp_path / part)
        case "pack-link":
            (inside / "objects" / "pack" / "x.pack").symlink_to(outside / "HEAD")
        case "alternates":
            (inside / "objects" / "info" / "alternates").write_text(f"# told\n{outside / 'objects'}\n")
        case "quoted-alternates":
            (inside / "objects" / "info" / "alternates").write_text(f'"{outside}/objects"\n')
        case "chain":
            git(root, "clone", "--quiet", "--shared", str(repository), "between")
            (inside / "objects" / "info" / "alternates").write_text("../../../between/.git/objects\n")
        case "commondir":
            (inside / "commondir").write_text(f"{outside}\n")
    with pytest.raises(InvalidInputError, match="DOCKYARD_LOCAL_ROOTS"):
        local(app, tmp_path / "state", root)


@pytest.mark.parametrize("url", ["file://host/x", "file:x", "file://user:hunter2@localhost/x", "file:///x%00y"])
def test_a_file_of_elsewhere_is_no_folder(tmp_path: Path, root: Path, url: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        local(url, tmp_path / "state", root)
    assert "hunter2" not in str(caught.value)


def test_the_settings_say_it_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKYARD_GIT_SCHEMES", "HTTPS, http")
    monkeypatch.setenv("DOCKYARD_GIT_HOSTS", "*.example.org,git.example.com:8443")
    monkeypatch.setenv("DOCKYARD_GIT_PRIVATE_HOSTS", "10.0.0.0/8, git.inside")
    monkeypatch.setenv("DOCKYARD_LOCAL_ROOTS", f"{tmp_path}:/srv")
    reach = Reach.of(Settings())
    assert reach.schemes == ("https", "http")
    assert reach.hosts == ("*.example.org", "git.example.com:8443")
    assert reach.private_hosts == ("10.0.0.0/8", "git.inside")
    assert reach.roots == (tmp_path, Path("/srv"))


@pytest.mark.parametrize(
    ("name", "value"), [("GIT_SCHEMES", "ext"), ("GIT_SCHEMES", ","), ("LOCAL_ROOTS", "here"), ("MAX_PATH_DEPTH", "0")]
)
def test_settings_that_mean_nothing_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"DOCKYARD_{name}", value)
    with pytest.raises(ValueError, match=name.lower()):
        Settings()
