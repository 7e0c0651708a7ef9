"""The backtest in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from driftloop.core.figures import percent
from driftloop.core.judging.metrics import unit_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from driftloop.core.backtest.figures import Figures
    from driftloop.core.backtest.recommendation import Recommendation
    from driftloop.core.backtest.schedule import Schedule
    from driftloop.params import Params

WIDTH = 160  # the table's columns need so many characters


def head(schedule: Schedule, params: Params, *, rows: int) -> str:
    """Describe what was replayed."""
    simulated = " · SIMULATED DATA" if params.source.is_simulated else ""
    return (
        f"{params.model}{simulated} · {len(schedule.runs)} runs from {schedule.runs[0]} on, labels to "
        f"{schedule.scored_until} · {rows:,} rows, those before {schedule.first_cut} for the first production\n"
        f"{_bound(params.monitor.refit_rows) if rows > params.monitor.refit_rows else ''}"
    )


def _bound(most: int) -> str:
    return f"Each model, production's too, learns from at most {most:,} rows, a sample of its training window (monitor.refit_rows)\n"


def table(lines: Sequence[Figures], *, unit: str, metric: str) -> Table:
    """Set the figures in a table, one rule a row."""
    out = Table(title=None, box=None, pad_edge=False, header_style="bold")
    out.add_column("rule", no_wrap=True)
    shown = unit_of(metric, unit)
    for name in (f"error, {shown}" if shown else metric, "above always", "below never"):
        out.add_column(name, justify="right", no_wrap=True)
    for name in ("questions/year", "actions", "useful", "once live", "degraded", "data", "promotions", "fits"):
        out.add_column(name, justify="right", no_wrap=True)
    for line in lines:
        out.add_row(*_cells(line))
    return out


def _cells(line: Figures) -> Iterator[str]:
    yield line.name
    yield f"{line.loss:,.4g}"
    yield f"{100 * line.above_always:+.1f} %"
    yield percent(line.below_never)
    asks = line.policy not in ("always", "never")
    yield f"{line.alerts_a_year:.1f}" if asks else ""
    yield f"{line.actions_a_year:.1f}" if asks else ""
    for share in (line.useful, line.useful_live):
        yield "" if share is None else percent(share, 0)
    yield f"{line.degraded_a_year:.1f}" if asks else ""
    yield f"{line.data_a_year:.1f}" if asks else ""
    yield f"{line.promotions_a_year:.1f}"
    yield str(line.fits)


def notes(lines: Sequence[Figures]) -> Iterator[str]:
    """Explain what a reader may not guess."""
    yield "questions/year: alerts that asked to retrain, and whether to go on; actions: labels and merges that people made for them"
    yield "useful: retraining then saves 3 % or more of the error of four weeks, counted from its newest label; once live: counted from"
    yield "the answer; degraded, data, promotions, per year: alerts that error is up or data is broken; new versions of production"
    if any(line.standing_days for line in lines):
        yield "keep-fresh: an alert is answered by a standing approval, or it is given on the first day, see docs/github.md"
    if any(line.merged for line in lines):
        yield "the loop merges: what the gate has compared with production, a day later; nobody merges the rest"
    events = next((line.delays for line in lines), {})
    asking = [line for line in lines if line.policy not in ("always", "never", "calendar") and not line.standing_days]
    for event in events:
        heard = [f"{line.name} {line.delays[event]}" for line in asking]
        yield f"days until an alert after “{event}”: {'; '.join(heard).replace('None', '–')}"


def recommended(found: Recommendation) -> Iterator[str]:
    """Write the section for params.yaml, and why."""
    yield "monitor:"
    for key, value in found.monitor.items():
        yield f"  {key}: {value:g}" if isinstance(value, float) else f"  {key}: {value}"
    yield f"# {found.reason}"
    yield from (f"# {each}" for each in found.advice)
