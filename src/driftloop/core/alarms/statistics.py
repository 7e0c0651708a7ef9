"""The table of the statistics that data alarms watch in each column: one entry each. `daily` computes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SHAPE = "shape"
ALL_WEEKS = 52  # of history, before a statistic is judged that may go with the seasons


@dataclass(frozen=True)
class Statistic:
    """How a statistic is judged, and what an alarm says of it.

    Attributes
    ----------
    floor
        The smallest change that matters: a share of the rows; for shapes, standard deviations or Jensen–Shannon distance.
    weeks
        Weeks of history that are needed before it is judged.
    words
        The rest of a sentence that begins with the column. `{now}` and `{usual}` stand for shares of the rows, `{size}`
        for the value itself.
    words_for_numbers
        The same for a column of numbers, where that differs.
    """

    floor: float
    weeks: int
    words: str
    words_for_numbers: str = ""


STATISTICS: Mapping[str, Statistic] = {
    "null": Statistic(0.01, weeks=12, words="is missing in {now} of the rows, usual are {usual}"),
    "new": Statistic(0.01, weeks=12, words="has a value never seen before in {now} of the rows, usual are {usual}"),
    "zero": Statistic(0.02, weeks=ALL_WEEKS, words="is 0 in {now} of the rows, usual are {usual}"),
    "range": Statistic(0.02, weeks=ALL_WEEKS, words="lies outside its range in {now} of the rows, usual are {usual}"),
    "repeat": Statistic(
        0.05, weeks=ALL_WEEKS, words="repeats the value before it in {now} of the rows, usual are {usual}"
    ),
    SHAPE: Statistic(
        0.05,
        weeks=ALL_WEEKS,
        words="has another mix of values: {now} of the rows moved",
        words_for_numbers="lies {size:.1f} standard deviations from where it was",
    ),
}
