"""What a model keeps of its columns: of names the frequent ones, of private columns neither a name nor an exact number.

Both classes stand in model files under their dotted names, so a move of this module makes those files unreadable.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

MAX_CATEGORIES = 100  # per column; rarer ones are pooled, so that an id-like column cannot blow up the matrix
MISSING = "(missing)"

# A name of a private column is known by its bucket alone. The hash has no salt: a salt beside the model hides nothing,
# and with one per model the buckets of two models together would tell more of a name than each of them.
BUCKETS = 1024
MIN_BUCKET_ROWS = 20  # a bucket of fewer rows is pooled: it may be one person

BITS = 6  # of a private number's distance from the middle of its column: two digits


class Codes(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Number the names of each column: the frequent ones in sorted order, then one number for all others.

    Attributes
    ----------
    kept_
        Per column the names that have a number of their own; of private columns, the buckets.
    pools_
        Per column whether some names had none; else a name that is new gets −1.
    """

    def __init__(self, most: int = MAX_CATEGORIES, private: Sequence[str] = ()) -> None:
        """Take the most numbers per column, and the columns whose names are not kept."""
        self.most = most
        self.private = private

    def fit(self, X: pd.DataFrame, y: object = None) -> Codes:  # noqa: ARG002, N803 - scikit-learn's names
        """Learn which names are frequent; of equally frequent ones those that sort last, as scikit-learn does."""
        self.kept_: list[list[str]] = []
        self.pools_: list[bool] = []
        for name in X:
            places, texts = self._texts(X[name])
            rows: Counter[str] = Counter()
            for text, count in zip(texts, np.bincount(places).tolist(), strict=True):
                rows[text] += count
            frequent = sorted(sorted(rows), key=rows.__getitem__)
            frequent = frequent[-(self.most - 1) :] if len(rows) >= self.most else frequent
            least = MIN_BUCKET_ROWS if name in self.private else 0
            self.kept_.append(sorted(text for text in frequent if rows[text] >= least))
            self.pools_.append(len(self.kept_[-1]) < len(rows))
        return self

    def transform(self, X: pd.DataFrame) -> NDArray[np.int64]:  # noqa: N803
        """Return the number of each name, shape (rows, columns)."""
        out = np.empty(X.shape, dtype=np.int64)
        for column, (name, kept, pools) in enumerate(zip(X, self.kept_, self.pools_, strict=True)):
            places, texts = self._texts(X[name])
            numbers = {text: number for number, text in enumerate(kept)}
            other = len(kept) if pools else -1
            out[:, column] = np.array([numbers.get(text, other) for text in texts], dtype=np.int64)[places]
        return out

    def _texts(self, column: pd.Series) -> tuple[NDArray[np.intp], list[str]]:
        """Return the keys of a column's names, and the place of each row among them; a text may occur twice."""
        import pandas as pd

        places, names = pd.factorize(column.to_numpy(dtype=object), use_na_sentinel=False)
        texts = [MISSING if pd.isna(name) else str(name) for name in names]
        if column.name in self.private:
            texts = [text if text == MISSING else bucket(text) for text in texts]
        return places, texts


def bucket(name: str) -> str:
    """Return the bucket of a name: one of 1,024, each of which many names share.

    >>> bucket("Anna"), bucket("Berta")
    ('015', '14d')
    """
    digest = hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=8).digest()
    return f"{int.from_bytes(digest, 'big') % BUCKETS:03x}"


class Coarse(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Round the numbers of some columns, so that nothing that is learned from them tells one exactly.

    What is kept of a number is its distance from the middle of its column, to two digits. So a column far from zero, such as
    an air pressure, still says how it differs. The grid is one of powers of two, which is the same on every processor.

    Attributes
    ----------
    middles_
        Median per column, on the grid.
    exponents_
        Of the finest step of the grid, 2 to the power of this.
    """

    def __init__(self, columns: Sequence[str] = ()) -> None:
        """Take the columns to round."""
        self.columns = columns

    def fit(self, X: pd.DataFrame, y: object = None) -> Coarse:  # noqa: ARG002, N803
        """Learn the grid of each column."""
        grids = [grid(X[name].to_numpy(dtype=float)) for name in self.columns]
        self.middles_ = [middle for middle, _ in grids]
        self.exponents_ = [exponent for _, exponent in grids]
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Round."""
        grids = zip(self.columns, self.middles_, self.exponents_, strict=True)
        return X.assign(
            **{name: rounded(X[name].to_numpy(dtype=float), middle, exponent) for name, middle, exponent in grids}
        )


def grid(values: NDArray[np.float64]) -> tuple[float, int]:
    """Return the middle of some numbers, and the exponent of the finest step: a 32nd to a 64th of their usual distance from it.

    NaN and infinity do not count; without a number the middle is 0.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 0
    middle = float(np.median(known))
    away = np.abs(known - middle)
    usual = float(np.median(away[away > 0])) if (away > 0).any() else abs(middle)
    exponent = int(np.frexp(usual)[1]) - BITS
    return float(np.ldexp(np.rint(np.ldexp(middle, -exponent)), exponent)), exponent


def rounded(values: NDArray[np.float64], middle: float, exponent: int) -> NDArray[np.float64]:
    """Round numbers to a grid that is finest in the middle; NaN and infinity stay.

    >>> rounded(np.array([1013.27, 1020.0, 771198.1234]), *grid(np.array([1013.27, 1011.2, 1016.8])))
    array([  1013.25,   1020.  , 771061.25])
    """
    away = values - middle
    finest: Any = np.maximum(np.frexp(np.where(np.isfinite(away), away, 0.0))[1] - BITS, exponent)
    return np.asarray(middle + np.ldexp(np.rint(np.ldexp(away, -finest)), finest))
