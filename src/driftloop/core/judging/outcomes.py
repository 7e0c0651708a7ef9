"""What screen, answers on GitHub and documents say of each outcome of the gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from driftloop.core.judging.verdict import Outcome


@dataclass(frozen=True)
class OutcomeTexts:
    """What is said of an outcome.

    Attributes
    ----------
    screen
        Behind "CANDIDATE:" on the screen.
    answer
        The first sentence of the answer to a request to retrain, and of the pull request.
    follows
        What the job *propose* does next, on the page of the job *train*.
    to_do
        What the answer asks for, in Markdown. `{when}` says from when the gate can judge.
    meaning
        When the gate comes to this outcome, for the documents.
    """

    screen: str
    answer: str
    follows: str
    to_do: str
    meaning: str


KEPT_BACK = (
    "kept back while the data is faulty"  # on the screen, instead of the outcome: losses on faulty data do not count
)
ANSWERS = "*propose* answers on the alert"

OUTCOMES: Mapping[Outcome, OutcomeTexts] = {
    "promote": OutcomeTexts(
        screen="the recipe is better, may be promoted",
        answer="Better.",
        follows="*propose* opens the pull request",
        to_do="merge the pull request, if you agree.",
        meaning=(
            "the error falls by 1 % or more (or by three times the noise between seeds, if that is more), certainly by more "
            "than 0, and no segment gets certainly worse by over 5 %. Within a standing approval: it is not worse by over 10 %"
        ),
    ),
    "keep production": OutcomeTexts(
        screen="not better, keep production",
        answer="Not better: production stays.",
        follows=ANSWERS,
        to_do=(
            "nothing, or look for what changed: new columns, another recipe (`dvc exp run -S …`). The candidate was "
            "discarded. Set the label `retrain-model` again to judge anew with more data."
        ),
        meaning="it does not, a segment does, or the data is faulty",
    ),
    "not comparable yet": OutcomeTexts(
        screen="not comparable yet",
        answer="Not comparable yet: production stays.",
        follows=ANSWERS,
        to_do="set the label `retrain-model` again when {when}.",
        meaning="production has seen some of those rows; it says from which date on it will be",
    ),
    "not enough data": OutcomeTexts(
        screen="not enough data to judge",
        answer="Not enough data to judge: production stays.",
        follows=ANSWERS,
        to_do="wait for labels, then set the label `retrain-model` again.",
        meaning="fewer than `evaluate.min_rows` labelled rows, or rows that nothing can be learned from",
    ),
}
