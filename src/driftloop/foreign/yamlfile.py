"""YAML without anything that stands for something else: its events are looked at one by one before a value is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from driftloop.errors import LoopError
from driftloop.foreign import TREE, check_merged, check_size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from driftloop.foreign import Bounds

# All scalars are text: nothing is resolved, and a hash of digits alone stays what it is.
READER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def read(content: bytes, *, where: str) -> Any:
    """Read YAML whose scalars are all taken for text.

    Raises
    ------
    LoopError
        If it is not YAML, is too large, or holds what `scan` refuses.
    """
    check_size(where, len(content))
    try:
        text = content.decode("utf-8")
        check_merged(text, where=where)
        scan(yaml.parse(text, Loader=READER), where=where)
        return yaml.load(text, Loader=READER)  # noqa: S506 - makes text alone
    except (yaml.YAMLError, ValueError, RecursionError) as exc:  # a UnicodeDecodeError is a ValueError
        msg = f"{where}: not valid YAML"
        raise LoopError(msg) from exc


def scan(events: Iterable[yaml.Event], *, where: str, bounds: Bounds = TREE) -> None:
    """Refuse anchors, aliases, merge keys, tags, keys that are no text or stand twice, and what is too deep or too much.

    An alias is what makes a small file large: nine of them in each of nine lists are 400 million values.

    Raises
    ------
    LoopError
        Naming the place.
    """
    levels: list[_Level] = []
    count = 0
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            levels.pop()
        if not isinstance(event, yaml.NodeEvent):
            continue
        count += 1
        level = levels[-1] if levels else None
        if problem := _strange(event) or (level and level.refuses(event, bounds)):
            msg = f"{where} at {place(event.start_mark)}: {problem}"
            raise LoopError(msg)
        if isinstance(event, yaml.CollectionStartEvent):
            levels.append(_Level(mapping=isinstance(event, yaml.MappingStartEvent)))
        if len(levels) > bounds.depth or count > bounds.nodes:
            most = f"{bounds.depth} levels" if len(levels) > bounds.depth else f"{bounds.nodes:,} values"
            msg = f"{where} at {place(event.start_mark)}: expected at most {most}, got more"
            raise LoopError(msg)


def place(mark: Any) -> str:
    """Word a place of the file."""
    return f"line {mark.line + 1}, column {mark.column + 1}"


class _Level:
    """A list or a mapping that is being read."""

    def __init__(self, *, mapping: bool) -> None:
        self.mapping = mapping
        self.names: dict[str, Any] = {}
        self.at_key = mapping

    def refuses(self, event: yaml.NodeEvent, bounds: Bounds) -> str:
        """Say what is wrong with the next value here; empty if nothing is."""
        is_key, self.at_key = self.at_key, self.mapping and not self.at_key
        if isinstance(event, yaml.ScalarEvent):
            most = bounds.name if is_key else bounds.leaf
            if len(event.value) > most:
                return f"expected at most {most:,} characters, got {len(event.value):,}"
        if not is_key:
            return ""
        if not isinstance(event, yaml.ScalarEvent):
            return "expected text as key, found a list or keys"
        if event.value == "<<" and event.implicit[0]:
            return "expected plain keys, got a merge key (<<); write the keys out"
        if event.value in self.names:
            return f"{event.value} stands twice, first at {place(self.names[event.value])}; remove one"
        self.names[event.value] = event.start_mark
        return ""


def _strange(event: yaml.NodeEvent) -> str:
    if isinstance(event, yaml.AliasEvent):
        return f"expected a value, got an alias (*{str(event.anchor)[:80]}); write the value out"
    if event.anchor is not None:
        return f"expected a value, got an anchor (&{event.anchor[:80]}); remove it, and write values out where they are used"
    if getattr(event, "tag", None) is not None:
        return "expected a value, got a tag (!); remove it"
    return ""
