"""The text of params.yaml: values and comments put into lines that have one key each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LINE = re.compile(r"(?P<indent> *)(?P<key>\w+):(?P<value>[^#\n]*?)(?P<space> *)(?P<comment># .*)?$")
SCHEMA = "# yaml-language-server:"  # where the schema lies, in the repository that has one


def filled(text: str, values: Mapping[str, Any], comments: Mapping[str, str]) -> str:
    """Put values and comments in the place of those of a params.yaml, by dotted key; the column of comments stays.

    Raises
    ------
    KeyError
        If the text has no line for one of the keys.
    """
    out, left = [], {*values, *comments}
    for key, line in keyed(text):
        if line.startswith(SCHEMA):
            continue
        found = LINE.match(line) if key else None
        if not found or key not in left:
            out.append(line)
            continue
        left.discard(key)
        value = f" {flow(values[key])}" if key in values else found["value"].rstrip()
        comment = f"# {comments[key]}" if key in comments else found["comment"] or ""
        head = f"{found['indent']}{found['key']}:{value}"
        column = found.start("comment") if found["comment"] else 30
        out.append(
            f"{head.ljust(column - 1)} {comment}".rstrip() if len(head) < column else f"{head}  {comment}".rstrip()
        )
    if left:
        raise KeyError(min(left))
    return "\n".join(out) + "\n"


def keyed(text: str) -> Iterator[tuple[str, str]]:
    """Go through the lines, each with the dotted key that it sets; empty for lines that set none."""
    section = ""
    for line in text.splitlines():
        found = LINE.match(line)
        if not found:
            yield "", line
        elif not found["indent"]:
            section = found["key"]
            yield section, line
        else:
            yield f"{section}.{found['key']}", line


def flow(value: Any) -> str:
    """Write a value on one line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), sort_keys=False, allow_unicode=True)
    return text.removesuffix("...\n").strip()
