"""Addresses of databases in params.yaml: what is secret in them stands in environment variables, and here are their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = re.compile(r"\$(?:\{(?P<braced>[A-Za-z_]\w*)\}|(?P<bare>[A-Za-z_]\w*))")
SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
FILES = ("duckdb", "sqlite")  # schemes whose rest is a path
SECRET = re.compile(r"pass|pwd|secret|token|key|cred", re.IGNORECASE)  # names of options that hold one


def valid_url(text: str) -> str:
    """Refuse what is no address of a database, and one with a password in it; neither is quoted.

    >>> valid_url("postgresql://$PGUSER:${PGPASSWORD}@db.example/shop")
    'postgresql://$PGUSER:${PGPASSWORD}@db.example/shop'
    """
    if VARIABLE.fullmatch(text):
        return text
    parts = SCHEME.fullmatch(text)
    if parts is None:
        msg = "expected a URL such as postgresql://$PGUSER:$PGPASSWORD@db.example/shop, or a variable that holds one, such as "
        msg += "$DATABASE_URL, got something else, not quoted here"
        raise ValueError(msg)
    if any(not VARIABLE.fullmatch(secret) for secret in _secrets(**parts.groupdict())):
        msg = "expected the name of an environment variable, such as $PGPASSWORD, in place of the password, got a literal one; "
        msg += "change that password if anybody else has seen it"
        raise ValueError(msg)
    return text


def absolute(url: str, root: Path) -> str:
    """Make the relative path of a file absolute; one more slash than after `://` begins a path from the root.

    >>> from pathlib import Path
    >>> absolute("sqlite:///data/shop.db", Path("/srv"))
    'sqlite:////srv/data/shop.db'
    """
    parts = SCHEME.fullmatch(url)
    if parts is None or parts["scheme"] not in FILES:
        return url
    path = parts["rest"].removeprefix("/")
    return url if path.startswith(("/", "$")) else f"{parts['scheme']}:///{root / path}"


def _secrets(scheme: str, rest: str) -> list[str]:
    """List the password, which may hold an @ itself, and the values of options that seem to hold one."""
    login, _, after = ("", "", rest) if scheme in FILES else rest.rpartition("@")
    _, colon, password = login.partition(":")
    options = [option.partition("=") for option in after.partition("?")[2].split("&")]
    return [*([password] if colon else []), *(value for name, _, value in options if SECRET.search(name))]
