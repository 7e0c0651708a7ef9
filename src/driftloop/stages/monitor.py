"""Profile, newest rows, refits and production → the decision, what the dashboard shows beside it, and Evidently's pages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from driftloop.core.columns import DAY, PRODUCTION_LOSS
from driftloop.core.data.cumulated import CumulatedProfile
from driftloop.core.data.finding import Finding
from driftloop.core.data.grid import Grid
from driftloop.core.decision import unseen
from driftloop.core.decision.decide import decide
from driftloop.core.decision.evidence import gather
from driftloop.core.decision.values import Drift
from driftloop.core.judging import metrics, refits
from driftloop.core.judging.data_alarms import Alarms
from driftloop.core.judging.scored import labelled_until
from driftloop.core.models import estimator
from driftloop.core.models.card import honest_error
from driftloop.core.models.recipe import recipe_of
from driftloop.core.overview import importance as leaning
from driftloop.core.overview.overview import overview
from driftloop.core.windows import Window, end_day, last_days
from driftloop.report.evidently import page, rendering
from driftloop.store.files import (
    ALARMS,
    DECISION,
    EVIDENTLY,
    GRID,
    HISTOGRAM,
    LABELLED,
    METRICS,
    OVERVIEW,
    PROFILE,
    QUALITY,
    REFITS,
    read_frame,
    read_json,
    read_value,
    write_json,
)
from driftloop.store.production import read_production

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from driftloop.core.decision.evidence import Evidence
    from driftloop.core.decision.values import Decision
    from driftloop.core.models.card import Card
    from driftloop.params import Params
    from driftloop.store.production import Production


def run(params: Params, root: Path) -> None:
    """Decide how production is, and write down why."""
    production = read_production(root, params)
    scored, alarms = read_frame(root / REFITS), read_value(root / ALARMS, Alarms)
    rendered = page.render(params, production, root, scored, alarms.history)
    evidence = gather(params, production.card, scored, alarms.faulty_steps, drift=_drift(rendered))
    leans = _importance(params, production, root)
    decision = _decision(
        params, production.card, root, evidence=evidence, alarms=alarms, rendered=rendered, importance=leans
    )
    page.write(rendered, root / EVIDENTLY)
    write_json(root / DECISION, decision.model_dump(mode="json"))
    shown = overview(
        params,
        production.card,
        evidence,
        scored=scored,
        profile=read_frame(root / PROFILE),
        histogram=read_frame(root / HISTOGRAM),
        grid=read_value(root / GRID, Grid),
        alarms=alarms,
        importance=leans,
    )
    write_json(root / OVERVIEW, shown.model_dump(mode="json"))
    write_json(root / METRICS / "monitor.json", _numbers(decision))
    write_json(root / METRICS / "production.json", _honest(params, production, root))


def _decision(
    params: Params,
    card: Card,
    root: Path,
    *,
    evidence: Evidence,
    alarms: Alarms,
    rendered: rendering.Rendered | rendering.Failed | None,
    importance: Mapping[str, float],
) -> Decision:
    """Add to the evidence what rules found, what production has never seen, and what could not be rendered."""
    checked = read_json(root / QUALITY)
    totals = CumulatedProfile.of(read_frame(root / PROFILE))
    failed = (rendered.reason,) if isinstance(rendered, rendering.Failed) else ()
    return decide(
        params,
        card,
        evidence,
        [Finding.model_validate(found) for found in checked["findings"]],
        states=alarms.history,
        importance=importance,
        unseen=[
            *checked["lasting"],
            *unseen.classes(card, evidence.judged, params.data.private),
            *unseen.columns(card, totals, Window.model_validate(checked["window"])),
        ],
        warnings=(*checked["hints"], *failed, *_sampled(params, card, root)),
    )


def _sampled(params: Params, card: Card, root: Path) -> Iterator[str]:
    """Say where refits learn from a sample."""
    most, recipe = params.monitor.refit_rows, card.recipe or recipe_of(params)
    days, until = read_frame(root / LABELLED)[DAY], labelled_until(params)
    rows = refits.unbounded_rows(days, until, recipe.train_days, params.windows.candidates, most=most)
    if params.monitor.refit and rows:
        yield f"a refit learns from at most {most:,} rows, drawn from up to {rows:,} (monitor.refit_rows)"


def _drift(rendered: rendering.Rendered | rendering.Failed | None) -> Drift:
    if not isinstance(rendered, rendering.Rendered) or rendered.drift_share is None:
        return Drift()
    return Drift(share=rendered.drift_share, drifted=sum(rendered.drifted.values()), columns=len(rendered.drifted))


def _importance(params: Params, production: Production, root: Path) -> dict[str, float]:
    """Measure how much production leans on each input, on labelled rows that it has not seen; empty without a model."""
    card = production.card
    if production.model is None or card.recipe is None or card.trained_until is None:
        return {}
    labelled = read_frame(root / LABELLED)
    rows = labelled[labelled[DAY] >= card.trained_until]
    return leaning.importance(production.model, card.recipe, rows, params.evaluate.metric)


def _honest(params: Params, production: Production, root: Path) -> dict[str, float]:
    """Return production's honest error over the newest judge window, for `dvc metrics diff`."""
    card, metric = production.card, params.evaluate.metric
    if production.model is None or card.recipe is None or card.trained_until is None:
        return {"version": 0}
    until = end_day(params.source.until_instant, params.zone) - timedelta(days=params.data.label_delay_days)
    window = last_days(until, params.least_judge_days)
    rows = window.of(read_frame(root / LABELLED))
    rows = rows[rows[DAY] >= card.trained_until]
    scores = estimator.score(production.model, card.recipe, rows)
    loss = rows[[DAY]].assign(**{PRODUCTION_LOSS: metrics.row_losses(metric, rows[card.recipe.target], scores)})
    found = honest_error(loss, card, metric, window)
    return {"version": card.version} if found is None else {"version": card.version, metric: found[0], "rows": found[1]}


def _numbers(decision: Decision) -> dict[str, float]:
    """Keep the numbers, for `dvc metrics`; what is unknown is left out.

    None may be called `error`: `dvc metrics show` takes a key of that name for a failure to read the file.
    """
    gain = decision.recent_gain
    numbers: dict[str, float | None] = {
        "alert": int(decision.alert),
        "rows": decision.rows,
        "measured_error": decision.error.estimate if decision.error else None,
        "normal_error": decision.normal_error,
        "refit_error": decision.refit_error,
        "waiting_days": decision.waiting_days,
        "refit_gain": gain.estimate if gain else None,
        "refit_gain_low": gain.low if gain else None,
        "refit_gain_high": gain.high if gain else None,
        "evidently_drift_share": decision.drift.share if decision.policy == "evidently" else None,
        "inputs_shifted": len(decision.inputs.shifted),
        "data_alarms": len(decision.alarms),
        "findings": len(decision.findings),
    }
    return {name: value for name, value in numbers.items() if value is not None}
