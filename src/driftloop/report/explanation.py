"""`driftloop explain`: which rule decided, by how much, and what would have changed it, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.core.decision import counterfactuals
from driftloop.core.decision.statuses import STATUSES
from driftloop.core.figures import figure, percent
from driftloop.core.judging.metrics import unit_of
from driftloop.core.text import line, log
from driftloop.report.screen import screen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from driftloop.core.decision.counterfactuals import Flip
    from driftloop.core.decision.statuses import Status
    from driftloop.core.decision.values import Decision
    from driftloop.core.judging.verdict import Report

# In the order of the diagnosis: the first that holds decides.
RULES: Mapping[Status, str] = {
    "no production": "there is no production model",
    "insufficient data": "too little is known to judge",
    "data fault": "the data is faulty",
    "outdated": "the policy {policy} asks to retrain",
    "degraded": "error is more than 10 % above normal, for certain",
    "watch": "data alarms last, and nothing else is wrong",
    "healthy": "none of the rules before it holds",
}
WITHOUT = {
    "findings": "without what is wrong with the data",
    "refusal": "if the gate accepted a model trained anew",
    "alarms": "without data alarms",
    "faults": "if the data were sound",
    "segments": "if no segment got worse",
}
MOST_DIGITS = 12


def explanation(decision: Decision, report: Report | None, *, standing: bool, source: str) -> str:
    """Explain a decision, and the verdict that belongs to it.

    Parameters
    ----------
    decision, report
        What was decided; no report where nothing was judged.
    standing
        Whether a standing approval was in force.
    source
        Where they come from.
    """
    blocks = [
        [line(source), screen(decision, report, advise=False)],
        list(_decision(decision)),
        list(_verdict(decision, report, standing=standing)),
    ]
    return log("\n\n".join("\n".join(block) for block in blocks if block))


def _decision(decision: Decision) -> Iterator[str]:
    """Say which rule decided, why, and which change of the evidence would have led elsewhere."""
    place, rule = list(RULES).index(decision.status) + 1, RULES[decision.status].format(policy=decision.policy)
    yield f"RULE {place} of {len(RULES)} decides, the first that holds: {line(rule)}"
    yield from _listed("Because", decision.reasons)
    known = counterfactuals.Known.of(decision)
    if known.answer != decision.status:
        yield _row("Note", f"the rules of this version of driftloop say *{known.answer}*: another version has decided")
        return
    flips = counterfactuals.of_decision(decision)
    yield from _listed(
        "Otherwise", [_flip(flip, decision) for flip in flips] or ["no change of a single number leads elsewhere"]
    )
    if decision.error and decision.normal_error and decision.rise is None:
        yield _row(
            "Note", "how certain the rise of error is was not recorded: what another error would change is not known"
        )


def _verdict(decision: Decision, report: Report | None, *, standing: bool) -> Iterator[str]:
    """Say the same of the gate, where it compared."""
    if report is None or (report.production_version, report.until) != (decision.version, decision.until):
        return
    verdict = report.verdict
    if verdict.gain is None:
        return
    yield f"GATE: {verdict.outcome}"
    yield from _listed("Because", verdict.reasons)
    flips = counterfactuals.of_verdict(verdict, standing=standing or verdict.standing)
    yield from _listed(
        "Otherwise", [_flip(flip, decision) for flip in flips] or ["no change of a single number leads elsewhere"]
    )


def _flip(flip: Flip, decision: Decision) -> str:
    """Write one change and where it leads: `with a cost of waiting of 8 or more instead of 6.4 …: outdated`."""
    answer = STATUSES[flip.answer].headline.name if flip.answer in STATUSES else flip.answer  # type: ignore[index]
    if flip.then is None or flip.now is None:
        return f"{WITHOUT[flip.name]}: {answer}"
    now, then = _apart(flip, flip.now, flip.then)
    up = flip.then > flip.now
    bound = (f"of {then} or {'more' if up else 'less'}") if flip.reached else f"{'above' if up else 'below'} {then}"
    size = f" ({percent(flip.change, 0)} {'more' if up else 'less'})" if flip.change <= 1 else ""
    also = f", and {WITHOUT[flip.without]}" if flip.without else ""
    said = {
        "waiting": f"with a cost of waiting {bound} instead of {now} normal days of error",
        "error": f"with an error {bound} instead of {now} {unit_of(decision.metric, decision.unit)}".rstrip(),
        "drift": f"with a share of drifted columns {bound} instead of {now}",
        "age": f"with an age of production {bound} instead of {now} days",
        "gain": f"with a gain {bound} instead of {now}, as certain as it is",
        "low": f"with a lower end of the gain {bound} instead of {now}",
    }[flip.name]
    return f"{said}{size if flip.name != 'low' else ''}{also}: {answer}"


def _apart(flip: Flip, now: float, then: float) -> tuple[str, str]:
    """Write both numbers with as many digits as tell them apart."""
    written = (figure(now), figure(then)) if flip.name == "error" else ("", "")
    for digits in range(0 if flip.name == "age" else 1, MOST_DIGITS):
        if written[0] != written[1]:
            break
        shares = flip.name in {"gain", "low", "drift"}
        first, second = (percent(each, digits) if shares else f"{each:,.{digits}f}" for each in (now, then))
        written = (first, second)
    return written


def _listed(name: str, texts: Sequence[str]) -> Iterator[str]:
    for place, text in enumerate(texts):
        yield _row("" if place else name, text)


def _row(name: str, text: str) -> str:
    return f"  {name:10}{line(text)}".rstrip()
