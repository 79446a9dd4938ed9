"""Links of a tree that lead out of it lead nowhere in its tar; all others stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.workspace.tar import NOWHERE, leads_out
from tests.flows.workspace.conftest import CheckOut, commit, git, members

INSIDE = {"a": "app.py", "b": "sub/x", "sub/c": "../app.py", "sub/d": "x", "e": "e", "f": "not/there", "g": "sub",
          "h": "g/../app.py", "sub/deep/root": "../..", "i": "sub/deep/root/app.py"}  # fmt: skip
OUTSIDE = {"A": "/etc/passwd", "B": "../x", "sub/C": "../../x", "D": "sub/../../x", "sub/E": "/", "F": "..",
           "G": "sub/deep/root/../etc/passwd", "H": "A", "I": "/dev/null", "J": "B/x", "K": "./..//x"}  # fmt: skip


def encoded(links: dict[str, str]) -> dict[bytes, bytes]:
    """The same in bytes."""
    return {name.encode(): target.encode() for name, target in links.items()}


@pytest.mark.parametrize("name", INSIDE)
def test_a_link_within_the_tree_leads_nowhere_else(name: str) -> None:
    assert not leads_out(name.encode(), encoded(INSIDE | OUTSIDE))


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_link_that_leads_out_is_known_by_text_and_by_what_is_on_its_way(name: str) -> None:
    assert leads_out(name.encode(), encoded(INSIDE | OUTSIDE))


@pytest.mark.parametrize("plain", [False, True])
def test_only_links_that_lead_out_are_cut_off(repository: Path, checked: CheckOut, tmp_path: Path, *, plain: bool) -> None:
    folder = repository
    if plain:
        folder = tmp_path / "plain"
        folder.mkdir()
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "sub" / "x").write_text("x\n")
    (folder / "odd\\name").symlink_to("/etc/passwd")
    for name, target in (INSIDE | OUTSIDE).items():
        (folder / name).symlink_to(target)
    if not plain:
        git(folder, "config", "core.protectNTFS", "false")
        commit(folder)
    checkout = checked(folder)
    before = sorted(path for path in checkout.mirror.rglob("*") if path.is_file())
    found = {name: member.linkname for name, member in members(checkout, tmp_path).items() if member.issym()}
    dead = dict.fromkeys([*OUTSIDE, "odd\\name"], NOWHERE.decode())
    assert found == INSIDE | dead
    assert sorted(path for path in checkout.mirror.rglob("*") if path.is_file()) == before
    assert checkout.dirty is False
