"""YAML without anything that stands for something else: each event is checked before a value is made of it.

The parser is ruamel.yaml, with which DVC reads the same files, so what is checked here is what DVC will see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from driftloop.errors import LoopError
from driftloop.foreign import TREE, check_merged, check_size

if TYPE_CHECKING:
    from driftloop.foreign import Bounds


def read(content: bytes, *, where: str) -> Any:
    """Read YAML; all scalars are text, so a hash of digits alone stays what it is.

    Raises
    ------
    LoopError
        If it is not YAML, is too large, or holds what `tree` refuses.
    """
    check_size(where, len(content))
    try:
        text = content.decode("utf-8")
        check_merged(text, where=where)
        return tree(text, where=where)
    except (YAMLError, ValueError, RecursionError) as exc:  # a UnicodeDecodeError is a ValueError
        msg = f"{where}: not valid YAML"
        raise LoopError(msg) from exc


def tree(text: str, *, where: str, bounds: Bounds = TREE) -> Any:
    """Return lists, dictionaries and text; refuse anchors, aliases, merge keys, tags, duplicate keys and keys that are not text.

    A tree beyond the bounds is refused too. An alias is what makes a small file large: nine of them in each of nine lists
    are 400 million values.

    Raises
    ------
    LoopError
        Naming the place.
    YAMLError
        If it is not YAML.
    """
    root = _Level([])
    levels = [root]
    count = documents = 0
    for event in YAML(typ="base", pure=True).parse(text):
        problem = ""
        if isinstance(event, CollectionEndEvent):
            levels.pop()
        elif isinstance(event, DocumentStartEvent):
            documents += 1
            problem = "not valid YAML: expected one document, found a second" if documents > 1 else ""
        elif isinstance(event, NodeEvent):
            count += 1
            problem = _strange(event) or levels[-1].take(event, bounds)
            if isinstance(event, CollectionStartEvent) and not problem:
                levels.append(_Level(levels[-1].newest))
        if len(levels) - 1 > bounds.depth or count > bounds.nodes:
            most = f"{bounds.depth} levels" if len(levels) - 1 > bounds.depth else f"{bounds.nodes:,} values"
            problem = f"expected at most {most}, got more"
        if problem:
            msg = f"{where} at {place(event.start_mark)}: {problem}"
            raise LoopError(msg)
    return root.newest


def place(mark: Any) -> str:
    """Name a place in the file."""
    return f"line {mark.line + 1}, column {mark.column + 1}"


class _Level:
    """A list or a dictionary that is being filled."""

    def __init__(self, values: Any) -> None:
        self.values = values
        self.marks: dict[str, Any] = {}
        self.newest: Any = None
        self.key: str | None = None

    def take(self, event: NodeEvent, bounds: Bounds) -> str:
        """Add the next key or value; say what is wrong with it, or nothing."""
        is_key = isinstance(self.values, dict) and self.key is None
        if isinstance(event, ScalarEvent):
            most = bounds.name if is_key else bounds.leaf
            if len(event.value) > most:
                return f"expected at most {most:,} characters, got {len(event.value):,}"
            if is_key:
                return self._take_key(event)
            self.newest = event.value
        elif is_key:
            return "expected text as key, found a list or keys"
        else:
            self.newest = {} if isinstance(event, MappingStartEvent) else []
        if self.key is None:
            self.values.append(self.newest)
        else:
            self.values[self.key], self.key = self.newest, None
        return ""

    def _take_key(self, event: ScalarEvent) -> str:
        self.key = event.value
        if self.key == "<<" and event.implicit[0]:
            return "expected plain keys, got a merge key (<<); write the keys out"
        if self.key in self.marks:
            return f"{self.key} stands twice, first at {place(self.marks[self.key])}; remove one"
        self.marks[self.key] = event.start_mark
        return ""


def _strange(event: NodeEvent) -> str:
    if isinstance(event, AliasEvent):
        return f"expected a value, got an alias (*{str(event.anchor)[:80]}); write the value out"
    if event.anchor is not None:
        return f"expected a value, got an anchor (&{event.anchor[:80]}); remove it, and write values out where they are used"
    if getattr(event, "tag", None) is not None:
        return "expected a value, got a tag (!); remove it"
    return ""
