"""The text of a project's src/features.py that makes calendar columns of its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD = '''"""Columns of your own: one function from the rows of the source to the rows that driftloop works with.

It takes and returns an Ibis table, so it runs in the database, at any size. Rows may neither vanish nor multiply, and a column may
only use what was known at the time of its row.
"""

'''
READ = '''from datetime import datetime

import ibis


@ibis.udf.scalar.builtin(name="try_strptime")
def read(text: str, form: str) -> datetime:
    """Read a time; null where it is none."""


'''


def features(time: str, form: str | None, made: Mapping[str, str]) -> str:
    """Write a function that makes columns of the time.

    Parameters
    ----------
    time
        Name of its column.
    form
        Its strptime format; None: ISO 8601, or a column of dates.
    made
        Name of each column → method of Ibis that makes it.
    """
    moment = f'rows[{time!r}].try_cast("timestamp")' if form is None else f"read(rows[{time!r}], {form!r})"
    columns = ", ".join(f"{name}=time.{how}" for name, how in made.items())
    return (
        f"{HEAD}{'' if form is None else READ}def features(rows):\n"
        f'    """Add what repeats itself by the calendar."""\n'
        f"    time = {moment}\n    return rows.mutate({columns})\n"
    )
