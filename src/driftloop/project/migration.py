"""params.yaml from one version to the next: renamed keys are moved, new ones added; everything else stays as a team has it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ruamel.yaml.nodes import MappingNode

from driftloop.params.yamltext import reader
from driftloop.project.parameters import keyed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ruamel.yaml.nodes import Node

# Old dotted key → new one, over all versions.
RENAMED: Mapping[str, str] = {}


@dataclass(frozen=True)
class Migrated:
    """A params.yaml of the new version.

    Attributes
    ----------
    text
        Of the file.
    moved, added
        Old key → new key; keys that were new.
    """

    text: str
    moved: Mapping[str, str]
    added: tuple[str, ...]


def migrate(text: str, template: str, renamed: Mapping[str, str] = RENAMED) -> Migrated:
    """Bring a params.yaml up to a template.

    Parameters
    ----------
    text
        A team's file: any YAML of two levels, in any style.
    template
        The file that the new version renders: one key per line.
    renamed
        Old dotted key → new one.
    """
    lines = text.splitlines()
    moved, added = {}, []
    for old, new in renamed.items():
        places = _places(lines)
        if old in places and new not in places:
            begin, end = places[old]
            block = lines[begin:end]
            block[0] = block[0].replace(old.rpartition(".")[2], new.rpartition(".")[2], 1)
            del lines[begin:end]
            _insert(lines, new, block, template, at=begin if _section(old) == _section(new) else None)
            moved[old] = new
    for key, line in keyed(template):
        if key and key not in _places(lines):
            _insert(lines, key, [line], template)
            if "." in key or not line.rstrip().endswith(":"):
                added.append(key)
    return Migrated("\n".join(lines) + "\n", moved, tuple(added))


def _section(key: str) -> str:
    return key.rpartition(".")[0]


def _places(lines: list[str]) -> dict[str, tuple[int, int]]:
    """Find the lines of each key of the first two levels: from its own to the one before the next key."""
    node = reader().compose("\n".join(lines) + "\n")
    found: dict[str, tuple[int, int]] = {}
    for name, value in node.value if isinstance(node, MappingNode) else []:
        inner = value.value if isinstance(value, MappingNode) and not value.flow_style else []
        found[name.value] = (name.start_mark.line, _last(lines, name, value))
        for key, content in inner:
            found[f"{name.value}.{key.value}"] = (key.start_mark.line, _last(lines, key, content))
    return found


def _last(lines: list[str], key: Node, value: Node) -> int:
    """Find the line after a value; blank lines and comments below it belong to what follows."""
    begin: int = key.start_mark.line
    mark = value.end_mark
    # The mark of a list or of keys is where the next thing begins, that of anything else in its own line.
    inside = mark.line < len(lines) and lines[mark.line][: mark.column].strip()
    end: int = max(mark.line + (1 if inside else 0), begin + 1)
    while end > begin + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return min(end, len(lines))


def _insert(lines: list[str], key: str, block: list[str], template: str, *, at: int | None = None) -> None:
    """Put lines behind those of the key that precedes them in the template."""
    places = _places(lines)
    if at is None:
        before: list[str] = []
        for name, _ in keyed(template):
            if name == key:
                break
            if name and _section(name) == _section(key):
                before.append(name)
        known = [places[name][1] for name in before if name in places]
        section = _section(key)
        at = known[-1] if known else (places[section][0] + 1 if section in places else len(lines))
    lines[at:at] = _indented(block, lines, section=_section(key))


def _indented(block: list[str], lines: list[str], *, section: str) -> list[str]:
    """Indent lines as the other keys of their section are."""
    places = _places(lines)
    beside = next((lines[begin] for name, (begin, _) in places.items() if section and _section(name) == section), None)
    if beside is None:
        return block
    wanted = len(beside) - len(beside.lstrip(" "))
    more = wanted - (len(block[0]) - len(block[0].lstrip(" ")))
    return [" " * more + line if more > 0 else line[-more:] for line in block]
