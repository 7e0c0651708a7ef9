"""Change single values of a YAML text and leave every other byte alone, comments above all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from driftloop.errors import ParamsError
from driftloop.params.yamltext import parse_yaml, reader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from ruamel.yaml.nodes import Node

    from driftloop.params.data import Accepted

WHERE = "params.yaml"


Scalar = str | int | float | bool | None


def with_values(text: str, values: Mapping[str, Scalar]) -> str:
    """Replace scalars in `text`; a column of comments beside them keeps its place where it can.

    Parameters
    ----------
    text
        YAML.
    values
        New values by dotted key, such as `source.until`; None becomes null.

    Raises
    ------
    ParamsError
        If a key is missing, holds no scalar, or cannot be replaced without changing something else.
    """
    wanted = parse_yaml(text, where=WHERE)
    places = {key: _place(text, key) for key in values}
    for key, place in sorted(places.items(), key=lambda item: -item[1].start):
        text = _replaced(text, place, values[key])
        wanted = _with(wanted, key, values[key])
    try:
        right = repr(parse_yaml(text, where=WHERE)) == repr(wanted)
    except ParamsError:
        right = False
    if not right:
        msg = f"{WHERE}: {', '.join(values)}: cannot be replaced as it is written; write a value in quotes"
        raise ParamsError(msg)
    return text


def with_approval(text: str, until: date | None) -> str:
    """Write the end of the standing approval to `retrain.standing_until`; None: there is none.

    A params.yaml from before there were approvals has no section `retrain`; it gets one when it needs it.
    """
    section = parse_yaml(text, where=WHERE).get("retrain") or {}
    if until is None and section.get("standing_until") is None:
        return text
    if section:
        return with_values(text, {"retrain.standing_until": until.isoformat() if until else None})
    return f"{text.rstrip()}\nretrain:\n  standing_until: {json.dumps(str(until))}  # written by the loop\n"


def with_accepted(text: str, entries: Sequence[Accepted]) -> str:
    """Add entries to the list `data.accepted`; one that is missing is made.

    Raises
    ------
    ParamsError
        If the section `data` is written in a way that nothing can be added to.
    """
    new = [each.model_dump(mode="json", exclude_defaults=True) for each in entries]
    wanted = parse_yaml(text, where=WHERE)
    wanted["data"] = {**wanted["data"], "accepted": [*(wanted["data"].get("accepted") or []), *new]}
    whole = text if text.endswith("\n") else f"{text}\n"
    changed = _extended(
        whole, [f"{{{', '.join(f'{key}: {_json(value)}' for key, value in each.items())}}}" for each in new]
    )
    try:
        right = parse_yaml(changed, where=WHERE) == wanted
    except ParamsError:
        right = False
    if not right:
        msg = f"{WHERE}: data.accepted: cannot be extended as it is written; write `accepted: []` on a line of its own"
        raise ParamsError(msg)
    return changed


def _extended(text: str, items: Sequence[str]) -> str:
    """Write items behind those of the list `data.accepted`, one a line unless it stands in brackets and holds some."""
    section = _value(reader().compose(text), "data")
    pairs = section[1].value if section else []
    key, node = next((pair for pair in pairs if pair[0].value == "accepted"), (None, None))
    indent = " " * (pairs[0][0].start_mark.column if pairs else 2)
    if isinstance(node, SequenceNode) and node.value and node.flow_style:
        end = node.value[-1].end_mark.index
        return f"{text[:end]}, {', '.join(items)}{text[end:]}"
    if isinstance(node, SequenceNode) and node.value:
        last = text.index("\n", node.value[-1].end_mark.index - 1) + 1
        dash = " " * (node.start_mark.column)
        return text[:last] + "".join(f"{dash}- {item}\n" for item in items) + text[last:]
    lines = "".join(f"{indent}  - {item}\n" for item in items)
    if key is None:
        end = text.index("\n", pairs[-1][1].end_mark.index - 1) + 1
        return f"{text[:end]}{indent}accepted:\n{lines}{text[end:]}"
    start = text.index(":", key.end_mark.index) + 1
    end = text.index("\n", start) + 1
    rest = text[start:end]
    comment = rest[rest.index("#") :] if "#" in rest else "\n"
    column = len(rest) - len(comment) if comment != "\n" else 0
    return f"{text[:start]}{' ' * column}{comment}{lines}{text[end:]}"


def _value(node: Node | None, name: str) -> tuple[Node, Node] | None:
    pairs = node.value if isinstance(node, MappingNode) else []
    return next((pair for pair in pairs if pair[0].value == name), None)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _replaced(text: str, place: slice, value: Scalar) -> str:
    new, start, end = json.dumps(value, ensure_ascii=False), place.start, place.stop  # JSON is YAML
    if start == end:  # `key:` without a value
        new = f" {new}"
    rest = text[end:]
    spaces = len(rest) - len(rest.lstrip(" "))
    if rest[spaces : spaces + 1] == "#":
        rest = " " * max(2, spaces - len(new) + end - start) + rest[spaces:]
    return text[:start] + new + rest


def _with(tree: Any, key: str, value: Scalar) -> Any:
    """Copy the tree with another value in one place."""
    first, _, rest = key.partition(".")
    return {**tree, first: _with(tree[first], rest, value) if rest else value}


def _place(text: str, key: str) -> slice:
    """Find where the value of a dotted key stands."""
    name, node = None, reader().compose(text)
    for part in key.split("."):
        pairs = node.value if isinstance(node, MappingNode) else []
        name, node = next((pair for pair in pairs if pair[0].value == part), (None, None))
    if name is None or not isinstance(node, ScalarNode):
        found = "keys" if isinstance(node, MappingNode) else "a list" if node else "no such key"
        msg = f"{WHERE}: {key}: expected a single value, got {found}; write `{key.rpartition('.')[2]}: null`"
        raise ParamsError(msg)
    start, end = node.start_mark.index, node.end_mark.index
    if start == end:  # the mark of an empty value is that of what follows
        start = end = text.find(":", name.end_mark.index) + 1
    if node.style in ("|", ">"):  # it ends after its last line break, which stays
        end = start + len(text[start:end].rstrip())
    return slice(start, end)
