"""`driftloop init`, from the questions to the first model."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from driftloop.errors import LoopError
from driftloop.inspection.look import look
from driftloop.inspection.parameters import parameters
from driftloop.params import parse_params
from driftloop.project import adding, calendar, creating, demo, placing, rendering, requirement
from driftloop.project.creating import History
from driftloop.project.rendering import Answers
from driftloop.project.tools import Tools

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from driftloop.inspection.values import Inspected

DELAY_DAYS = 7


@dataclass(frozen=True)
class Options:
    """What was said on the command line.

    Attributes
    ----------
    folder
        Of the project.
    source
        File, folder or pattern; None: the demo.
    target, label_delay_days, model
        None: to be asked for, or guessed.
    ask
        Asks a question with a default; None: defaults are taken.
    """

    folder: Path
    source: str | None = None
    target: str | None = None
    label_delay_days: int | None = None
    model: str | None = None
    ask: Callable[[str, str], str] | None = None

    def answer(self, given: str | None, question: str, default: str) -> str:
        """Take what was given, or ask, or take the default."""
        if given is not None:
            return given
        return self.ask(question, default) if self.ask else default


def run(options: Options, *, say: Callable[[str], None]) -> None:
    """Look, ask, write the project, run it, and make the first model. The replay is up to the caller.

    In a repository that has driftloop already it is one more model.
    """
    top = adding.home(options.folder)
    made, history, copies = _demo(options) if options.source is None else _own(options, options.source, say=say)
    inner = adding.check(top, options.folder, made.model) if top else ""
    with creating.folder(options.folder) as root:
        if top:
            say(f"{top} has driftloop: {inner} becomes one more model in it")
            adding.write(root, made, copies, say=say)
        else:
            creating.write(root, made, copies, say=say)
        first = creating.first_model(root, history, say=say)
        if top:
            adding.finish(top, inner, f"A model {made.model}", say=say)
        else:
            Tools(root).commit(f"Data until {history.until}{', version 1' if first else ''}")


def replay(root: Path) -> str:
    """Replay the history of a project in its own environment: what people would have been told."""
    return Tools(root).program("driftloop", "backtest", "--told")


def _demo(options: Options) -> tuple[Answers, History, Mapping[str, Path]]:
    answers = demo.answers(requirement.installed())
    return replace(answers, model=options.model or answers.model), demo.HISTORY, {}


def _own(options: Options, source: str, *, say: Callable[[str], None]) -> tuple[Answers, History, Mapping[str, Path]]:
    found = look(
        source, lambda ranked: options.answer(options.target, f"Target ({', '.join(ranked[:5])}, …)", ranked[0])
    )
    Console(highlight=False).print(table(found))
    text = options.answer(
        None if options.label_delay_days is None else str(options.label_delay_days),
        "Days until the target of a row is final",
        str(DELAY_DAYS),
    )
    if not text.isdecimal():
        msg = f"--label-delay-days: expected a whole number of days, got {text!r}"
        raise LoopError(msg)
    placed = placing.place(source, options.folder, private=found.personal)
    chosen = parameters(found, path=placed.path, label_delay_days=int(text))
    answers = Answers(
        model=options.model or _name(options.folder),
        requirement=requirement.installed(),
        values=chosen.values,
        comments=chosen.comments,
        data=placed.why,
        features=calendar.features(found.time.columns[0], found.time.form, chosen.calendar)
        if chosen.calendar
        else None,
    )
    params = parse_params(rendering.render(answers)["params.yaml"], where="params.yaml")
    say(placed.why)
    judged = params.least_judge_days + params.data.label_delay_days
    return answers, History.of(found.since, found.until, judged=judged), placed.copies


def _name(folder: Path) -> str:
    """Make a model's name of that of the folder."""
    return re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "model"


def table(found: Inspected) -> Table:
    """Show what every column was taken for, and why."""
    out = Table(box=None, pad_edge=False, header_style="bold", title_justify="left", title_style="")
    out.title = (
        f"{found.rows:,} rows, {found.since} to {found.until} ({found.rows_a_day:,.3g} a day); "
        f"target {found.target} ({found.task}); key {', '.join(found.key)}: {found.key_why}"
    )
    for name in ("column", "is", "why"):
        out.add_column(name, no_wrap=name != "why")
    for each in found.roles:
        out.add_row(each.name, each.role, each.why, style="dim" if each.role == "left out" else None)
    return out
