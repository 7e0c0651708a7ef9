"""Measure how training windows are best chosen: `python benchmarks/windows.py etth1 PATH/ETTh1.csv`; see README.md.

One fit per weekly cut and candidate, scored on all later weeks; then every way to choose is replayed on that table.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from decision import ESTIMATOR, STREAMS
from joblib import Parallel, delayed
from numpy.typing import NDArray

from driftloop.backtest.history import History
from driftloop.core.columns import DAY
from driftloop.core.judging import metrics
from driftloop.core.judging.training_window import HALF_LIFE_STEPS, on_grid
from driftloop.core.models import estimator
from driftloop.core.models.recipe import recipe_of
from driftloop.params import MOST_STEPS, Params
from driftloop.store.files import CACHE

if TYPE_CHECKING:
    from collections.abc import Callable

DELAY, GOLDEN = 1, (5**0.5 - 1) / 2  # weeks until labels are final; its multiples cover an interval evenly
Table: TypeAlias = NDArray[np.float64]  # sum of losses by cut, candidate and week

AGES: dict[str, Callable[[int], int]] = {
    "fresh refits": lambda _: 0,
    "refits 0 to 6 weeks old": lambda week: int(week * GOLDEN % 1 * 7),
    "refits 0 to 13 weeks old": lambda week: int(week * GOLDEN % 1 * 14),
}


def losses(history: History, params: Params, cut: int, days: int | str, weeks: list[date]) -> Table:
    """Fit to what is known before a week, and sum up the losses of that week and each later one."""
    labelled, until = history.labelled, weeks[cut]
    recipe = recipe_of(params).model_copy(update={"train_days": days})
    known = estimator.training_rows(recipe, labelled, until)
    found = np.full(len(weeks), np.nan)
    if len(known) < 50:  # noqa: PLR2004 as in the loop
        return found
    later = labelled[labelled[DAY] >= until]
    scores = estimator.score(estimator.fit(recipe, known), recipe, later)
    loss = metrics.row_losses("mae", later[recipe.target], scores)
    place = [(day - weeks[0]).days // 7 for day in later[DAY]]
    found[cut:] = np.bincount(place, weights=loss, minlength=len(weeks))[cut : len(weeks)]
    return found


def choose(table: Table, week: int, age: Callable[[int], int]) -> int:
    """Choose as the loop does, by refits of some age."""
    sums = np.zeros(table.shape[1])
    for back in range(MOST_STEPS):
        step = week - 1 - back
        cut = step - DELAY - age(step)
        if cut >= 0 and not np.isnan(table[cut, :, step]).any():
            sums += 0.5 ** (back / HALF_LIFE_STEPS) * table[cut, :, step]
    return int(np.argmin(sums))


def served(table: Table, first: int, every: int, pick: Callable[[int], int]) -> float:
    """Sum up the losses of a model that is replaced every so many weeks."""
    total, cut, chosen = 0.0, 0, 0
    for week in range(first + DELAY, len(table)):
        if (week - first - DELAY) % every == 0:
            cut = week - DELAY
            chosen = pick(cut)
        total += float(np.nan_to_num(table[cut, chosen, week]))
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stream", choices=sorted(STREAMS))
    parser.add_argument("path", type=Path)
    given = parser.parse_args()
    make, first_days = STREAMS[given.stream]
    root = Path(tempfile.mkdtemp())
    params = Params.model_validate(make(given.path.resolve(), root) | {"train": ESTIMATOR})
    history, candidates = History(params, root / CACHE, first_days=first_days), params.windows.candidates
    begin, end = on_grid(history.labelled[DAY].iloc[0], 7), history.labelled[DAY].iloc[-1]
    weeks = [begin + timedelta(weeks=number) for number in range((end - begin).days // 7)]
    tasks = [(cut, days) for cut in range(len(weeks)) for days in candidates]
    made = Parallel(n_jobs=-1)(delayed(losses)(history, params, *task, weeks) for task in tasks)
    table = np.array(made).reshape(len(weeks), len(candidates), len(weeks))
    first = max(first_days // 7, MOST_STEPS)
    ways: dict[str, Callable[[int], int]] = {f"{days}": lambda _, k=k: k for k, days in enumerate(candidates)}
    ways |= {name: lambda week, age=age: choose(table, week, age) for name, age in AGES.items()}
    everything = served(table, first, 1, ways["all"])
    print(
        f"\n{given.stream}, {len(weeks)} weeks\n\n| window | every week | every 4 weeks | every 13 weeks |\n|---|---|---|---|"
    )
    for name, pick in ways.items():
        above = [f"{100 * (served(table, first, every, pick) / everything - 1):+.1f} %" for every in (1, 4, 13)]
        print(f"| {name} | {' | '.join(above)} |", flush=True)


if __name__ == "__main__":
    main()
