"""The address of a database with the values of its environment variables, which no text shows."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from driftloop.errors import DataError, UnreachableError
from driftloop.params.urls import SCHEME, VARIABLE

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

SHORTEST = 3  # characters of a value that is replaced in texts


@dataclass(frozen=True)
class Address:
    """Where a database is.

    Attributes
    ----------
    shown
        As params.yaml has it: with the names of variables.
    url
        With their values.
    hidden
        Texts that are values of variables, or parts of them, and what is written in their place.
    """

    shown: str
    url: str = field(repr=False)
    hidden: Mapping[str, str] = field(repr=False)

    @property
    def scheme(self) -> str:
        """What stands before `://`."""
        return self.url.partition("://")[0]

    @property
    def path(self) -> str:
        """Path of a file; one more slash than after `://` begins a path from the root, as SQLAlchemy has it."""
        path = self.url.partition("://")[2].partition("?")[0]
        return unquote(path.removeprefix("/"))

    @property
    def place(self) -> str:
        """The URL without user and password, to tell databases apart."""
        head, _, rest = self.url.partition("://")
        return f"{head}://{rest.rpartition('@')[2]}"

    def hide(self, text: str) -> str:
        """Write names in place of values."""
        for value, name in sorted(self.hidden.items(), key=lambda item: -len(item[0])):
            text = text.replace(value, name)
        return text


def address(shown: str) -> Address:
    """Put the values of environment variables into an address; in parts of a URL they are encoded.

    Raises
    ------
    UnreachableError
        If a variable is not set, as in a job without secrets.
    DataError
        If the one that is to hold the whole URL holds something else.
    """
    whole = VARIABLE.fullmatch(shown)

    def value(found: re.Match[str]) -> str:
        name = found["braced"] or found["bare"]
        if not os.environ.get(name):
            msg = f"source.url: expected the environment variable {name}, found it not set; set it where driftloop runs"
            raise UnreachableError(msg)
        return os.environ[name] if whole else quote(os.environ[name], safe="")

    url = VARIABLE.sub(value, shown)
    if not SCHEME.fullmatch(url):
        del url  # so that no frame of the traceback holds it
        msg = f"source.url: expected a URL such as postgresql://… in {shown}, got something else, not quoted here; correct it"
        raise DataError(msg)
    hidden = {
        os.environ[name]: f"${name}" for found in VARIABLE.finditer(shown) if (name := found["braced"] or found["bare"])
    }
    if whole:
        hidden |= _parts(url)
    hidden |= {quote(text, safe=""): name for text, name in hidden.items()}
    return Address(shown, url, {text: name for text, name in hidden.items() if len(text) >= SHORTEST})


def _parts(url: str) -> dict[str, str]:
    """Name the parts of a URL that a variable holds as a whole; its options may hold secrets too."""
    try:
        split = urlsplit(url)
    except ValueError:
        return {}
    parts = [("user", split.username), ("password", split.password), ("host", split.hostname), *parse_qsl(split.query)]
    return {text: f"({name})" for name, value in parts if value for text in (value, unquote(value))}
