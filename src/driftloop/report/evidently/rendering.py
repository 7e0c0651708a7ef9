"""One Evidently page and its JSON: byte-stable, self-contained, and never the reason why a run fails.

Evidently works in a child process: the order of its labels and the last bits of its distances follow the seed of
Python's string hash, which is fixed when an interpreter starts. What it imports, prints and warns about stays out, too.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import sys
from dataclasses import dataclass
from html import escape
from importlib.metadata import version
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pandas as pd

from driftloop import processes
from driftloop.core.columns import PREDICTION
from driftloop.core.text import line
from driftloop.report.evidently.input import LESS, MIN_VALUES, Columns, PageInput, add_column, add_judged, mask, unmask

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from driftloop.report.evidently.input import Task

NOISY_ROWS = 200  # at 100 rows Wasserstein is >= 0.1 in 73 % of windows without drift
TIMEOUT_SECONDS = 900
NEW_OBJECTS = 50_000  # until Python looks for garbage; what is imported here, most of the work, stays

_LESS_IN_JSON = json.dumps(LESS)[1:-1]
_ID = re.compile(r"metric_[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Answer = tuple[str, str, list[str]] | str  # page, JSON and notes; or the reason of a failure


@dataclass(frozen=True)
class Rendered:
    """A page and what Evidently found.

    Attributes
    ----------
    html
        One page that needs no network.
    json
        Evidently's metrics and tests in plain types, 12 digits; NaN and infinities are None.
    drift_share
        Share of columns that drifted by Evidently's own rule, or by `thresholds` if they were given.
    drifted
        The same per column.
    left_out
        Columns that are not on the page, and why.
    notes
        What else the page tells its reader about its input.
    """

    html: str
    json: dict[str, Any]
    drift_share: float | None
    drifted: dict[str, bool]
    left_out: dict[str, str]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Failed:
    """Why there is no page, in one line."""

    reason: str


def render(
    current: pd.DataFrame,
    reference: Columns,
    judged: pd.DataFrame | None,
    *,
    numerical: Sequence[str],
    categorical: Sequence[str],
    target: str,
    task: Task,
    private: Collection[str] = (),
    title: str,
    thresholds: Mapping[str, float] | None = None,
    remarks: Sequence[str] = (),
) -> Rendered | Failed:
    """Render drift, performance (if outcomes are known) and a data summary as one page.

    `current` and `reference` hold features and maybe `PREDICTION`. `judged`, in order of time, holds the target,
    `PREDICTION` and maybe `PROBABILITY`<class>. With `thresholds`, drift is a normed Wasserstein or a Jensen-Shannon
    distance at or above the column's threshold (0.1 if it has none). `remarks` stand on the page.
    """
    windows: tuple[tuple[str, Columns], ...] = (("current", current), ("reference", reference))
    for name, frame in windows:
        if (rows := max((len(frame[column]) for column in map(str, frame)), default=0)) < MIN_VALUES:
            return Failed(f"{name} window: expected at least {MIN_VALUES} rows, got {rows}")
    limits = None if thresholds is None else {mask(name): float(value) for name, value in thresholds.items()}
    job = PageInput(target=mask(target), task=task, thresholds=limits, notes=list(remarks))
    roles = dict.fromkeys(numerical, True) | dict.fromkeys(categorical, False)
    if PREDICTION in current or PREDICTION in reference:
        roles.setdefault(PREDICTION, task == "regression")
    # predictions give a private target away: its labels, or close estimates
    hidden = {*private, PREDICTION} if target in private else set(private)
    job.left_out.update((name, "private") for name in roles if name in hidden)
    for name in [name for name in roles if name not in hidden]:
        add_column(job, name, (current, reference), number=roles[name])
    if not job.current:
        return Failed("no column can be compared: " + "; ".join(f"{k}: {v}" for k, v in job.left_out.items()))
    job.notes.extend(_uneven(job.reference))
    if len(current) < NOISY_ROWS:
        job.notes.append(f"only {len(current)} current rows: small samples lie far apart without any drift")
    if target in private:
        job.notes.append("no performance section: the target is private")
    elif judged is not None and len(judged):
        add_judged(job, judged, target)
    return _finish(job, title, _in_child(job))


def _uneven(reference: Mapping[str, pd.Series]) -> Iterator[str]:
    """Explain what the page would show as missing although it was left out on purpose."""
    most = max(map(len, reference.values()))
    for name, column in reference.items():
        if len(column) < most:
            rows = f"{len(column):,} of {most:,} reference rows"
            yield f"{unmask(name)}: compared with {rows}, those of its sound days; a summary counts the others as missing"


def _in_child(job: PageInput) -> Answer:
    """Have Evidently render in a process of its own."""
    path = os.pathsep.join(entry for entry in sys.path if entry)  # the child runs the code that runs here
    env = os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": "0", "DO_NOT_TRACK": "1"}
    program = f"import gc; gc.set_threshold({NEW_OBJECTS}); import {__name__} as page; page._child()"
    command = [sys.executable, "-P", "-W", "ignore", "-c", program]
    try:
        done = processes.run(command, name="Evidently", seconds=TIMEOUT_SECONDS, env=env, data=pickle.dumps(job))
    except processes.SlowError:
        return f"Evidently took longer than {TIMEOUT_SECONDS // 60} minutes"
    try:
        answer: Answer = pickle.loads(done.out)  # noqa: S301 - written by our own child
    except (EOFError, pickle.UnpicklingError):
        last = done.err.decode(errors="replace").strip().rpartition("\n")[2]
        return f"Evidently's process ended with code {done.code}: {last[:200]}"
    return answer


def _child() -> None:
    """Answer on stdout; what else is printed there goes to stderr."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    answer: Answer
    try:
        answer = _evidently(pickle.load(sys.stdin.buffer))  # noqa: S301 - written by our own parent
    except BaseException as exc:  # noqa: BLE001 - Evidently's ReferenceMetricNotFound is no Exception
        answer = _reason(exc)
    with out:
        pickle.dump(answer, out)


def _evidently(job: PageInput) -> tuple[str, str, list[str]]:
    """Page, JSON and notes. Without drift there is no page; the other sections may be left out."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.core.report import Snapshot
    from evidently.presets import DataDriftPreset, DataSummaryPreset

    shape = DataDefinition(numerical_columns=job.numerical, categorical_columns=job.categorical)
    windows = [Dataset.from_pandas(pd.DataFrame(columns), shape) for columns in (job.current, job.reference)]
    own = {"num_method": "wasserstein", "cat_method": "jensenshannon", "per_column_threshold": job.thresholds}
    drift = DataDriftPreset(**({} if job.thresholds is None else own))
    shots = [Report([drift], include_tests=True).run(*windows)]  # the tests hold the flags per column
    notes: list[str] = []
    sections: dict[str, Callable[[], Any]] = {
        "performance": lambda: None if job.judged is None else _performance(job),
        "data summary": lambda: Report([DataSummaryPreset()]).run(*windows),
    }
    for name, run in sections.items():
        try:
            shots += [shot] if (shot := run()) else []
        except BaseException as exc:  # noqa: BLE001 - see _child
            notes.append(f"no {name} section: {_reason(exc)}")
    page = shots[0].to_snapshot_model()
    page.widgets = [_sorted(widget) for shot in shots for widget in shot.to_snapshot_model().widgets]
    page.tests_widgets = []  # they repeat the table of drift
    parts = [json.loads(shot.json()) for shot in shots]
    text = json.dumps({key: [entry for part in parts for entry in part[key]] for key in ("metrics", "tests")})
    return Snapshot.load_model(page).get_html_str(as_iframe=False), text, notes


def _performance(job: PageInput) -> Any:
    """Run Evidently's report on rows with outcomes."""
    from evidently import BinaryClassification, DataDefinition, Dataset, MulticlassClassification, Regression, Report
    from evidently.presets import ClassificationPreset, RegressionPreset

    if job.task == "regression":
        shape = DataDefinition(
            numerical_columns=[job.target, PREDICTION],
            regression=[Regression(target=job.target, prediction=PREDICTION)],
        )
        return Report([RegressionPreset()]).run(Dataset.from_pandas(job.judged, shape))
    names = {"target": job.target, "prediction_labels": PREDICTION}
    if job.positive is None:
        model = MulticlassClassification(**names, prediction_probas=job.classes or None)
    else:  # two classes crash as "multiclass"
        probability = job.positive if job.classes else None
        model = BinaryClassification(**names, prediction_probas=probability, pos_label=job.positive)
    shape = DataDefinition(
        categorical_columns=[job.target, PREDICTION], numerical_columns=job.classes, classification=[model]
    )
    return Report([ClassificationPreset()]).run(Dataset.from_pandas(job.judged, shape))


def _sorted(widget: Any) -> Any:
    """Put the labels of a category in order: a missing one hashes by its address, which moves them."""
    if widget.type == "rich_data" and widget.params["description"] == "cat":
        rows = widget.params["metrics"]  # count, missing, then labels; nan is counted as missing already
        rows[2:] = sorted((row for row in rows[2:] if row["label"] != "nan"), key=lambda row: unmask(row["label"]))
    return widget


def _finish(job: PageInput, title: str, answer: Answer) -> Rendered | Failed:
    """Make the child's answer byte-stable, and say on the page what was done to its input."""
    if isinstance(answer, str):
        return Failed(answer)
    page, text, notes = answer
    job.notes.extend(notes)
    data: dict[str, Any] = json.loads(
        text.replace(_LESS_IN_JSON, "<"),
        parse_constant=lambda _: None,
        parse_float=lambda digits: float(f"{float(digits):.12g}"),  # the rest differs between processors
        object_pairs_hook=lambda pairs: dict(sorted(pairs, key=itemgetter(0))),
    )
    page = _steady(page, own=_labels(job)).replace(_LESS_IN_JSON, r"\u003c")
    page = page.replace("<head>", f"<head>\n<title>{escape(title)}</title>", 1)
    page = page.replace("<body>", f"<body>\n{_header(job, title)}", 1)
    return Rendered(page, data, *_drift(data), job.left_out, tuple(job.notes))


def _drift(data: dict[str, Any]) -> tuple[float | None, dict[str, bool]]:
    """Share and flags; the flags stand in the tests, not in the metrics."""
    flags = {t["metric_config"]["params"]["column"]: t["status"] == "FAIL" for t in data["tests"] if t["id"] == "drift"}
    count = next(m["value"] for m in data["metrics"] if m["config"]["type"].endswith(":DriftedColumnsCount"))
    return count["share"], flags


def _labels(job: PageInput) -> str:
    """All categories, one per line."""
    frames = [pd.DataFrame(part) for part in (job.current, job.reference, job.judged) if part is not None]
    return "\n".join(
        {text for frame in frames for name in frame.select_dtypes(object) for text in frame[name].dropna()}
    )


def _steady(page: str, *, own: str) -> str:
    """Rename Evidently's random ids in order of appearance, and let ids among the data alone."""
    names: dict[str, str] = {}

    def rename(found: re.Match[str]) -> str:
        return found[0] if found[0] in own else names.setdefault(found[0], f"id_{len(names)}")

    return _ID.sub(rename, page)


def _header(job: PageInput, title: str) -> str:
    """Title, rows, and warnings."""
    now, then = (max(map(len, part.values())) for part in (job.current, job.reference))
    known = 0 if job.judged is None else len(job.judged)
    rule = "Evidently's own rule" if job.thresholds is None else "the thresholds of this project"
    facts = (
        f"{now:,} current rows, {then:,} reference rows, {known:,} rows with known outcomes. "
        f"Drift is told by {rule}. Rendered by Evidently {version('evidently')}."
    )
    remarks = [*(f"{name} is left out: {why}" for name, why in job.left_out.items()), *job.notes]
    listed = "".join(f"<li>{escape(line(remark))}</li>" for remark in remarks)
    style = "margin:24px 24px 0;font-family:Roboto,Helvetica,Arial,sans-serif;line-height:1.5"
    return f'<header style="{style}"><h1>{escape(title)}</h1><p>{facts}</p><ul>{listed}</ul></header>'


def _reason(exc: BaseException) -> str:
    """First line of what Evidently said."""
    first = next(iter(unmask(str(exc)).strip().splitlines()), "")
    return f"{type(exc).__name__}: {first[:200]}"
