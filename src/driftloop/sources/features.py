"""The project's own `src/features.py`: one function from the rows of the source to the rows that driftloop works with."""

from __future__ import annotations

import inspect
import sys
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir

from driftloop.core.columns import ROW
from driftloop.errors import DataError, LoopError, ParamsError
from driftloop.sources import tables
from driftloop.sources.lookahead import Lookahead
from driftloop.sources.partitions import declare, required

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ibis.backends.duckdb import Backend

    from driftloop.params import Params

MODULE = "features"
FUNCTION = "features"
NAMED = f"src/{MODULE}.py"
MOST_SHOWN = 200  # characters of an error of the function
GIVEN, MADE = "delivered", "featured"  # tables of the work


@dataclass(frozen=True)
class Features:
    """Applies the project's function, if there is one, to what a source delivers.

    Attributes
    ----------
    con, folder
        The database of the work, and a folder for copies of files in other encodings.
    params
        Declare the columns that are checked, and name the further tables.
    src
        The folder of the project's own code; None: there is none.
    """

    con: Backend
    folder: Path
    params: Params
    src: Path | None

    @property
    def exist(self) -> bool:
        """Whether the project has a module for them, which may want any column of the source."""
        return self.src is not None and (self.src / f"{MODULE}.py").is_file()

    def declare(self, table: ir.Table, *, where: str, zone: str | None = None) -> ir.Table:
        """Return the rows as `partitions.declare` does, with the columns that the function makes.

        Raises
        ------
        DataError
            If the function fails, loses or repeats rows, or makes values that are not known at the time of their row.
        ParamsError
            If the function does not take the tables of `source.tables`.
        """
        # Sums in several threads differ in their last bits from run to run.
        threads = self.con.raw_sql("SELECT current_setting('threads')").fetchone()[0]
        self.con.raw_sql("SET threads = 1")
        try:
            made = self._made(table)
        finally:
            self.con.raw_sql(f"SET threads = {threads}")
        if made is None:
            return declare(table, self.params, where=where, zone=zone)
        return declare(made, self.params, where=where, zone=zone, numbered=True)

    def _made(self, table: ir.Table) -> ir.Table | None:
        """Call the function and check its result; None where there is nothing to do."""
        with self._one_line():
            function = load(self.src) if self.src else None
        if function is None:
            if self.params.source.tables:
                names = ", ".join(self.params.source.tables)
                msg = (
                    f"source.tables: expected a function {FUNCTION} in {NAMED} that takes {names}, found none; write it"
                )
                raise ParamsError(msg)
            return None
        further = {name: self._further(name, pattern) for name, pattern in self.params.source.tables.items()}
        _refuse_parameters(function, further)
        given = self.con.create_table(GIVEN, table.mutate(**{ROW: ibis.row_number()}))
        if not _count(given) and set(required(self.params)) <= set(given.columns):
            return None  # blank files have the columns that are wanted, and no others

        def make(name: str, rows: ir.Table) -> ir.Table:
            with self._one_line():
                return self.con.create_table(name, _checked(function(rows, **further)))

        made = make(MADE, given)
        _refuse_other_rows(given, made, self.params)
        Lookahead(self.con, given, made, make, self.params).refuse(where=NAMED)
        return made

    def _further(self, name: str, pattern: str) -> ir.Table:
        """Read a further table into the database, so that its files are read once, and their faults are not the function's."""
        where = f"source.tables.{name}"
        files = tables.find(pattern, where=where)
        found = tables.read(self.con, files, wanted=(), folder=self.folder, csv=self.params.source.csv)
        return self.con.create_table(f"further_{name}", found)

    @contextmanager
    def _one_line(self) -> Iterator[None]:
        """Word what goes wrong in the project's own code: file, line, and its text where that can hold no private value."""
        try:
            yield
        except LoopError:
            raise
        except (Exception, SystemExit) as exc:  # it is the team's code, and anything can happen in it
            text = str(exc)
            if "No space left" in text or "Could not write" in text:  # the disk's fault; see `engine`
                raise
            remedy = "correct the function"
            said = next((line.strip() for line in text.splitlines() if line.strip()), "no text")[:MOST_SHOWN]
            if self.params.data.private:
                said = "its text is not quoted, since data.private is set"
            if "String" in text and isinstance(exc, (AttributeError, TypeError)):
                remedy = 'columns of a CSV file are text: cast them, such as rows.x.try_cast("float64")'
            elif type(exc).__module__.endswith("duckdb"):
                remedy = (
                    "it was raised when the rows were computed: use try_cast or a condition where a value may be wrong"
                )
            msg = f"{_place(exc, self.src)}: {FUNCTION} failed with {type(exc).__name__}: {said}; {remedy}"
            raise DataError(msg) from exc


def load(src: Path) -> Callable[..., Any] | None:
    """Load the function from `src/features.py`; None where the file or the function is missing.

    It is read by its path, so that a copy of the project, as DVC makes for queued experiments, runs its own; and without
    a file of compiled code, whose age would decide which version runs.
    """
    path = src / f"{MODULE}.py"
    if not path.is_file():
        return None
    module = ModuleType(MODULE)
    module.__file__ = str(path)
    sys.modules[MODULE] = module  # where dataclasses look for their module
    exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)  # noqa: S102 (the project's own code)
    function = getattr(module, FUNCTION, None)
    if function is not None and not callable(function):
        msg = f"{NAMED}: {FUNCTION}: expected a function, got {type(function).__name__}; write def {FUNCTION}(rows)"
        raise ParamsError(msg)
    return function


def _refuse_parameters(function: Callable[..., Any], further: Mapping[str, ir.Table]) -> None:
    """Refuse a function that cannot be called with the rows and the further tables."""
    signature = inspect.signature(function)
    try:
        signature.bind(None, **further)
    except TypeError as exc:
        wanted = f"{FUNCTION}({', '.join(['rows', *(['*', *further] if further else [])])})"
        named = f"as source.tables names {', '.join(further)}" if further else "as source.tables is empty"
        msg = f"{NAMED}: expected {wanted}, {named}, got {FUNCTION}{signature}; make the two agree"
        raise ParamsError(msg) from exc


def _checked(made: Any) -> ir.Table:
    """Refuse what is no Ibis table, or has lost the column that says which row is which."""
    if not isinstance(made, ir.Table):
        msg = f"{NAMED}: {FUNCTION}: expected an Ibis table, got {type(made).__name__}; return the rows, such as rows.mutate(…)"
        raise DataError(msg)
    if ROW not in made.columns:
        msg = (
            f"{NAMED}: {FUNCTION}: expected the column {ROW}, which tells which row is which, found it dropped; use mutate, "
            f'drop and rename, or name "{ROW}" in select'
        )
        raise DataError(msg)
    return made


def _refuse_other_rows(given: ir.Table, made: ir.Table, params: Params) -> None:
    """Refuse rows that are gone, stand there twice, or were never delivered."""
    rows = _count(given)
    lost = given.anti_join(made, ROW)
    twice = given.semi_join(made.group_by(ROW).having(made.count() > 1).agg(), ROW)
    strange = _count(made.anti_join(given, ROW))
    for found, happened, remedy in (
        (lost, "gone", "a filter or an inner join takes rows away: use a condition in a column, or a left join"),
        (
            twice,
            "there more than once",
            "a join finds several rows: make the other table unique per key, such as by distinct",
        ),
    ):
        if number := _count(found):
            msg = (
                f"{NAMED}: {FUNCTION}: expected each of {rows:,} rows once, got {number:,} that {_be(number)} {happened}, first "
                f"{_shown(found, params)}; {remedy}"
            )
            raise DataError(msg)
    if strange:
        msg = f"{NAMED}: {FUNCTION}: expected the {rows:,} rows of the source, got {strange:,} others; leave {ROW} as it is"
        raise DataError(msg)


def _be(number: int) -> str:
    return "is" if number == 1 else "are"


def _shown(rows: ir.Table, params: Params) -> str:
    """Name the first row: by its place in the source, and by its key where that is not private."""
    names = [name for name in params.data.key if name in rows.columns and name not in params.data.private]
    first = rows.order_by(ROW).select(ROW, *names).limit(1).to_pyarrow().to_pylist()[0]
    key = ", ".join(f"{name} {first[name]}" for name in names)
    return f"row {first[ROW] + 1:,}" + (f" ({key[:MOST_SHOWN]})" if key else "")


def _count(rows: ir.Table) -> int:
    return int(rows.count().to_pyarrow().as_py())


def _place(exc: BaseException, src: Path | None) -> str:
    """Name the file and line of the project's own code that raised, or the file alone."""
    if src is None:
        return NAMED
    here = src.resolve()
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(exc.__traceback__)]
    if isinstance(exc, SyntaxError) and exc.filename:
        frames.append((exc.filename, exc.lineno))
    ours = [(Path(name).resolve(), line) for name, line in frames if Path(name).resolve().is_relative_to(here)]
    if not ours:
        return NAMED
    path, line = ours[-1]
    return f"{here.name}/{path.relative_to(here).as_posix()}:{line}"
