"""The seven statuses of a model, and what screen, alert, pages and documents say of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Status = Literal["healthy", "watch", "outdated", "degraded", "data fault", "insufficient data", "no production"]


class Headline(NamedTuple):
    """How the model is, in a few words.

    Attributes
    ----------
    name
        One to four words, for the screen.
    said
        The same as the predicate of a sentence about the model, for titles.
    more
        What follows from it, or why it is so; may be empty. `{version}` and `{policy}` stand for those of the decision.
    """

    name: str
    said: str
    more: str = ""


@dataclass(frozen=True)
class StatusTexts:
    """What is said of a status.

    Attributes
    ----------
    headline
        On the screen, in the title of the alert and on the page.
    meaning
        One sentence for somebody who is responsible for the model and does not work on it.
    advice
        What to do, for the screen and the page; part of reports/decision.json.
    alerts
        Whether a person should know now.
    about
        What the status is about: production's loss, the data, or neither.
    to_do
        What the alert asks for, in Markdown; empty where the advice is enough.
    over
        When the alert closes by itself.
    unmeasured
        The headline while no error could be measured; None where the status does not depend on it.
    by_policy
        The headline where another policy than `avoidable_loss` asked; None where that makes no difference.
    """

    headline: Headline
    meaning: str
    advice: str
    alerts: bool
    about: Literal["loss", "data", "neither"] = "neither"
    to_do: str = ""
    over: str = "when the model is healthy again, or another one has replaced it"
    unmeasured: Headline | None = None
    by_policy: Headline | None = None


STATUSES: Mapping[Status, StatusTexts] = {
    "healthy": StatusTexts(
        headline=Headline("healthy", "is healthy"),
        unmeasured=Headline("not measured yet", "is not measured yet", "no usable labels that v{version} has not seen"),
        meaning="No measurement gives a reason to act.",
        advice="nothing to do",
        alerts=False,
    ),
    "watch": StatusTexts(
        headline=Headline("watch", "is healthy", "inputs moved, error did not"),
        unmeasured=Headline("watch", "is not measured yet", "inputs moved, error is not known yet"),
        meaning="The data looks different from before, and no higher error has been measured.",
        advice="nothing to do yet; inputs alone are no reason to retrain",
        alerts=False,
    ),
    "outdated": StatusTexts(
        headline=Headline("outdated", "is outdated", "retraining would have paid"),
        by_policy=Headline("outdated", "is outdated", "retraining is due by the policy {policy}"),
        meaning="A freshly trained model would have made clearly smaller errors: approve a retraining.",
        advice="retrain: `dvc repro`, and `driftloop promote` if the verdict says so",
        alerts=True,
        about="loss",
        to_do=(
            "set the label `retrain-model` to retrain once, or `keep-fresh` to allow fresh models for the next weeks, 13 by "
            "default (write access). You get a pull request, or a comment saying why not. Nothing changes until "
            "you merge."
        ),
    ),
    "degraded": StatusTexts(
        headline=Headline("degraded", "is degraded", "error is up, investigate"),
        meaning="The model's errors are larger than normal, and retraining has not been shown to lower them enough.",
        advice="investigate what changed; retraining is not asked for yet",
        alerts=True,
        about="loss",
        to_do="investigate what changed. Retraining is not asked for: refits have not been shown to help enough.",
    ),
    "data fault": StatusTexts(
        headline=Headline("data fault", "gets faulty data", "fix the data, do not retrain"),
        meaning="The data that the model gets is broken; it has to be fixed where it comes from.",
        advice="fix the data; retraining would learn the fault",
        alerts=True,
        about="data",
        to_do=(
            "fix the data at its source. Do not retrain: a model that has learned the fault looks better on faulty "
            "rows, and the gate refuses it. New names beside the known ones, missing values in up to half of the rows, and "
            "fewer rows become normal once they have lasted for eight weeks. If the data is right as it is now and you do not "
            "want to wait, set the label `new-normal` (write access): you get a pull request that accepts a new category, "
            "range, share of missing values or data alarm. Anything else is accepted by hand: "
            "`dvc repro`, `driftloop promote --force`, `dvc repro`, then commit and push."
        ),
        over="when the data is sound again",
    ),
    "insufficient data": StatusTexts(
        headline=Headline("insufficient data", "gets too little data to be judged"),
        meaning="Too little data arrives to tell how the model is.",
        advice="wait for data, or mend the source",
        alerts=True,
        about="data",
        to_do="wait for data, or repair the source. Nothing can be said about the model until then.",
        over="when there is enough data again",
    ),
    "no production": StatusTexts(
        headline=Headline("no production model yet", "has no production model yet"),
        meaning="No model has been put into production yet.",
        advice="run `driftloop promote --first`",
        alerts=False,
    ),
}
