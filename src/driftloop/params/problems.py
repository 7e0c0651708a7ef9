"""What is wrong with params.yaml, in words that need no knowledge of pydantic."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from driftloop.errors import ParamsError
from driftloop.params.yamltext import Unquoted, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

SHOWN = 80  # characters of a wrong value
LINE = 1_000  # of all that is said


def one_line(name: str, raw: dict[Any, Any], exc: ValidationError, schema: Mapping[str, Any]) -> str:
    """Describe the first problem, and count the other keys that have one; an unknown key may be why another is missing."""
    found = [(_path(problem, raw), problem) for problem in exc.errors(include_url=False)]
    # Of a value that may be of several kinds, what came furthest says most.
    paths = {path for path, _ in found}
    found = [pair for pair in found if not any(_leads(pair[0], path) for path in paths)]
    found.sort(key=lambda pair: pair[1]["type"] not in ("extra_forbidden", "invalid_key"))
    more = len({path for path, _ in found}) - 1
    worded = _worded(*found[0], schema)
    short = worded if len(worded) <= LINE else f"{worded[:LINE]}…"
    return f"{name}: {short}" + (f" (and {more} more)" if more else "")


def _leads(path: tuple[str | int, ...], other: tuple[str | int, ...]) -> bool:
    return 0 < len(path) < len(other) and other[: len(path)] == path


def _path(problem: ErrorDetails, raw: Any) -> tuple[str | int, ...]:
    """Name the place in the file: pydantic adds the member of a union that it tried."""
    path: list[str | int] = []
    for part in problem["loc"]:
        if (isinstance(raw, dict) and isinstance(part, str) and part in raw) or (
            isinstance(raw, list) and isinstance(part, int)
        ):
            path.append(part)
            raw = raw[part]  # type: ignore[index]
    return (*path, problem["loc"][-1]) if problem["type"] == "missing" else tuple(path)


def _worded(path: tuple[str | int, ...], problem: ErrorDetails, whole: Mapping[str, Any]) -> str:
    """Write *where: expected X, got Y*, and the remedy if it is known."""
    text, value = problem["msg"].removeprefix("Value error, "), problem["input"]
    where = ".".join(str(part) for part in path if isinstance(part, str))
    item = "".join(f" item {part + 1}:" for part in path if isinstance(part, int))
    match problem["type"]:
        case "extra_forbidden":
            known = list(_schema(whole, path[:-1]).get("properties", {}))
            close = get_close_matches(str(path[-1]), known, n=1)
            return f"{where}: unknown key; " + (f"did you mean {close[0]}?" if close else f"expected {listed(known)}")
        case "missing":
            return f"{where}: missing; expected {_kind(_schema(whole, path))}"
        case kind if kind == "invalid_key" or problem["loc"][-1:] == ("[key]",):
            return f"{where}: expected text as keys, got {shown(value)}; put it in quotes".removeprefix(": ")
        case "value_error" if ": expected " in text:
            return f"{where}.{text}" if where else text
        case "value_error":
            return f"{where}: {text}" + ("" if ", got " in text else f", got {shown(value)}")
    expected = _kind(_schema(whole, path))
    return f"{where}:{item} expected {expected}, got {shown(value)}{_remedy(expected, value)}"


def shown(value: Any) -> str:
    """Write a value as it stands in the file."""
    if isinstance(value, Unquoted):
        return f"the date {value.text}"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, dict | BaseModel):
        return "keys"
    text = json.dumps(value, ensure_ascii=False, default=str)
    short = text if len(text) <= SHOWN else f'{text[:SHOWN]}…"'
    return {'""': "nothing", "Infinity": ".inf", "-Infinity": "-.inf", "NaN": ".nan"}.get(text, short)


def _remedy(expected: str, value: Any) -> str:
    if isinstance(value, Unquoted) or (expected.startswith("text") and isinstance(value, int | float)):
        return "; put it in quotes"
    if "a list" in expected and isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
        return f"; put it in brackets: [{value}]"
    if expected.startswith(("a number", "a whole number", "true")) and isinstance(value, str) and _is_plain(value):
        return "; leave out the quotes"
    return ""


def _is_plain(text: str) -> bool:
    """Whether this would be a number, true or false without its quotes."""
    try:
        return isinstance(parse_yaml(text, where=""), int | float)
    except ParamsError:
        return False


def _schema(whole: Mapping[str, Any], path: tuple[str | int, ...]) -> Mapping[str, Any]:
    """Find what is allowed at a place of the file."""
    node = whole
    for part in path:
        node = next((found for choice in (node, *node.get("anyOf", ())) if (found := _inside(choice, part))), {})
        for choice in (node, *node.get("anyOf", ())):
            if "$ref" in choice:
                node = whole["$defs"][choice["$ref"].rpartition("/")[2]]
    return node


def _inside(schema: Mapping[str, Any], part: str | int) -> Mapping[str, Any]:
    """Find what is allowed as an item of a list, or under a key."""
    others = schema.get("additionalProperties")
    found = schema.get("items") if isinstance(part, int) else schema.get("properties", {}).get(part, others)
    return found if isinstance(found, dict) else {}


def _kind(schema: Mapping[str, Any]) -> str:
    """Describe what is allowed."""
    if "anyOf" in schema:
        return listed([_kind(choice) for choice in schema["anyOf"]])
    if "enum" in schema or "const" in schema:
        return listed(schema.get("enum") or [schema["const"]])
    if schema["type"] in ("integer", "number"):
        return _number(schema)
    if schema.get("format") == "date":
        return 'a date such as "2025-03-31"'
    if "properties" in schema:
        return f"keys such as {listed(list(schema['properties'])[:3], 'and')}"
    text = "lower-case letters, digits, dots, dashes and underscores" if "pattern" in schema else "text"
    such = f" such as {json.dumps(schema['examples'][0])}" if "examples" in schema else ""
    names = schema.get("items", {}).get("type") == "string"
    array = "a list of names" if names else "a list of numbers and text"
    words = {"boolean": "true or false", "array": array, "null": "null", "string": text + such}
    return words.get(schema["type"], "keys and values")


def _number(schema: Mapping[str, Any]) -> str:
    bounds = {">=": "minimum", ">": "exclusiveMinimum", "<=": "maximum", "<": "exclusiveMaximum"}
    given = {sign: schema[name] for sign, name in bounds.items() if name in schema}
    if not given:
        return "a whole number" if schema["type"] == "integer" else "a number"
    if schema["type"] == "number":
        return f"a number {' and '.join(f'{sign} {bound:g}' for sign, bound in given.items())}"
    low, high = given.get(">=", given.get(">", 0) + 1), given.get("<=", given.get("<", 0) - 1)
    return f"a whole number >= {low}" if high < 0 else f"a whole number from {low} to {high}"


def listed(names: list[str], word: str = "or") -> str:
    """Join in words."""
    return f" {word} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
