"""The page, from its facts: everything that is shown goes through templates that escape."""

from __future__ import annotations

import json
import re
from datetime import UTC
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from driftloop.core import dates
from driftloop.core.decision.statuses import STATUSES
from driftloop.core.figures import figure, less_error, percent
from driftloop.core.judging.outcomes import OUTCOMES
from driftloop.core.overview.histograms import decoded
from driftloop.core.text import line
from driftloop.report import error_lines
from driftloop.report.dashboard import backtest, charts, history, svg
from driftloop.report.dashboard.facts import TONES, leaning, moved, now
from driftloop.report.dashboard.versions import MOST_SHOWN, UNFOLDED
from driftloop.report.headline import for_title, headline, unmeasured

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from driftloop.core.overview.values import Input
    from driftloop.report.dashboard.facts import Facts

RANGES = ((56, "8 weeks"), (182, "26 weeks"), (364, "1 year"))
SHOWN_STEPS = 60
MOST_OPEN = 120  # inputs that can be opened: the page has a size
CODE = re.compile(r"`([^`]+)`")


def render(facts: Facts) -> str:
    """Write the page."""
    span = charts.days(facts)
    return _templates().get_template("page.html").render(
        facts=facts,
        decision=facts.decision,
        overview=facts.overview,
        title=f"{facts.decision.model}{_version(facts)} {for_title(facts.decision)}",
        subject=f"{facts.decision.model}{_version(facts)}",
        predicate=for_title(facts.decision),
        meaning=STATUSES[facts.decision.status].meaning,
        span=span,
        charts=charts,
        ranges=[(days, said) for days, said in RANGES if span and days < (span.until - span.since).days],
        said=_said(facts),
        blamed=_blamed(facts),
        backtest=backtest.section(facts.results, facts.decision),
        inputs=[_input(each, facts, opens=place < MOST_OPEN) for place, each in enumerate(facts.ranked)],
        most_open=MOST_OPEN,
        most_lives=MOST_SHOWN,
        unfolded_lives=UNFOLDED,
        shown_runs=history.shown(facts.runs),
        table=facts.steps[::-1][:SHOWN_STEPS],
        periods=json.dumps([str(each) for each in facts.overview.periods]),
        tones={**TONES, "failed": "bad"},
        hours=round(history.interval_hours(facts.runs), 1),
    )  # fmt: skip


def listed(models: Mapping[str, Facts | None]) -> str:
    """Write the page that lists the models of a repository, by name; None for one that nothing is known of."""
    rows = [(name, facts, _state(facts) if facts else "") for name, facts in sorted(models.items())]
    return _templates().get_template("models.html").render(rows=rows)


def _state(facts: Facts) -> str:
    found = headline(facts.decision)
    before = "the last run failed; before that: " if facts.failed else ""
    return f"{before}{found.name}{f': {found.more}' if found.more else ''}"


def stylesheet_and_script() -> dict[str, str]:
    """Give the files beside the page, by name."""
    loader = PackageLoader("driftloop.report.dashboard", "static")
    return {name: loader.get_source(_templates(), name)[0] for name in ("dashboard.css", "dashboard.js")}


@cache
def _templates() -> Environment:
    env = Environment(
        loader=PackageLoader("driftloop.report.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "day": dates.day,
        "last": dates.last,
        "figure": figure,
        "percent": percent,
        "line": line,
        "unbroken": unbroken,
        "code": code,
        "stamp": stamp,
        "moment": lambda moment: stamp(moment).removesuffix(" UTC"),
        "iso": lambda moment: moment.astimezone(UTC).isoformat(timespec="seconds"),
        "less_error": less_error,
        "capitalize_first": lambda text: f"{text[:1].upper()}{text[1:]}",
    }
    env.globals |= {"OUTCOMES": OUTCOMES, "strip": svg.strip, "sparkline": svg.sparkline}
    return env


def code(text: str) -> Markup:
    """Write a text of ours in which commands stand between backticks.

    >>> code("run `dvc <x>`")
    Markup('run <code>dvc &lt;x&gt;</code>')
    """
    return Markup(CODE.sub(r"<code>\1</code>", str(Markup.escape(line(text)))))  # noqa: S704 - escaped before


def unbroken(text: str) -> str:
    """Keep numbers and their per cent signs on one line."""
    return text.replace(" %", "\u00a0%")


def stamp(moment: datetime) -> str:
    """Write a moment, in UTC."""
    return f"{dates.day(moment.astimezone(UTC).date())}, {moment.astimezone(UTC):%H:%M} UTC"


def _version(facts: Facts) -> str:
    return f" v{facts.decision.version}" if facts.decision.version else ""


def _said(facts: Facts) -> list[str]:
    """Say why: what was measured, then the reasons of the decision."""
    decision = facts.decision
    if STATUSES[decision.status].about == "data":  # what refits would have saved is no advice while the data is broken
        found = [*map(_sentence, decision.reasons), error_lines.error(decision)]
    elif unmeasured(decision):  # the headline gives the reason
        found = [error_lines.normal(decision), *(alarm.text for alarm in decision.alarms)]
    else:
        found = [error_lines.error(decision), error_lines.refitted(decision), error_lines.share_of_rise(decision)]
        found += [
            _sentence(reason)
            for reason in decision.reasons
            if not (facts.decision.recent_gain and "less error" in reason)
        ]
    return [unbroken(line(each)) for each in found if each]


def _blamed(facts: Facts) -> list[tuple[str, str, str]]:
    """List what moved when the error rose, ranked: name, what is said of it, and where it leads."""
    places = {each.name: place for place, each in enumerate(facts.overview.inputs)}
    found, blame = [], facts.decision.blame
    for each in blame.inputs:
        link = f"#input-{places[each.name]}" if each.name in places else ""
        found.append((each.name, f"{error_lines.moved(each)}, {each.level:.1f} times its limit", link))
    found += [
        (part.name, error_lines.carried(part), "#segments" * bool(facts.overview.segments)) for part in blame.segments
    ]
    return [(line(name), unbroken(said), link) for name, said, link in found]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _input(each: Input, facts: Facts, *, opens: bool) -> dict[str, Any]:
    """Prepare what the page shows of an input."""
    found: dict[str, Any] = {
        "each": each,
        "id": f"input-{facts.overview.inputs.index(each)}",
        "leaning": leaning(each),
        "level": now(each),
        "said": moved(each),
        "missing": each.missing[-1] if each.missing else None,
        "trend": svg.sparkline(each.levels[-52:], limit=1.0, top=1.2),
        "open": opens,
        "pair": None,
        "shares": "",
    }  # fmt: skip
    if opens and each.shares:
        latest, usual = decoded(each.shares[-1], each.top), decoded(each.usual, each.top)
        found["pair"] = svg.histograms(latest, usual, name=f"{each.name}: distribution in the newest week and as usual")
        found["bars"] = [
            (label, share, usually)
            for label, share, usually in zip(each.bins, latest, usual, strict=True)
            if share or usually
        ]
        found["shares"], found["names"] = " ".join((*each.shares, each.usual)), "\n".join(map(line, each.bins))
    return found
