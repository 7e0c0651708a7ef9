"""The same for machines: history.json, feed.xml and badge.svg."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from driftloop.core import dates
from driftloop.core.decision.statuses import STATUSES
from driftloop.core.judging.outcomes import OUTCOMES
from driftloop.core.text import line
from driftloop.report.dashboard import history
from driftloop.report.headline import for_title, headline

if TYPE_CHECKING:
    from datetime import datetime

    from driftloop.report.dashboard.facts import Facts

FORMAT = 1
MOST_ENTRIES = 50
NEWEST_WEEKS = 52
RUN_COLUMNS = (
    "time", "kind", "outcome", "status", "verdict", "version", "error", "waiting_days", "revision", "link",
)  # fmt: skip
BADGE = {"good": "#1a7340", "act": "#8f5a00", "bad": "#b3231c", "none": "#59616b"}
LETTER = 6.6  # pixels of a letter of the badge, on average


def history_json(facts: Facts) -> str:
    """Write what the page shows for programs; docs/dashboard.md describes it."""
    decision = facts.decision
    value = {
        "format": FORMAT,
        "model": decision.model,
        "version": decision.version,
        "as_of": _moment(facts.made),
        "interval_hours": history.interval_hours(facts.runs),
        "last_run_failed": facts.failed is not None,
        "decision": decision.model_dump(mode="json", exclude={"warnings", "inputs"})
        | {"headline": for_title(decision)},
        "steps": [step.model_dump(mode="json") for step in facts.steps],
        "inputs": [
            {
                "name": each.name,
                "importance": each.importance,
                "levels": [level and round(level, 2) for level in each.levels[-NEWEST_WEEKS:]],
            }
            for each in facts.overview.inputs
        ],
        "weeks": [day.isoformat() for day in facts.overview.weeks[-NEWEST_WEEKS:]],
        "repository": (home := history.repository(facts.runs)),
        "run_columns": RUN_COLUMNS,
        "runs": [_run(run, home) for run in history.shown(facts.runs)],
    }
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def _run(run: history.Run, home: str) -> list[Any]:
    decision = run.decision
    return [
        _moment(run.time),
        run.kind,
        run.outcome,
        decision.status if decision else None,
        run.verdict.outcome if run.verdict else None,
        run.version,
        decision.error.estimate if decision and decision.error else None,
        decision.waiting_days if decision else None,
        run.revision[:12],
        run.links.get("run", "").removeprefix(f"{home}/"),
    ]


def atom(facts: Facts) -> str:
    """Write the decisions as an Atom feed (RFC 4287), newest first."""
    model = line(facts.decision.model)
    home = history.repository(facts.runs)
    told = history.decisions(facts.runs)[::-1][:MOST_ENTRIES]
    entries = Markup("").join(_entry(run, model) for run in told)
    link = Markup('<link href="{}"/>').format(home) if home else Markup("")
    return str(
        Markup(
            '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"><title>{0}: decisions</title>'
            "<id>urn:driftloop:{0}</id><updated>{1}</updated><author><name>driftloop</name></author>{2}{3}</feed>\n"
        ).format(model, _moment(facts.made), link, entries)
    )


def _entry(run: history.Run, model: str) -> Markup:
    if run.outcome == "failed":
        title = f"{model}: {run.kind} failed"
    elif run.kind == "monitor" and run.decision:
        title = f"{model} v{run.decision.version} {for_title(run.decision)}"
    else:
        judged = run.verdict if run.kind != "rollback" else None  # the pipeline's verdict is about the recipe
        title = f"{model}: {run.kind}" + (f", {OUTCOMES[judged.outcome].screen}" if judged else "")
    said = " ".join(run.decision.reasons) if run.decision else ""
    link = run.links.get("run") or run.links.get("commit")
    return Markup("<entry><title>{}</title><id>urn:driftloop:{}:{}:{}</id><updated>{}</updated>{}<summary>{}</summary></entry>").format(
        line(title),
        model,
        run.kind,
        _moment(run.time),
        _moment(run.time),
        Markup('<link href="{}"/>').format(link) if link else "",
        line(said),
    )  # fmt: skip


def badge(facts: Facts) -> str:
    """Draw model, status and the day that they are of."""
    decision = facts.decision
    left = line(decision.model)[:40]
    right = (
        f"{'run failed' if facts.failed else headline(decision).name} · {dates.day(facts.made.astimezone(UTC).date())}"
    )
    one, two = (round(LETTER * len(text) + 12) for text in (left, right))
    colour = BADGE["bad" if facts.failed else facts.tone]
    said = f"{left}: {right}. {STATUSES[decision.status].meaning}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{one + two}" height="20" role="img" aria-label="{escape(said)}">'
        f"<title>{escape(said)}</title>"
        f'<rect width="{one + two}" height="20" rx="3" fill="{colour}"/><path d="M3 0h{one - 3}v20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#33383e"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="6" y="14" textLength="{one - 12}">{escape(left)}</text>'
        f'<text x="{one + 6}" y="14" textLength="{two - 12}">{escape(right)}</text></g></svg>\n'
    )


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
