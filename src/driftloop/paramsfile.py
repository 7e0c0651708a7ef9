"""Change single values of a YAML text and leave every other byte alone, comments above all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml

from driftloop.errors import ParamsError

if TYPE_CHECKING:
    from collections.abc import Mapping


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
        If a key is missing or holds no scalar.
    """
    nodes = {key: _find(yaml.compose(text), key) for key in values}
    for key, node in sorted(nodes.items(), key=lambda item: -item[1].start_mark.index):
        new = "null" if values[key] is None else json.dumps(values[key])
        start, end = node.start_mark.index, node.end_mark.index
        rest = text[end:]
        spaces = len(rest) - len(rest.lstrip(" "))
        if rest[spaces : spaces + 1] == "#":
            rest = " " * max(2, spaces - len(new) + end - start) + rest[spaces:]
        text = text[:start] + new + rest
    return text


def _find(node: yaml.Node | None, key: str) -> yaml.ScalarNode:
    for part in key.split("."):
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((value for name, value in pairs if name.value == part), None)
    if not isinstance(node, yaml.ScalarNode):
        msg = f"params.yaml: {key}: expected a single value that can be replaced; add `{key.rpartition('.')[2]}: null`"
        raise ParamsError(msg)
    return node
