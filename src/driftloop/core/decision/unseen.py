"""What production has never seen and meets now: a column that was empty, a class without a label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.core.columns import scores_of
from driftloop.core.data.counts import COUNTS
from driftloop.core.figures import percent, quoted
from driftloop.core.windows import day_numbers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import pandas as pd

    from driftloop.core.data.cumulated import CumulatedProfile
    from driftloop.core.models.card import Card
    from driftloop.core.windows import Window

FEW_SHARE = 0.01
MOST_CLASSES = 3
EMPTY = [COUNTS.index(count) for count in ("null", "invalid", "infinite")]


def columns(card: Card, profile: CumulatedProfile, current: Window) -> Iterator[str]:
    """Name the inputs that had no value in production's training data and have some in the newest days."""
    if card.recipe is None or card.trained is None:
        return
    ends = [day_numbers([window.since, window.until]) for window in (card.trained, current)]
    then, now = (profile.between(*end) for end in ends)
    rows = COUNTS.index("rows")
    for name in (name for name in card.recipe.features if name in profile.columns):
        at = profile.columns.index(name)
        before, after = ((sums[at, rows], sums[at, rows] - sums[at, EMPTY].sum()) for sums in (then, now))
        if before[0] and not before[1] and after[1] > FEW_SHARE * after[0]:
            share = percent(after[1] / after[0], 0)
            yield f"{name} was empty when v{card.version} was trained and is present in {share} of the rows now"


def classes(card: Card, judged: pd.DataFrame, private: Collection[str]) -> Iterator[str]:
    """Name the classes among the newest labels that production does not know.

    Parameters
    ----------
    card
        Of production.
    judged
        The rows of the newest steps; see `evidence.Evidence`.
    private
        Columns whose values are not shown.
    """
    beginning = scores_of("production")
    known = {name.removeprefix(beginning) for name in map(str, judged.columns) if name.startswith(beginning)}
    if card.recipe is None or card.recipe.task != "classification" or not known or judged.empty:
        return
    labels = judged[card.recipe.target]
    found = labels[~labels.isin(known)].value_counts()
    if (share := found.sum() / len(labels)) < FEW_SHARE:
        return
    names = sorted(found.index, key=lambda name: (-found[name], name))
    more = ", …" if len(names) > MOST_CLASSES else ""
    shown = "" if card.recipe.target in private else f" ({', '.join(map(quoted, names[:MOST_CLASSES]))}{more})"
    what = "a class" if len(names) == 1 else f"{len(names)} classes"
    yield f"{percent(share, 0)} of the labels are of {what} that v{card.version} does not know{shown}"
