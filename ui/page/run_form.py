"""A fixed bank of fields that shows any workflow's params: those that a workflow has not are hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import gradio as gr
from markupsafe import Markup

from flows.service.forms import Field, Kind
from ui.page.events import Parts, Update, html
from ui.page.pieces import Tone, notice

SLOTS = 16
"""Params that the page asks for; those of a workflow with more keep their defaults."""


@dataclass(frozen=True)
class Slot:
    """One param's place: three ways to fill it in, of which one is shown, and what is wrong with it."""

    line: gr.Textbox
    choice: gr.Dropdown
    switch: gr.Checkbox
    wrong: gr.HTML

    @property
    def parts(self) -> Parts:
        """What an event fills."""
        return [self.line, self.choice, self.switch, self.wrong]


@dataclass(frozen=True)
class Bank:
    """All slots."""

    slots: tuple[Slot, ...]

    @property
    def parts(self) -> Parts:
        """What `updates` fills."""
        return [part for slot in self.slots for part in slot.parts]

    @property
    def values(self) -> Parts:
        """What `filled` reads."""
        return [part for slot in self.slots for part in (slot.line, slot.choice, slot.switch)]

    @property
    def wrongs(self) -> Parts:
        """What `beside` fills."""
        return [slot.wrong for slot in self.slots]


def bank() -> Bank:
    """Make the slots where Gradio stands now."""
    return Bank(tuple(_made(number) for number in range(SLOTS)))


def _made(number: int) -> Slot:
    return Slot(
        line=gr.Textbox(visible=False, elem_id=f"param-{number}", max_length=20_000),
        choice=gr.Dropdown([], visible=False, elem_id=f"choice-{number}"),
        switch=gr.Checkbox(visible=False, elem_id=f"switch-{number}"),
        wrong=html("What is wrong with the field above", visible=False),
    )


def updates(fields: Sequence[Field]) -> list[Update]:
    """Show these fields with their defaults, and nothing else."""
    found: list[Update] = []
    for field in fields[:SLOTS]:
        found += _slot(field)
    for _ in range(SLOTS - len(fields[:SLOTS])):
        nothing = gr.update(visible=False, choices=[], value=None)
        found += [gr.update(visible=False, value=""), nothing, gr.update(visible=False, value=False), _wrong(None)]
    return found


def filled(fields: Sequence[Field], values: Sequence[str | bool | None]) -> dict[str, str]:
    """What stands in the fields, by param, as a person would type it."""
    found: dict[str, str] = {}
    for number, field in enumerate(fields[:SLOTS]):
        line, choice, switch = values[number * 3 : number * 3 + 3]
        match field.kind:
            case Kind.CHOICE:
                found[field.name] = str(choice or "")
            case Kind.SWITCH:
                found[field.name] = "true" if switch else "false"
            case _:
                found[field.name] = str(line or "")
    return found


def beside(fields: Sequence[Field], wrong: Mapping[str, str]) -> list[Update]:
    """What is wrong, each beside its field."""
    found = [_wrong(wrong.get(field.name)) for field in fields[:SLOTS]]
    return [*found, *(_wrong(None) for _ in range(SLOTS - len(found)))]


def _wrong(reason: str | None) -> Update:
    return gr.update(value=notice(reason, Tone.ERROR) if reason else Markup(""), visible=reason is not None)


def _slot(field: Field) -> list[Update]:
    label = f"{field.name} (needed)" if field.required else field.name
    info = " ".join(part for part in (_ended(field.description), f"Write {field.expects}.") if part)
    text = field.kind in (Kind.TEXT, Kind.LONG)
    return [
        gr.update(visible=text, label=label, info=info, value=field.default if text else "",
                  lines=3 if field.kind is Kind.LONG else 1),
        gr.update(visible=field.kind is Kind.CHOICE, label=label, info=_ended(field.description),
                  choices=list(field.choices), value=field.default if field.default in field.choices else None),
        gr.update(visible=field.kind is Kind.SWITCH, label=label, info=_ended(field.description),
                  value=field.default == "true"),
        _wrong(None),
    ]  # fmt: skip


def _ended(sentence: str) -> str:
    return f"{sentence.rstrip('. ')}." if sentence else ""
