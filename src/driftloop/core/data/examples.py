"""One example value for a finding, so that people see what is wrong without opening the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from driftloop.core.columns import DAY, INVALID, ROW, TS
from driftloop.core.data import portable
from driftloop.core.figures import percent, quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import ibis.expr.types as ir

    from driftloop.core.data.finding import Finding
    from driftloop.core.windows import Window

LOOKED_AT = 100  # characters of a value
COMMA = r"^[+-]?\d*,\d+$"  # 0,9811
DOTS = r"^[+-]?\d{1,3}([. ]\d{3})+,\d+$"  # 1.170,5
GROUPS = r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"  # 1,170,483.5
DATED = r"^(\d{1,4}[./-]\d{1,2}[./-]\d{1,4}.*|\d{8,19}(\.\d+)?)$"  # 31/12/2018 0:15, or seconds since 1970


@dataclass(frozen=True)
class Examples:
    """Where examples are taken from.

    Attributes
    ----------
    raw, rows
        Rows as they were collected, and typed (see `schema.typed`); joined by `ROW`.
    names
        Per name column, the names that are known; see `profile.Known`.
    timestamps
        The columns that make up the time of a row.
    private
        Columns whose values are not shown.
    """

    raw: ir.Table
    rows: ir.Table
    names: Mapping[str, frozenset[str] | None]
    timestamps: Sequence[str]
    private: Collection[str]

    def add(self, finding: Finding, window: Window) -> Finding:
        """Show a value to a finding of that window, where there is one to show."""
        column = finding.column
        if set(self.private) & set([column] if column else self.timestamps):
            return finding
        rows = self.rows.filter(self.rows[DAY] >= window.since, self.rows[DAY] < window.until)
        match finding.rule:
            case "wrong-type" | "missing-labels":
                text = self._unreadable(rows, column)
            case "new-category":
                text = self._new(rows, column, finding.of)
            case "undated-rows":
                text = self._undated()
            case _:
                text = ""
        return finding.model_copy(update={"text": finding.text + text})

    def _unreadable(self, rows: ir.Table, column: str) -> str:
        """Show the first value that is no number; name the key that makes it one, where all values leave no doubt."""
        if f"{INVALID}{column}" not in rows.columns:
            return ""
        bad = self.raw.semi_join(rows.filter(rows[f"{INVALID}{column}"]).select(ROW), ROW)
        found = _summary(bad.select(text=portable.text(bad[column])), {"comma": COMMA, "dots": DOTS, "groups": GROUPS})
        if not found["count"]:
            return ""
        shown, count = quoted(found["first"]), found["count"]
        if found["comma"] + found["dots"] == count and found["groups"] < count:
            more = " and source.csv.thousands" if found["dots"] else ""
            return f", such as {shown}; set source.csv.decimal{more}"
        if found["groups"] == count and found["comma"] < count:
            return f", such as {shown}; set source.csv.thousands"
        if found["first"] == found["last"]:
            return f", always {shown}; if that means missing, set data.missing"
        return f", such as {shown}"

    def _new(self, rows: ir.Table, column: str, of: int) -> str:
        """Show the most frequent name that is not known."""
        name, known = rows[column], self.names.get(column)
        if not known:
            return ""
        new = rows.filter(name.notnull(), name.notin(sorted(known))).select(name=name)
        counted = new.group_by("name").aggregate(rows=new.count()).order_by([ibis.desc("rows"), "name"]).limit(1)
        return "".join(
            f", most often {quoted(found['name'])} ({percent(found['rows'] / of)} of the rows)"
            for found in counted.to_pyarrow().to_pylist()
        )

    def _undated(self) -> str:
        rows = self.raw.filter(self.raw[TS].isnull())
        text = ibis.literal(" ").join([portable.text(rows[name]).fill_null("") for name in self.timestamps])
        found = _summary(rows.select(text=text), {"dated": DATED})
        if not found["count"]:
            return ""
        remedy = "; set data.timestamp_format" if found["dated"] == found["count"] else ""
        return f", such as {quoted(found['first'])}{remedy}"


def _summary(rows: ir.Table, patterns: Mapping[str, str]) -> dict[str, Any]:
    """Count the values in `text`, and how many have which form; return the first and the last of them."""
    text = rows["text"].strip().substr(0, LOOKED_AT).nullif("")
    forms = {name: portable.search(text, pattern).sum() for name, pattern in patterns.items()}
    table = rows.aggregate(count=text.count(), first=text.min(), last=text.max(), **forms)
    found: dict[str, Any] = table.to_pyarrow().to_pylist()[0]
    return found
