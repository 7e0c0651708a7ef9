"""JSON of bounded depth, number and length, with finite numbers and text that can be written again."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from driftloop.errors import LoopError
from driftloop.foreign import TREE, check_merged, check_size

if TYPE_CHECKING:
    from driftloop.foreign import Bounds


def read(content: bytes, *, where: str, bounds: Bounds = TREE, most: int | None = None, remedy: str = "") -> Any:
    """Read JSON of at most `most` bytes, or as many as its name allows.

    Raises
    ------
    LoopError
        If it is not valid JSON (RFC 8259, so no NaN), or exceeds the bounds.
    """
    check_size(where, len(content), most=most)
    end = f"; {remedy}" if remedy else ""
    try:
        text = content.decode("utf-8")
        tree = json.loads(text, parse_constant=_refuse, object_pairs_hook=_once)
    except (ValueError, RecursionError) as exc:  # a UnicodeDecodeError is a ValueError
        check_merged(content.decode("utf-8", "replace"), where=where)
        msg = f"{where}: not valid JSON{end}"
        raise LoopError(msg) from exc
    if problem := _problem(tree, bounds):
        msg = f"{where}: {problem}{end}"
        raise LoopError(msg)
    return tree


def _problem(tree: Any, bounds: Bounds) -> str:
    """Name the first thing that is too much; walks level by level, so that depth costs no stack."""
    level, depth, count = [tree], 0, 0
    while level:
        depth, count = depth + 1, count + len(level)
        if depth > bounds.depth + 1 or count > bounds.nodes:
            most = f"{bounds.depth} levels" if depth > bounds.depth + 1 else f"{bounds.nodes:,} values"
            return f"expected at most {most}, got more"
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                if problem := next(filter(None, (_of_text(name, bounds.name) for name in value)), ""):
                    return problem
                below += value.values()
            elif isinstance(value, list):
                below += value
            elif problem := _of_leaf(value, bounds):
                return problem
        level = below
    return ""


def _of_leaf(value: Any, bounds: Bounds) -> str:
    if isinstance(value, str):
        return _of_text(value, bounds.leaf)
    try:
        return "" if value is None or math.isfinite(value) else "expected finite numbers, got infinity"
    except OverflowError:  # a whole number beyond all floats
        return "expected numbers up to 1e308, got a larger one"


def _of_text(text: str, most: int) -> str:
    if len(text) > most:
        return f"expected texts of at most {most:,} characters, got {len(text):,}"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "expected text in Unicode, got half a character (a lone surrogate)"
    return ""


def _refuse(name: str) -> None:
    msg = f"{name} is no JSON"
    raise ValueError(msg)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        msg = "a name stands twice"
        raise ValueError(msg)
    return found
