"""Whether a fitted estimator holds the rows that it was fitted to, as nearest neighbours and support vectors do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOKED_AT = 100  # rows of an array


def holds(estimator: Any, *, rows: np.ndarray | None, target: np.ndarray | None) -> bool:
    """Whether some array of an estimator is made of rows, or is the target.

    Parameters
    ----------
    estimator
        Fitted; what it holds is looked at as far as Python sees it.
    rows, target
        What it was fitted to, shapes (rows, columns) and (rows,), classes as numbers; None where it may be held.
    """
    for array in _arrays(estimator):
        if rows is not None and array.ndim == 2 and len(array) > 1 and array.shape[1] == rows.shape[1]:  # noqa: PLR2004
            with np.errstate(over="ignore"):
                held, given = array[:LOOKED_AT].astype(np.float32), rows.astype(np.float32)
            missing = {row.tobytes() for row in held}
            for row in given:
                missing.discard(row.tobytes())
            if not missing:
                return True
        if target is not None and np.array_equal(array.ravel(), target):
            return True
    return False


def _arrays(value: Any) -> Iterator[np.ndarray]:
    """List the arrays of numbers that can be reached from a value."""
    waiting, seen = [value], {}
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen[id(one)] = one  # kept, so that no later object gets its identity
        if isinstance(one, np.ndarray):
            if one.dtype == object:
                waiting += one.ravel().tolist()
            elif one.dtype.kind in "fiub":
                yield one
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list | tuple | set):
            waiting += one
        elif not isinstance(one, type):
            waiting += getattr(one, "__dict__", {}).values()
