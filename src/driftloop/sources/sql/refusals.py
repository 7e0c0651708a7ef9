"""Why a database cannot be read, one line each, in words that hold no value of a row and none of the environment."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from driftloop.errors import DataError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from driftloop.sources.sql.address import Address

MOST_SHOWN = 300  # characters of what a driver says


def said(text: object, address: Address) -> str:
    """Give the first line of what a driver says."""
    lines = (line.strip() for line in str(text).splitlines())
    return address.hide(next((line for line in lines if line), "nothing more"))[:MOST_SHOWN]


def unreachable(address: Address, why: str) -> UnreachableError:
    """No server or file is there, or it went away."""
    return UnreachableError(f"source.url: {address.shown}: expected a database, cannot be reached: {why}")


def login(address: Address) -> UnreachableError:
    """The server knows no such user, or the password is another one."""
    return UnreachableError(
        f"source.url: {address.shown}: the server refused user and password; correct the environment variables"
    )


def driver(address: Address, extra: str) -> DataError:
    """A package is missing."""
    return DataError(f"source.url: {address.scheme}: expected its driver, found none installed; run `uv add '{extra}'`")


def table(name: str, known: Iterable[str]) -> DataError:
    """There is no such table."""
    names = sorted(known)
    close = get_close_matches(name, names, n=3, cutoff=0.5)
    close += [each for each in names if each.rpartition(".")[2] == name.rpartition(".")[2] and each not in close]
    remedy = f"did you mean {', '.join(close)}?" if close else f"{len(names)} tables can be seen by this user"
    return DataError(f"source.table: {name}: expected a table or a view, found none of this name; {remedy}")


def denied(where: str, text: str) -> DataError:
    """The user may not read it."""
    return DataError(f"{where}: the user of source.url may not read it ({text}); grant SELECT")


def query(where: str, text: str) -> DataError:
    """The database does not understand the query, or it would write."""
    return DataError(f"{where}: the database refused the query: {text}; correct it")


def slow(where: str, seconds: int) -> DataError:
    """It took too long."""
    return DataError(
        f"{where}: expected an answer within {seconds:,} s, got none; raise source.timeout_seconds, or index the timestamp"
    )


def kind(where: str, name: str, kind: object) -> DataError:
    """A column cannot be read."""
    return DataError(
        f"{where}: {name}: expected numbers, text, true or false, or times, got {kind}, which cannot be read; convert it in a source.query"
    )


def value(where: str) -> DataError:
    """A value cannot be read, such as the date `infinity`."""
    return DataError(
        f"{where}: a value cannot be read as the type of its column, such as the date infinity; convert it in a source.query"
    )
