"""Which changes of a decision become entries of `data.accepted`, and which stay."""

from __future__ import annotations

from datetime import date
from typing import Any

from decisions import make_decision, make_finding
from factories import make_params

from driftloop.core.alarms.values import Alarm
from driftloop.core.data.finding import Change, Finding
from driftloop.core.decision.acceptance import acceptance
from driftloop.params.data import Accepted

DAY = date(2025, 4, 7)
NEW = Change(since=DAY, usual="'a', 'b'", categories=("F",))
FAR = Change(since=DAY, usual="-1 to 1", range=(7.5, 8.0))


def make_change(rule: str, column: str, change: Change | None) -> Finding:
    return Finding(rule=rule, column=column, kind="fault", rows=40, of=168, text=f"{column}: {rule}", change=change)


def make_alarm(column: str = "x", **over: Any) -> Alarm:
    given = {"kind": "fault", "column": column, "statistic": "null", "since": date(2025, 4, 2), "found": DAY, "until": None,
             "now": 0.12, "usual": 0.0, "years": 10, "number": True, "rows": 168}  # fmt: skip
    return Alarm.model_validate(given | over)


def found(*findings: Finding, alarms: tuple[Alarm, ...] = (), columns: tuple[str, ...] = (), known: Any = ()) -> Any:
    decision = make_decision("data fault", findings=(*findings, *(each.finding for each in alarms)), alarms=alarms)
    data = make_params(data={"accepted": list(known)}).data
    return acceptance(decision, data, columns)


def test_acceptance__takes_one_entry_per_column_and_leaves_what_holds_nothing_to_accept() -> None:
    missing = Change(since=date(2025, 4, 9), usual="at most 0 % missing", missing=0.12)
    given = found(
        make_change("new-category", "c", NEW),
        make_change("out-of-range", "x", FAR),
        make_change("missing-values", "x", missing),
        make_change("out-of-range", "only production's", FAR),
        make_finding(),
        alarms=(make_alarm(), make_alarm("c", kind="shape", statistic="shape", number=False)),
    )
    assert given.entries == (
        Accepted(column="c", since=date(2025, 4, 2), categories=["F"]),
        Accepted(column="x", since=date(2025, 4, 2), range=[7.5, 8.0], missing=0.12),
    )
    assert [(row.column, row.rule, row.before, row.after) for row in given.rows] == [
        ("c", "new-category", "'a', 'b'", "also 'F'"),
        ("c", "unusual-shape", "as before 2 Apr 2025", "as since 2 Apr 2025"),
        ("x", "out-of-range", "-1 to 1", "also 7.5 to 8"),
        ("x", "missing-values", "at most 0 % missing", "at most 12 % missing"),
        ("x", "unusual-null", "as before 2 Apr 2025: 0.0 %", "as since 2 Apr 2025: 12.0 %"),
    ]
    assert given.left == ("only production's: out-of-range", "x stands still in 168 of 168 rows")


def test_acceptance__takes_only_the_columns_that_are_named() -> None:
    given = found(make_change("new-category", "c", NEW), make_finding(), alarms=(make_alarm(),), columns=("c",))
    assert ([each.column for each in given.entries], given.left) == (["c"], ())


def test_acceptance__takes_nothing_that_is_accepted_already() -> None:
    both = (make_change("new-category", "c", NEW), make_change("out-of-range", "x", FAR))
    known = [{"column": "c", "since": "2025-04-07", "categories": ["F", "G"]},
             {"column": "x", "since": "2025-04-01", "range": [7, 9]}]  # fmt: skip
    (entry,) = found(*both, known=known).entries
    assert entry == Accepted(column="x", since=DAY, range=[7.5, 8.0])  # it began later than what is known
    assert found(*both, known=[*known, {"column": "x", "since": "2025-04-08"}]).entries == ()
