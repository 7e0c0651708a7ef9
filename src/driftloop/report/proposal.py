"""Markdown for people on GitHub: the pull request of a new model, and what is said where there is none."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from driftloop.core.losses import BETTER_IS_HIGHER, BETTER_IS_LOWER
from driftloop.core.wording import less_error, percent, span
from driftloop.report.texts import LONGEST, day, figure, last, plain, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from driftloop.core.diagnosis import Decision
    from driftloop.core.gate import Report, Segment
    from driftloop.core.production import Card

NAMES = {
    "mae": "MAE",
    "mse": "MSE",
    "rmse": "RMSE",
    "mape": "MAPE",
    "r2": "R²",
    "roc_auc": "ROC AUC",
    "log_loss": "log loss",
}
IN_UNITS = {"mae", "rmse", "bias"}
VERDICTS = {
    "promote": "Better.",
    "keep production": "Not better: production stays.",
    "not comparable yet": "Not comparable yet: production stays.",
    "not enough data": "Not enough data to judge: production stays.",
}
# Tables and `plain` quiet markup, mentions and #1; GitHub closes issues for `fixes GH-1` and for an issue's address too.
ACTIVE = re.compile(r":(?=//)|\bGH(?=-)|\bwww(?=\.)", re.IGNORECASE)


@dataclass(frozen=True)
class Proposal:
    """All that the texts are made from.

    Attributes
    ----------
    issue, branch, base
        What is answered, where the commits are, and the commit that they begin at.
    decision, report
        Of the newest data, with production as it was.
    before, after
        Cards of production and of what would replace it; `after` is None where nothing is proposed.
    label_delay_days
        `data.label_delay_days`.
    main, data, promote
        Metrics by name: of the base commit, on the newest data, after the promotion.
    params
        Changed parameters: name, before, after.
    days
        metrics/plots/error.csv.
    run_url
        The run that judged; empty outside Actions.
    """

    issue: int
    branch: str
    base: str
    decision: Decision
    report: Report
    before: Card
    after: Card | None
    label_delay_days: int
    main: Mapping[str, float]
    data: Mapping[str, float]
    promote: Mapping[str, float]
    params: Sequence[tuple[str, str, str]]
    days: str = ""
    run_url: str = ""


class Change(NamedTuple):
    """How a number moved, in words: by how much, and whether that is better."""

    by: str
    word: str


def title(proposal: Proposal) -> str:
    """Say in one line what is proposed."""
    gain, simulated = proposal.report.verdict.gain, " (simulated data)" if proposal.decision.simulated else ""
    less = f", {less_error(gain).partition(' (')[0]}" if gain else ""
    return f"{proposal.decision.model}: v{proposal.before.version} → v{proposal.before.version + 1}{less}{simulated}"


def body(proposal: Proposal) -> str:
    """Say why, on what evidence, what is still wrong, what exactly ships, and how to undo it."""
    return fit(
        [
            (f"**Better.** {_sentence(proposal)} Closes #{proposal.issue}.", 0),
            (_simulated(proposal), 0),
            (_same_rows(proposal), 0),
            (_segments(proposal.report.verdict.segments), 2),
            ("\n".join(_points(proposal)), 0),
            (_over_time(proposal), 3),
            (folded("Metrics before and after the promotion, on the same data", _diff(proposal.data, proposal.promote, "production as it was", "promoted")), 4),
            (folded(_moved(proposal), _against_main(proposal)), 5),
            (folded("Parameters against main", _params(proposal)), 6),
            (folded("Versions of model and data", _versions(proposal)), 1),
            (folded("Reproduce", _reproduce(proposal)), 1),
        ]
    )  # fmt: skip


def refusal(proposal: Proposal) -> str:
    """Say why nothing is proposed, with the numbers."""
    verdict = proposal.report.verdict
    until = proposal.report.until
    parts = [
        (f"**{VERDICTS[verdict.outcome]}** Retrained on request with data to {last(until)}.", 0),
        (_simulated(proposal), 0),
        ("\n".join(f"- {plain(calm(reason[0].upper() + reason[1:]))}." for reason in verdict.reasons), 0),
        (_same_rows(proposal), 0),
        (_segments(verdict.segments), 2),
        (_what_now(proposal), 0),
        (folded("Reproduce", _reproduce(proposal)), 1),
    ]
    return fit(parts)


def again(base: str, main: str) -> str:
    """Say that main has moved so that the result no longer holds."""
    return (
        f"**To be done again.** While the model was retrained on `{base[:12]}`, main moved to `{main[:12]}`, and code, "
        "parameters or results that it rests on changed. Nothing is proposed: set the label `retrain-model` again."
    )


def proposed(number: int) -> str:
    """Say where the answer is."""
    return f"**Proposed in #{number}.** Production stays as it is until somebody merges."


def by_hand(proposal: Proposal, link: str) -> str:
    """Say how a person opens the pull request that the token may not open."""
    lead = (
        f"**A better model is ready: [open the pull request]({link})** (branch `{proposal.branch}`, "
        f"{less_error(proposal.report.verdict.gain) if proposal.report.verdict.gain else 'judged better'}). "
        "This repository does not let Actions open it: Settings → Actions → General → Allow GitHub Actions to create and "
        "approve pull requests. Production stays as it is until somebody merges."
    )
    return fit([(lead, 0), (folded("Its text", body(proposal)), 1)])


def check_title(proposal: Proposal) -> str:
    """Name the gate's verdict for a check run."""
    verdict = proposal.report.verdict
    return less_error(verdict.gain)[:250] if verdict.gain else verdict.outcome


def fit(parts: Sequence[tuple[str, int]]) -> str:
    """Join the parts; where they are too long for GitHub, leave out those of the highest rank first (0: never)."""
    kept = [(text, rank) for text, rank in parts if text]
    while len(text := "\n\n".join(part for part, _ in kept)) > LONGEST - 200:
        highest = max(rank for _, rank in kept)
        if not highest:
            return f"{text[: LONGEST - 200]}\n\n… cut: too long for GitHub."
        kept = [(part if rank < highest else "… a section was cut: too long for GitHub.", rank if rank < highest else 0)
                for part, rank in kept]  # fmt: skip
    return text


def folded(head: str, text: str) -> str:
    """Fold a text under its head."""
    return f"<details><summary>{head}</summary>\n\n{text}\n\n</details>" if text else ""


def calm(text: str) -> str:
    """Keep apart what GitHub would take for an address or a reference, by a space of no width."""
    return ACTIVE.sub(lambda found: f"{found[0]}\u200b", text)


def change(name: str, old: float, new: float) -> Change:
    """Say how a metric moved; a name that is not known gets no word."""
    metric = name.rpartition(" ")[2].rpartition(".")[2]
    metric = {"measured_error": "mae", "normal_error": "mae", "refit_error": "mae"}.get(metric, metric)
    gap = new - old
    by = f"{'−' if gap < 0 else '+'}{figure(abs(gap))}" if gap else "0"
    if metric == "bias":
        nearer = abs(new) < abs(old)
        return Change("nearer 0" if nearer else "0" if not gap else "farther from 0", _word(abs(old) - abs(new)))
    if metric in BETTER_IS_LOWER:
        by = f"{'−' if gap < 0 else '+'}{percent(abs(gap) / old)}" if old > 0 and gap else by
        return Change(by, _word(-gap))
    return Change(by, _word(gap) if metric in BETTER_IS_HIGHER else "")


def _word(better: float) -> str:
    return "better" if better > 0 else "worse" if better < 0 else "same"


def _sentence(proposal: Proposal) -> str:
    verdict = proposal.report.verdict
    if not verdict.gain:
        return f"{plain(calm(verdict.reasons[0]))}."
    needed = percent(verdict.needed or 0)
    return (
        f"Error falls {percent(verdict.gain.estimate)} ({span(verdict.gain)}; needed: lower end above {needed}) on "
        f"{verdict.rows:,} rows that neither side had seen."
    )


def _simulated(proposal: Proposal) -> str:
    return "_Simulated data: nothing of this is real._" if proposal.decision.simulated else ""


def _sides(proposal: Proposal) -> tuple[str, str]:
    old, new = proposal.before.version, f"v{proposal.before.version + 1}"
    if proposal.after is None:
        new = "retrained"
    each = "weekly" if proposal.decision.step_days == 7 else f"every {proposal.decision.step_days} days"  # noqa: PLR2004
    return f"v{old}", f"{new}, refitted {each}" if proposal.report.verdict.fresh else new


def _same_rows(proposal: Proposal) -> str:
    report, judged = proposal.report, proposal.report.verdict.judged
    both = [name for name in report.production if name in report.refit]
    if not both or judged is None:
        return ""
    rows = []
    for name in both:
        old, new = report.production[name], report.refit[name]
        moved = change(name, old, new)
        rows.append([_name(name, proposal.decision.unit), _signed(old), _signed(new), moved.by, moved.word])
    return table([f"{day(judged.since)} to {last(judged.until)}", *_sides(proposal), "change", ""], rows)


def _name(metric: str, unit: str) -> str:
    shown = NAMES.get(metric, metric.replace("_", " "))
    return f"{shown}, {calm(unit)}" if unit and metric in IN_UNITS else shown


def _signed(value: float) -> str:
    return figure(value).replace("-", "−")


def _segments(segments: Sequence[Segment]) -> str:
    if not segments:
        return ""
    better = [part for part in segments if part.gain > 0]
    least = min(segments, key=lambda part: part.gain)
    head = (
        f"Segments: {len(better)} of {len(segments)} better; least: {plain(_segment(least))}, "
        f"{figure(least.production)} → {figure(least.refit)}"
    )
    rows = [
        [_segment(part), f"{part.rows:,}", figure(part.production), figure(part.refit), _gain(part.gain),
         "blocks" if part.blocks else _word(part.gain)]
        for part in segments
    ]  # fmt: skip
    return folded(head, table(["segment", "rows", "production", "retrained", "error", ""], rows))


def _segment(part: Segment) -> str:
    value = "one private value" if part.value is None else part.value
    return calm(f"{part.column} = {value}")


def _gain(gain: float) -> str:
    return f"{'−' if gain > 0 else '+'}{percent(abs(gain))}" if gain else "0"


def _points(proposal: Proposal) -> Iterator[str]:
    bias, card, verdict = proposal.report.refit.get("bias"), proposal.after, proposal.report.verdict
    if bias is not None:
        unit = plain(calm(proposal.decision.unit)) or "on average"
        yield f"- **Still wrong:** predicts {figure(abs(bias))} too {'many' if bias > 0 else 'few'} {unit}."
    if card and card.trained:
        same = (
            "the same recipe trained"
            if verdict.fresh
            else "the very model that was judged, trained"
        )  # fmt: skip
        tested = (
            f" The table tests it on each step with labels from at least {proposal.label_delay_days} days earlier."
            if verdict.fresh
            else ""
        )
        yield f"- **You merge** {same} to {last(card.trained.until)} ({card.rows:,} rows).{tested}"
    yield "- **Measured, not a forecast.** Unknown: labels after " + last(proposal.decision.labelled_until) + "."
    yield "- **Undo:** revert this pull request (its button, or `git revert` of the merge)."


def _over_time(proposal: Proposal) -> str:
    """Draw the error of each day; GitHub draws Mermaid in private repositories too."""
    days: dict[str, list[float]] = {"production": [], "refit": []}
    first = ""
    try:
        for row in csv.DictReader(io.StringIO(proposal.days)):
            first = min(first or row["date"], date.fromisoformat(row["date"]).isoformat())
            for side, values in days.items():
                values.append(float(row[side]))
    except (KeyError, ValueError, TypeError, csv.Error):
        return ""
    lines = [f"  line [{', '.join(f'{value:.4g}' for value in values)}]" for values in days.values() if values]
    count = max(map(len, days.values()))
    if len(lines) != len(days) or count < 2:  # noqa: PLR2004 a line needs two points
        return ""
    palette = '%%{init: {"themeVariables": {"xyChart": {"plotColorPalette": "#d1242f, #0969da"}}}}%%'
    axis = f'  x-axis "day, from {first}" 1 --> {count}'
    chart = "\n".join(["```mermaid", palette, "xychart-beta", axis, '  y-axis "mean error"', *lines, "```"])
    old, new = _sides(proposal)
    return folded("Error over time", f"Red: {old}. Blue: {new}.\n\n{chart}")


def _diff(old: Mapping[str, float], new: Mapping[str, float], before: str, after: str) -> str:
    """Compare numbers by name; one that only one side has is said, and never judged."""
    rows = []
    for name in sorted(new):
        one, other = old.get(name), new[name]
        if one is None:
            rows.append([calm(name), f"not on {before}", _signed(other), "", ""])
        elif one != other:
            rows.append([calm(name), _signed(one), _signed(other), *change(name, one, other)])
    gone = sorted(old.keys() - new.keys())
    parts = [table(["metric", before, after, "change", ""], rows) if rows else "No metric differs."]
    if gone:
        parts.append(f"On {before} only: {', '.join(plain(calm(name)) for name in gone)}.")
    return "\n\n".join(parts)


def _moved(proposal: Proposal) -> str:
    dates = [
        after[:10] for name, before, after in proposal.params if name == "source.until" and before[:10] != after[:10]
    ]
    before = [before[:10] for name, before, _ in proposal.params if name == "source.until"]
    if not dates:
        return "Metrics against main"
    days = (date.fromisoformat(dates[0]) - date.fromisoformat(before[0])).days
    return f"Metrics against main (data moved {days} days too, so this compares two things at once)"


def _against_main(proposal: Proposal) -> str:
    return _diff(proposal.main, proposal.promote, "main", "this pull request")


def _params(proposal: Proposal) -> str:
    rows = [[name, calm(before), calm(after)] for name, before, after in proposal.params]
    recipe = list(_recipe(proposal.before, proposal.after))
    parts = [table(["params.yaml", "main", "this pull request"], rows) if rows else "No parameter differs."]
    if recipe:
        parts.append(table(["recipe", f"v{proposal.before.version}", "proposed"], recipe))
    return "\n\n".join([*parts, "" if recipe else "The recipe is the one of production."]).strip()


def _recipe(before: Card, after: Card | None) -> Iterator[list[str]]:
    if before.recipe and after and after.recipe:
        old, new = before.recipe.model_dump(), after.recipe.model_dump()
        for name in old:
            if old[name] != new[name]:
                yield [name, calm(str(old[name])), calm(str(new[name]))]


def _versions(proposal: Proposal) -> str:
    def row(name: str, pick: Any) -> list[str]:
        return [name, *(pick(card) if card else "none" for card in (proposal.before, proposal.after))]

    packages = sorted({*proposal.before.packages, *(proposal.after.packages if proposal.after else {})})
    rows = [
        row("model file, SHA-256", lambda card: (card.sha256 or "")[:12]),
        row("labelled rows, SHA-256", lambda card: (card.data_sha256 or "")[:12]),
        row("trained on", lambda card: str(card.trained or "")),
        row("rows", lambda card: f"{card.rows or 0:,}"),
        *(row(name, lambda card, name=name: calm(card.packages.get(name, "none"))) for name in packages),
    ]
    return table(["", f"v{proposal.before.version}", f"v{proposal.before.version + 1}"], rows)


def _reproduce(proposal: Proposal) -> str:
    if proposal.after is None:
        until = proposal.report.until
        lines = [f"git checkout {proposal.base[:12]}", f"driftloop refresh --until {until}", "dvc repro"]
    else:
        lines = [
            f"git fetch origin {proposal.branch}",
            "git checkout FETCH_HEAD~1   # the newest data, production as it is",
            "dvc repro && driftloop status",
            "git checkout FETCH_HEAD     # promoted",
            "dvc repro",
        ]
    run = f"[The run that judged]({proposal.run_url})\n\n" if proposal.run_url else ""
    return f"{run}```sh\n" + "\n".join(lines) + "\n```"


def _what_now(proposal: Proposal) -> str:
    verdict = proposal.report.verdict
    if verdict.faults:
        return "**Do:** fix the data, then set the label `retrain-model` again."
    if verdict.comparable_from:
        return f"**Do:** set the label `retrain-model` again when data reaches {day(verdict.comparable_from)}."
    if verdict.outcome == "not enough data":
        return "**Do:** wait for labels, then set the label `retrain-model` again."
    return (
        "**Do:** nothing, or look for what changed: new columns, another recipe (`dvc exp run -S …`). The candidate was "
        "discarded. Set the label `retrain-model` again to judge anew with more data."
    )
