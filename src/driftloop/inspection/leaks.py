"""Which columns give the target away. Pure: from a sample of the rows in order of time."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

CLOSE = 1e-6  # of the target's spread
FEWEST = 50
MOST_ROWS = 5_000  # spread evenly: a leak shows in these as well
MOST_COLUMNS = 60  # whose sums are tried
FIT = 0.98  # R² on later rows that no honest single column reaches
AUC = 0.995


def find(frame: pd.DataFrame, target: str, *, classes: bool) -> dict[str, str]:
    """Name the columns that give the target away: name → why.

    Parameters
    ----------
    frame
        Candidates and the target, numbers where they are numbers, text otherwise; rows in order of time.
    target
        Name of its column.
    classes
        Whether the target is a class.
    """
    rows = frame[frame[target].notna()]
    rows = rows.iloc[:: -(-len(rows) // MOST_ROWS) or 1]
    if len(rows) < FEWEST:
        return {}
    found: dict[str, str] = {}
    numbers = [name for name in map(str, rows) if name != target and pd.api.types.is_numeric_dtype(rows[name])]
    if not classes:
        y = rows[target].to_numpy(dtype=float)
        found |= {name: f"{target} follows from it exactly" for name in numbers if _is_affine(rows[name], y)}
        for names in _sums(rows, [name for name in numbers if name not in found], y):
            found |= dict.fromkeys(names, f"{' + '.join(names)} = {target}")
    for name in rows:
        if name != target and name not in found and (said := _alone(rows[name], rows[target], classes=classes)):
            found[str(name)] = said
    return found


def _is_affine(column: pd.Series, y: NDArray[np.float64]) -> bool:
    x = column.to_numpy(dtype=float)
    there = np.isfinite(x)
    if there.sum() < FEWEST or np.ptp(x[there]) == 0 or np.ptp(y[there]) == 0:
        return False
    slope, intercept = np.polyfit(x[there], y[there], 1)
    return bool(np.abs(slope * x[there] + intercept - y[there]).max() <= CLOSE * np.ptp(y[there]))


def _sums(rows: pd.DataFrame, numbers: Sequence[str], y: NDArray[np.float64]) -> Iterator[tuple[str, ...]]:
    """List pairs, or else triples, that add up to the target."""
    if len(numbers) > MOST_COLUMNS or np.ptp(y) == 0:
        return
    few = rows[list(numbers)].to_numpy(dtype=float)
    limit = CLOSE * np.ptp(y)
    values = {name: few[:, place] for place, name in enumerate(numbers) if np.isfinite(few[:, place]).sum() >= FEWEST}
    for size in (2, 3):
        hits = [
            names
            for names in combinations(values, size)
            if _is_all(np.abs(sum(values[name] for name in names) - y), limit)
        ]
        yield from hits
        if hits or len(values) > MOST_COLUMNS // 2:
            return


def _is_all(distances: NDArray[np.float64], limit: float) -> bool:
    """Whether all distances that are known are small, and enough are known."""
    there = distances[np.isfinite(distances)]
    return len(there) >= FEWEST and bool(there.max() <= limit)


def _alone(column: pd.Series, target: pd.Series, *, classes: bool) -> str:
    """Try a tree of this column alone on later rows; a single one, since it needs no threads and there may be hundreds of columns."""
    from sklearn.metrics import r2_score, roc_auc_score
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    coded = column if pd.api.types.is_numeric_dtype(column) else pd.Series(pd.factorize(column)[0], index=column.index)
    x, y = coded.to_numpy(dtype=float).reshape(-1, 1), target.to_numpy()
    x = np.where(np.isfinite(x), x, np.nan)
    cut = int(len(x) * 0.7)
    early, late = slice(0, cut), slice(cut, None)
    if len(pd.unique(y[early])) < 2 or np.isnan(x[early]).all() or len(pd.unique(y[late])) < 2:  # noqa: PLR2004 (nothing to tell apart)
        return ""
    options = {"min_samples_leaf": 5, "max_leaf_nodes": 512, "random_state": 0}
    if not classes:
        model = DecisionTreeRegressor(**options).fit(x[early], y[early].astype(float))
        score = r2_score(y[late].astype(float), model.predict(x[late]))
        return f"alone it explains {100 * score:.0f} % of {target.name}" if score > FIT else ""
    labels = sorted(pd.unique(y[early]))
    if len(labels) > 2:  # noqa: PLR2004 (AUC is about two)
        sorter = DecisionTreeClassifier(**options).fit(x[early], y[early])
        right = float((sorter.predict(x[late]) == y[late]).mean())
        return f"alone it tells {100 * right:.0f} % of {target.name} apart" if right > AUC else ""
    sorter = DecisionTreeClassifier(**options).fit(x[early], y[early] == labels[1])
    score = roc_auc_score(y[late] == labels[1], sorter.predict_proba(x[late])[:, 1])
    return f"alone it tells {target.name} apart (AUC {score:.3f})" if score > AUC else ""
