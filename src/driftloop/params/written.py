"""How a source writes times, numbers and text: checks of what params.yaml says about it."""

from __future__ import annotations

import re

EPOCHS = ("epoch_s", "epoch_ms", "epoch_us", "epoch_ns")
DIRECTIVES = frozenset("aAbBdfHIjmMpSyYzZ%")  # that DuckDB and Python read alike
UNPADDED = frozenset("dHIjmMSy")  # that may stand as %-d
THOUSANDS = (",", ".", " ", "'", "_")


def valid_format(text: str) -> str:
    """Take a name of EPOCHS, or a strptime format from which year, month and day can be read."""
    if text in EPOCHS:
        return text
    found = re.findall(r"%(-?)(.?)", text, flags=re.DOTALL)
    strange = [f"%{dash}{name}" for dash, name in found if name not in (UNPADDED if dash else DIRECTIVES) or not name]
    if strange:
        msg = f"expected directives such as %Y, %m, %d, %H, %M, %S, got {strange[0]}"
        raise ValueError(msg)
    names = {name for _, name in found}
    if not names & {"Y", "y"} or not ("j" in names or ("d" in names and names & {"m", "b", "B"})):
        msg = f'expected {", ".join(EPOCHS)}, or a strptime format with year, month and day such as "%d/%m/%Y %H:%M"'
        raise ValueError(msg)
    if ("I" in names) != ("p" in names):
        msg = "expected %I (hour 1 to 12) and %p (AM or PM) together"
        raise ValueError(msg)
    return text


def valid_separator(text: str) -> str:
    """Take one character that can separate columns."""
    if len(text) != 1 or text in '"\r\n':
        msg = "expected one character such as ; or \\t"
        raise ValueError(msg)
    return text


def valid_decimal(text: str) -> str:
    """Take a point or a comma."""
    if text not in {".", ","}:
        msg = "expected . or ,"
        raise ValueError(msg)
    return text


def valid_thousands(text: str) -> str:
    """Take one of THOUSANDS."""
    if text not in THOUSANDS:
        msg = f"expected {', '.join(repr(mark) for mark in THOUSANDS)}"
        raise ValueError(msg)
    return text


def valid_encoding(text: str) -> str:
    """Take an encoding of text that Python knows."""
    try:
        text.encode("ascii")
        "text".encode(text)
    except (LookupError, ValueError) as exc:
        msg = "expected an encoding such as utf-8, cp1252 or utf-16"
        raise ValueError(msg) from exc
    return text
