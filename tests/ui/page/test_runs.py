"""What the run tab says and refuses without a Prefect server, and its form."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.errors import UnavailableError
from flows.service.forms import Kind
from flows.settings import Settings
from ui.page.run_form import SLOTS, beside, filled, updates
from ui.page.runs import RunDesk
from ui.page.tail import Tail
from ui.page.visitor import Visitor

OLGA = Visitor(name="olga", may_run=True)
WORKFLOW = """\
name: many-kinds
description: Every kind of param <b>.
params:
  repository: {type: string}
  title: {type: string, default: Hello}
  needed: {type: string, description: Whom it is for.}
  count: {type: integer, default: 3}
  loud: {type: boolean, default: true}
  level: {type: string, enum: [low, high], default: low}
  globs: {type: array, default: []}
nodes:
  - {id: tell, agent: notifier, inputs: {message: "{{ params.title }} {{ params.needed }}"}}
"""


@pytest.fixture
def desk(settings: Settings, tmp_path: Path) -> RunDesk:
    folder = tmp_path / "workflows"
    folder.mkdir()
    (folder / "many-kinds.yaml").write_text(WORKFLOW, encoding="utf-8")
    (folder / "broken.yaml").write_text("name: broken\nnodes: [{id: a, agent: nobody}]\n", encoding="utf-8")
    return RunDesk(settings.model_copy(update={"workflows_dir": folder}), OLGA)


def test_a_form_has_a_field_of_the_right_kind_for_each_param(desk: RunDesk) -> None:
    form = desk.form("many-kinds")
    assert form.sound
    assert [(field.name, field.kind, field.default) for field in form.fields] == [
        ("title", Kind.TEXT, "Hello"), ("needed", Kind.TEXT, ""), ("count", Kind.TEXT, "3"), ("loud", Kind.SWITCH, "true"),
        ("level", Kind.CHOICE, "low"), ("globs", Kind.LONG, "[]"),
    ]  # fmt: skip
    assert [field.name for field in form.fields if field.required] == ["needed"]
    assert "Every kind of param &lt;b&gt;" in form.said


def test_a_form_is_read_as_it_was_filled_in(desk: RunDesk) -> None:
    fields = desk.form("many-kinds").fields
    shown = ["Hi", None, False, "me", None, False, "x", None, False, "", None, False, "", "high", False, "[1]", None, True]
    assert filled(fields, shown) == {
        "title": "Hi", "needed": "me", "count": "x", "loud": "false", "level": "high", "globs": "[1]",
    }  # fmt: skip
    assert len(updates(fields)) == 4 * SLOTS
    assert len(beside(fields, {"count": "no"})) == SLOTS


def test_what_is_wrong_is_said_beside_each_field_and_nothing_starts(desk: RunDesk) -> None:
    given = {"title": "", "needed": " ", "count": "many", "loud": "false", "level": "no", "globs": "{"}
    started = desk.start("many-kinds", " ", "", given)
    assert started.run is None
    assert set(started.beside) == {"needed", "count", "level", "globs", "repository"}
    assert "a whole number" in started.beside["count"]
    assert "low, high" in started.beside["level"]


def test_without_a_server_it_says_what_starts_one(desk: RunDesk, tmp_path: Path) -> None:
    started = desk.start("many-kinds", str(tmp_path), "HEAD", {"needed": "me", "count": "4", "level": "low"})
    assert started.run is None
    assert started.beside == {}
    assert "`dockyard up` starts one" in started.said
    with pytest.raises(UnavailableError, match="dockyard up"):
        desk.listing()
    with pytest.raises(UnavailableError, match="dockyard up"):
        desk.show("00000000-0000-4000-8000-000000000000", Tail())


def test_who_may_not_run_starts_cancels_and_retries_nothing(settings: Settings) -> None:
    viewer = RunDesk(settings, Visitor(name="vera"))
    for said in (viewer.start("health-check", ".", "HEAD", {}).said, viewer.cancel("x"), viewer.retry("x")):
        assert "vera may look but not start or cancel" in said


@pytest.mark.parametrize("name", ["../secret", "/etc/x.yaml", "many-kinds.yaml", "nothing", None])
def test_only_a_workflow_of_the_folder_is_started(desk: RunDesk, name: str | None) -> None:
    assert not desk.form(name).sound
    started = desk.start(name, ".", "HEAD", {})
    assert started.run is None
    assert "Nothing was started" in started.said or "Choose a workflow first" in started.said


def test_a_broken_workflow_says_where_and_hides_no_other(desk: RunDesk) -> None:
    assert desk.workflows() == ["broken", "many-kinds"]
    assert "broken.yaml:2:" in desk.form("broken").said
    assert desk.start("broken", ".", "HEAD", {}).run is None


def test_an_id_that_is_none_is_a_sentence(desk: RunDesk) -> None:
    assert "no run" in desk.cancel("<script>")
    assert "<script" not in desk.cancel("<script>")
