"""data/raw → data/prepared: the profile of all rows, and bounded tables of some."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from driftloop import engine
from driftloop.core.alarms import deviation
from driftloop.core.columns import DAY, ROW
from driftloop.core.data import examples, portable, quality
from driftloop.core.data import profile as profiles
from driftloop.core.data.changes import Changes, accepted
from driftloop.core.data.cumulated import CumulatedProfile
from driftloop.core.data.declared import columns_of
from driftloop.core.data.inspection import Inspection
from driftloop.core.data.lasting import told
from driftloop.core.data.notation import notation_of
from driftloop.core.windows import Window, end_day, last_days
from driftloop.lock import content, source
from driftloop.params import MOST_STEPS
from driftloop.store.counting import Counting, Sample
from driftloop.store.digests import DIGESTS, Digests
from driftloop.store.files import (
    CACHE,
    COMPARED,
    GRID,
    HISTOGRAM,
    LABELLED,
    METRICS,
    NEWEST,
    PROFILE,
    QUALITY,
    RAW,
    REFERENCE,
    read_card,
    write_frame,
    write_json,
    write_tables,
)
from driftloop.store.pieces import Pieces
from driftloop.store.rows import tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import ibis.expr.types as ir
    import pandas as pd

    from driftloop.core.data.census import Census
    from driftloop.core.data.declared import Columns
    from driftloop.core.data.finding import Finding
    from driftloop.core.models.card import Card
    from driftloop.params import Params
    from driftloop.store.counting import Counted
    from driftloop.store.rows import Read


class Spans(NamedTuple):
    """The days that tables and checks are about.

    Attributes
    ----------
    current
        The newest days, which the quality rules check.
    newest
        Those that the page shows: long enough for the current window and for the week that data alarms judge.
    labelled_until
        First day whose labels are not final.
    reference
        Of production; without one all days before those that are judged.
    oldest
        First day that any refit may train on; None where recipes train on everything.
    """

    current: Window
    newest: Window
    labelled_until: date
    reference: Window
    oldest: date | None

    @property
    def until(self) -> date:
        """End of the data, exclusive."""
        return self.current.until


def run(params: Params, root: Path) -> None:
    """Check all rows, and write the tables that the other stages work with."""
    card = read_card(root, params)
    columns = columns_of(params, card)
    pieces = Pieces(root / CACHE / "pieces", _depends(params, columns, root), Digests(root / CACHE / DIGESTS))
    with engine.translated(root / RAW), engine.opened(params.engine, root) as con:
        read = tables(con, root / RAW, columns, params, pieces)
        counting = Counting(read, columns, pieces)
        census = counting.census
        spans = _spans(params, card, census)
        known = profiles.known(census, columns, spans.reference.until, end=spans.until)
        known = known.with_accepted(params.data.accepted, census.before(spans.until))
        grid = counting.cut(spans.reference, known)
        samples = _samples(params, spans, census)
        found = counting.count(known, grid, samples.values(), params.data.private)
        for path, drawing in samples.items():
            write_tables(root / path, counting.draw(drawing))
        quality = _check(read, columns, spans, known, census=census, counted=found, params=params)
    write_frame(root / PROFILE, found.profile)
    write_json(root / GRID, grid.model_dump(mode="json"))
    write_frame(root / HISTOGRAM, found.histogram)
    write_json(root / QUALITY, quality)
    counts = {
        "rows": census.rows,
        "labelled_rows": samples[LABELLED].rows_of(census),
        "duplicates": len(read.doubles),
        "undated_rows": sum(read.lost),
        "findings": len(quality["findings"]),
    }
    write_json(root / METRICS / "data.json", counts)
    pieces.sweep()


def _depends(params: Params, columns: Columns, root: Path) -> dict[str, Any]:
    """List what all that is counted depends on, besides rows: how they are read, and the code that counts."""
    return {
        "columns": columns.model_dump(),
        "timezone": params.data.timezone,
        "written": asdict(notation_of(params)),
        "code": content.stage(source.stages(root / source.MEMORY)["prepare"]).model_dump(),
    }


def _spans(params: Params, card: Card, census: Census) -> Spans:
    """Cut the days by the parameters and production's card."""
    until = end_day(params.source.until_instant, params.zone)
    labelled_until = until - timedelta(days=params.data.label_delay_days)
    return Spans(
        current=last_days(until, params.windows.current_days),
        newest=last_days(until, max(params.windows.current_days, deviation.WINDOW)),
        labelled_until=labelled_until,
        reference=card.reference
        or Window(since=_first_day(census, until), until=labelled_until - timedelta(days=params.least_judge_days)),
        oldest=_oldest_needed(params, card, labelled_until),
    )


def _samples(params: Params, spans: Spans, census: Census) -> dict[Path, Sample]:
    """Choose what is drawn for training and for Evidently's page, by where it is written."""
    labelled = Window(since=spans.oldest or date.min, until=spans.labelled_until)
    windows = {
        NEWEST: [spans.newest],
        REFERENCE: [spans.reference],
        COMPARED: deviation.candidates(_first_day(census, spans.until), spans.until),
    }
    return {
        LABELLED: Sample([labelled], params.train.max_rows, labelled=True),
        **{path: Sample(found, params.report.max_rows) for path, found in windows.items()},
    }


def _check(
    read: Read,
    columns: Columns,
    spans: Spans,
    known: profiles.Known,
    *,
    census: Census,
    counted: Counted,
    params: Params,
) -> dict[str, Any]:
    """Describe what is wrong with the newest days, and what looks odd: the content of reports/quality.json."""
    evidence = _inspection(read, columns, spans, census=census, profile=counted.profile, params=params)
    findings = _findings(evidence, read, known, spans, params)
    changes = Changes(census, known, evidence, params.data.private)
    hidden = not {*params.data.timestamps}.isdisjoint(params.data.private)
    return {
        "window": spans.current.model_dump(mode="json"),
        "reference": spans.reference.model_dump(mode="json"),
        "absent": list(evidence.absent),
        "findings": [changes.add(found).model_dump(mode="json") for found in findings],
        "hints": [*_strays(read, private=hidden), *counted.codes],
        "lasting": [
            *told(census, known.lasting, spans.current, params.data.private),
            *accepted(params.data.accepted, spans.reference.until),
        ],
    }


def _inspection(
    read: Read, columns: Columns, spans: Spans, *, census: Census, profile: pd.DataFrame, params: Params
) -> Inspection:
    """Bring together what the quality rules check."""
    undated, stray = read.lost
    return Inspection(
        profile=CumulatedProfile.of(profile),
        columns=columns,
        window=spans.current,
        reference=spans.reference,
        accepted_missing=params.data.accepted_missing,
        absent=[name for name in columns.features if name not in read.raw.columns],
        duplicates=int((read.doubles[DAY] >= spans.current.since).sum()),
        undated=_near(read, read.undated, spans.current, census) if undated else 0,
        stray=_near(read, read.stray, spans.current, census) if stray else 0,
    )


def _findings(evidence: Inspection, read: Read, known: profiles.Known, spans: Spans, params: Params) -> list[Finding]:
    """Apply the quality rules to the newest days, and the one about labels to the newest step; show a value of each."""
    shown = examples.Examples(read.raw, read.rows, known.names, params.data.timestamps, params.data.private)
    judged = last_days(spans.labelled_until, params.monitor.step_days)
    return [
        *(shown.add(finding, spans.current) for finding in quality.check(evidence)),
        *(shown.add(finding, judged) for finding in quality.missing_labels(evidence.at(judged))),
    ]


def _oldest_needed(params: Params, card: Card, labelled_until: date) -> date | None:
    """Return the first day that any refit may train on; None where recipes train on everything."""
    lengths = [params.windows.train_days, card.recipe.train_days if card.recipe else params.windows.train_days]
    days = [length for length in lengths if isinstance(length, int)]
    if len(days) < len(lengths):
        return None
    steps = MOST_STEPS * params.monitor.step_days
    return labelled_until - timedelta(days=steps + params.data.label_delay_days + max(days))


def _first_day(census: Census, otherwise: date) -> date:
    """Return the day of the oldest row; `otherwise` where there is no row."""
    return min(census.days[DAY], default=otherwise)


def _near(read: Read, lost: ir.Table, current: Window, census: Census) -> int:
    """Count rows without a usable time whose neighbour before them, in the order of the source, is one of the newest.

    Where no row of the window has a time, the newest that has one is the neighbour that counts.
    """
    near = portable.latest(read.rows.select(ROW, near=DAY), lost.select(ROW))["near"]
    last = max(census.days[DAY], default=current.since)
    return int(((near >= min(last, current.since)) | near.isnull()).sum().to_pyarrow().as_py() or 0)


def _strays(read: Read, *, private: bool) -> Iterator[str]:
    """Describe the rows that were left out because of their date."""
    if rows := read.lost[1]:
        of = "" if private else f" (the oldest on {read.stray[DAY].min().to_pyarrow().as_py()})"
        are = "row is" if rows == 1 else "rows are"
        yield f"{rows:,} {are} dated long before all others{of}, and left out: correct the timestamps"
