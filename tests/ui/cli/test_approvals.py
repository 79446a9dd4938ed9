"""Gates on the command line: who reads them sees what is there, and decides about exactly that."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from flows.approvals import Choice, Door, Policy, State, Step
from tests.flows.approvals.asking import DIFF
from tests.terminal import at_terminal
from tests.ui.cli.gates import ME, RUN, command, ledger, opened
from ui.cli.errors import Exit

pytestmark = pytest.mark.usefixtures("workspace")

OTHERS = Policy(approvers=("user:zoe",))


def refused(*arguments: str, code: Exit) -> str:
    """The one sentence of a refusal."""
    done = command(*arguments)
    assert (done.exit_code, done.stdout) == (code, ""), done.output
    (line,) = done.stderr.splitlines()
    return line.removeprefix("dockyard: ")


def test_list_shows_what_waits_oldest_first() -> None:
    first, second = opened(node="one"), opened(OTHERS, node="two")
    done = command("approvals", "list")
    assert done.exit_code == 0
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["Gate", "State", "Risk", "Where", "Asked", "by", "How", "it", "stands", "Left"]
    assert [row.split()[0] for row in rows] == [first.gate[:8], second.gate[:8]]
    assert rows[1].endswith("h 59 min")
    assert "weekly-maintenance: two  rita      0 of 1, waiting for user:zoe" in rows[1]


def test_a_node_is_shown_by_the_name_that_people_know() -> None:
    gate = opened(node="fix/0/2", step="fix#2")
    assert "weekly-maintenance: fix#2 " in command("approvals", "list").stdout
    shown = command("approvals", "show", gate.gate).stdout
    assert "fix#2 of weekly-maintenance" in shown
    assert "fix/0/2" not in shown
    assert json.loads(command("approvals", "show", gate.gate, "--json").stdout)["request"]["node"] == "fix/0/2"


def test_list_mine_leaves_out_what_others_decide() -> None:
    mine = opened(node="one")
    opened(OTHERS, node="two")
    _, row = command("approvals", "list", "--mine").stdout.splitlines()
    assert row.startswith(mine.gate[:8])


def test_list_all_has_the_closed_ones_too() -> None:
    gate = opened()
    command("approvals", "reject", gate.gate, "--note", "no", "--digest", gate.digest)
    assert len(command("approvals", "list").stdout.splitlines()) == 1
    _, row = command("approvals", "list", "--all").stdout.splitlines()
    assert row.startswith(f"{gate.gate[:8]}  rejected  medium  ")
    assert row.endswith(f"rejected by {ME}  -")


def test_show_tells_everything_and_then_the_exact_change() -> None:
    gate = opened(Policy.model_validate({"groups": {"ops": ["zoe", "bob"]}, "approvers": ["group:ops"]}))
    shown = command("approvals", "show", gate.gate[:6]).stdout
    for part in (gate.gate, gate.digest, gate.base_commit, gate.image, gate.policy_version, RUN, *gate.files):
        assert part in shown
    assert re.search(r"^Asked by +rita$", shown, re.MULTILINE)
    assert re.search(r"^Written by +walt$", shown, re.MULTILINE)
    assert re.search(r"^Why +Flask 2\.0 has a known hole\.$", shown, re.MULTILINE)
    assert re.search(r"^Expires +\d{4}-\d\d-\d\d \d\d:\d\d UTC, in 23 h 59 min$", shown, re.MULTILINE)
    assert re.search(r"^ +1 of group:ops: bob, zoe$", shown, re.MULTILINE)
    assert shown.endswith(f"\n\n{DIFF}")


def test_show_without_the_diff_ends_before_it() -> None:
    gate = opened()
    assert "flask==3.1" not in command("approvals", "show", gate.gate, "--no-diff").stdout.replace('3.1"', "")


def test_show_as_json_holds_the_very_values() -> None:
    gate = opened(diff=f"{DIFF}+\x1b]0;owned\x07 \u202e\n")
    printed = command("approvals", "show", gate.gate, "--json").stdout
    assert not {"\x1b", "\x07", "\u202e"} & set(printed)
    found = json.loads(printed)
    assert found["id"] == gate.gate
    assert found["digest"] == gate.digest
    assert found["request"]["diff"] == gate.diff


def test_control_characters_of_a_diff_are_shown_and_not_obeyed() -> None:
    hostile = f"{DIFF}+a\x1b[2K\x1b[1Ab\rc\x0cd\u2028e\u202ef\u200bg\th\n"
    gate = opened(diff=hostile)
    shown = command("approvals", "show", gate.gate).stdout
    assert shown.endswith("+a\\x1b[2K\\x1b[1Ab\\x0dc\\x0cd\\u2028e\\u202ef\\u200bg\th\n")


def test_rich_markup_in_a_request_is_text() -> None:
    gate = opened(diff=f"{DIFF}+[red]x[/red] [/]\n", why="[bold]trust me[/bold] {{ 7 * 7 }}")
    shown = command("approvals", "show", gate.gate).stdout
    assert "+[red]x[/red] [/]" in shown
    assert "[bold]trust me[/bold] {{ 7 * 7 }}" in shown


def test_a_gate_that_nobody_could_open_is_shown_so() -> None:
    gate = opened(Policy())
    shown = command("approvals", "show", gate.gate).stdout
    assert "it can only be rejected or expire: no approvers are named, so nobody may approve" in shown


def test_approving_with_the_digest_closes_the_gate_and_says_that_the_run_goes_on_later() -> None:
    gate = opened()
    done = command("approvals", "approve", gate.gate[:8], "--note", "Tests are green", "--digest", gate.digest[:12])
    assert (done.exit_code, done.stdout) == (0, f"Gate {gate.gate[:8]}: approved by {ME}\n")
    assert "This is recorded, but the run could not be told (no local Prefect server is running" in done.stderr
    found = ledger().gate(gate.gate)
    assert found.state is State.APPROVED
    (said,) = found.decisions
    assert (said.actor, said.note, said.door) == (ME, "Tests are green", Door.CLI)


def test_rejecting_ends_the_gate() -> None:
    gate = opened()
    done = command("approvals", "reject", gate.gate, "--note", "not now", "--digest", f"sha256:{gate.digest}")
    assert (done.exit_code, done.stdout) == (0, f"Gate {gate.gate[:8]}: rejected by {ME}\n")
    shown = command("approvals", "show", gate.gate).stdout
    assert re.search(rf"^Said +\S+ \S+ UTC {re.escape(ME)} reject \(cli\): not now$", shown, re.MULTILINE)


def test_a_yes_of_several_leaves_the_gate_open() -> None:
    gate = opened(Policy.model_validate({"approvers": [f"user:{ME}", "user:zoe"], "rules": [{"quorum": 2}]}))
    done = command("approvals", "approve", gate.gate, "--note", "", "--digest", gate.digest)
    assert done.stdout == f"Gate {gate.gate[:8]}: 1 of 2\n"
    assert done.stderr == ""


@pytest.mark.parametrize("choice", Choice)
def test_without_a_terminal_what_was_seen_must_be_named(choice: Choice) -> None:
    gate = opened()
    told = refused("approvals", choice.value, gate.gate, "--note", "x", code=Exit.INVALID)
    assert told.startswith("say what you have seen: --digest with the first 12 digits")
    assert ledger().gate(gate.gate).decisions == ()


@pytest.mark.parametrize(
    ("digest", "reason"),
    [
        ("0" * 12, "what you have seen is not what gate"),
        ("0" * 64, "what you have seen is not what gate"),
        ("abc", "--digest takes 12 to 64 hexadecimal digits, not 'abc'"),
        ("", "--digest takes 12 to 64 hexadecimal digits, not ''"),
    ],
)
def test_another_digest_decides_nothing(digest: str, reason: str) -> None:
    gate = opened()
    told = refused("approvals", "approve", gate.gate, "--note", "x", "--digest", digest, code=Exit.INVALID)
    assert told.startswith(reason)
    assert ledger().gate(gate.gate).decisions == ()


def test_who_may_not_decide_is_told_why() -> None:
    gate = opened(OTHERS)
    told = refused("approvals", "approve", gate.gate, "--note", "x", "--digest", gate.digest, code=Exit.FAILED)
    assert told == f"{ME} is not one of those who may decide: user:zoe"


def test_nobody_decides_twice() -> None:
    gate = opened()
    command("approvals", "approve", gate.gate, "--note", "x", "--digest", gate.digest)
    told = refused("approvals", "reject", gate.gate, "--note", "x", "--digest", gate.digest, code=Exit.FAILED)
    assert told == f"{ME} has decided already: approve"


@pytest.mark.parametrize("text", ["00000000", "", "nonsense", "%"])
@pytest.mark.parametrize("verb", ["show", "approve"])
def test_an_unknown_gate_is_invalid_input(verb: str, text: str) -> None:
    opened()
    note = [] if verb == "show" else ["--note", "x", "--digest", "0" * 12]
    told = refused("approvals", verb, text, *note, code=Exit.INVALID)
    assert told == f"there is no gate '{text}'; `dockyard approvals list --all` shows them"


def test_a_note_that_would_deceive_is_invalid_input() -> None:
    gate = opened()
    arguments = ["approvals", "approve", gate.gate, "--note", "fine\u202e", "--digest", gate.digest]
    assert "U+202E is not accepted" in refused(*arguments, code=Exit.INVALID)


def test_nothing_waits_in_a_new_workspace() -> None:
    assert len(command("approvals", "list").stdout.splitlines()) == 1


def test_at_a_terminal_the_change_is_shown_and_yes_must_be_typed() -> None:
    gate = opened()
    status, seen = at_terminal("approvals", "approve", gate.gate, "--note", "ok", answers={"Type yes to approve": "yes"})
    assert status == 0, seen
    assert "\x1b[32m+flask==3.1" in seen
    assert seen.index(gate.digest) < seen.index("+flask==3.1") < seen.index("Type yes to approve")
    assert ledger().gate(gate.gate).state is State.APPROVED


def test_at_a_terminal_any_other_answer_decides_nothing() -> None:
    gate = opened()
    status, seen = at_terminal("approvals", "approve", gate.gate, "--note", "ok", answers={"Type yes to approve": "y"})
    assert (status, "dockyard: nothing was decided" in seen) == (1, True)
    assert ledger().gate(gate.gate).decisions == ()


def test_the_ledger_verifies_and_marks_where_it_ends() -> None:
    assert command("ledger", "verify").stdout == "The ledger is empty.\n"
    opened()
    mark = command("ledger", "mark").stdout.strip()
    assert re.fullmatch(r"1:[0-9a-f]{64}", mark)
    assert command("ledger", "verify", "--noted", mark).stdout == f"The ledger holds up to {mark}\n"
    assert "it was noted and is missing" in refused("ledger", "verify", "--noted", f"2:{mark[2:]}", code=Exit.FAILED)
    assert "takes SEQ:HASH" in refused("ledger", "verify", "--noted", "1", code=Exit.INVALID)


def test_verify_names_the_first_row_that_was_touched(workspace: Path) -> None:
    for node in ("one", "two", "three"):
        opened(node=node)
    tamper(workspace, "UPDATE ledger SET actor = 'mallory' WHERE seq = 2")
    told = refused("ledger", "verify", code=Exit.FAILED)
    assert told == "row 2 of the ledger: its content does not fit its hash: it was edited"


def test_a_gate_that_was_tampered_with_takes_no_decision(workspace: Path) -> None:
    gate = opened()
    tamper(workspace, "UPDATE ledger SET body = replace(body, 'flask', 'flusk')")
    told = refused("approvals", "approve", gate.gate, "--note", "x", "--digest", gate.digest, code=Exit.FAILED)
    assert told.startswith("row 1 of the ledger was changed")


def test_a_gate_that_was_tampered_with_is_named_beside_the_others(workspace: Path) -> None:
    bad, good = opened(node="one"), opened(node="two")
    tamper(workspace, "UPDATE ledger SET body = replace(body, 'flask', 'flusk') WHERE seq = 1")
    for options in ([], ["--mine"], ["--all"]):
        listed = command("approvals", "list", *options)
        assert listed.exit_code == 0
        assert [row.split()[0] for row in listed.stdout.splitlines()[1:]] == [good.gate[:8]]
        assert listed.stderr.startswith(f"Gate {bad.gate[:8]} is left out: row 1 of the ledger was changed")
        assert "`dockyard ledger verify`" in listed.stderr
    assert "is left out: row 1 of" in command("rollback", RUN).stderr


def tamper(workspace: Path, statement: str) -> None:
    """Change the ledger, as somebody may who owns the file."""
    import sqlite3

    with sqlite3.connect(workspace / "dockyard.db") as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
    connection.close()


def test_the_export_has_a_line_for_each_row(tmp_path: Path) -> None:
    gate = opened()
    command("approvals", "approve", gate.gate, "--note", "x", "--digest", gate.digest)
    rows = [json.loads(line) for line in command("ledger", "export").stdout.splitlines()]
    assert [row["kind"] for row in rows] == ["requested", "decided", "closed"]
    done = command("ledger", "export", "--output", tmp_path / "ledger.jsonl")
    assert (done.stdout, done.stderr) == ("", f"3 rows written to {tmp_path}/ledger.jsonl\n")
    assert [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()] == rows


def test_a_run_that_wrote_nothing_has_nothing_to_take_back() -> None:
    gate = opened()
    for text in (RUN, RUN[:8], gate.gate):
        assert "has nothing to take back" in refused("rollback", text, code=Exit.INVALID)
    assert ledger().gate(gate.gate).apply.step is Step.NONE
