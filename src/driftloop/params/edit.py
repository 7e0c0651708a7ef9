"""Change single values of a YAML text and leave every other byte alone, comments above all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from driftloop.errors import ParamsError
from driftloop.params import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

WHERE = "params.yaml"


def with_values(text: str, values: Mapping[str, str | None]) -> str:
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
    nodes = {key: _find(yaml.compose(text), key) for key in values}
    for key, node in sorted(nodes.items(), key=lambda item: -item[1].start_mark.index):
        text = _replaced(text, node, values[key])
        wanted = _with(wanted, key, values[key])
    try:
        right = repr(parse_yaml(text, where=WHERE)) == repr(wanted)
    except ParamsError:
        right = False
    if not right:
        msg = f"{WHERE}: {', '.join(values)}: cannot be replaced as it is written; write a value in quotes"
        raise ParamsError(msg)
    return text


def _replaced(text: str, node: yaml.ScalarNode, value: str | None) -> str:
    new = yaml.safe_dump(value, default_style='"' if value is not None else None, width=float("inf")).partition("\n")[0]
    start, end = node.start_mark.index, node.end_mark.index
    if node.style in ("|", ">"):  # it ends after its last line break, which stays
        end = start + len(text[start:end].rstrip())
    if start == end:  # `key:` without a value
        new = f" {new}"
    rest = text[end:]
    spaces = len(rest) - len(rest.lstrip(" "))
    if rest[spaces : spaces + 1] == "#":
        rest = " " * max(2, spaces - len(new) + end - start) + rest[spaces:]
    return text[:start] + new + rest


def _with(tree: Any, key: str, value: str | None) -> Any:
    """Copy the tree with another value in one place."""
    first, _, rest = key.partition(".")
    return {**tree, first: _with(tree[first], rest, value) if rest else value}


def _find(node: yaml.Node | None, key: str) -> yaml.ScalarNode:
    for part in key.split("."):
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((value for name, value in pairs if name.value == part), None)
    if not isinstance(node, yaml.ScalarNode):
        found = "keys" if isinstance(node, yaml.MappingNode) else "a list" if node else "no such key"
        msg = f"{WHERE}: {key}: expected a single value, got {found}; write `{key.rpartition('.')[2]}: null`"
        raise ParamsError(msg)
    return node
