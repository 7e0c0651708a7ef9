"""Bounded samples that stay the same as data grows. Ibis expressions only."""

from __future__ import annotations

from math import ceil, log2
from typing import TYPE_CHECKING

import ibis

from driftloop.core.data import portable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

DIGITS = 32  # of an MD5 digest in hexadecimal


def halvings(rows: int, most: int) -> int:
    """Count how often the rows have to be halved until about `most` are left.

    Whole halvings keep the sample the same while the table grows, until it has doubled.
    """
    return max(0, ceil(log2(rows / most))) if rows > most else 0


def bounded(rows: ir.Table, key: Sequence[str], *, rows_now: int, most: int) -> ir.Table:
    """Keep about `most` rows at the most, chosen by a hash of the key.

    Parameters
    ----------
    rows
        Table with the key columns.
    key
        Columns that are unique per row.
    rows_now
        Its number of rows.
    most
        Number of rows above which it is halved. The sample then has between `most` / 2 and `most` rows, give or
        take the chance of a hash.
    """
    if most == 0:
        return rows.limit(0)
    times = halvings(rows_now, most)
    if times == 0:
        return rows
    texts = [portable.text(rows[name]).fill_null("") for name in key]
    digest = ibis.literal("|").join(texts).hexdigest("md5")
    bound = f"{16**DIGITS >> times:0{DIGITS}x}"
    return rows.filter(digest < bound)
