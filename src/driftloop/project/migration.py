"""params.yaml from one version to the next: renamed keys are moved, new ones added; everything else stays as a team has it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ruamel.yaml.nodes import MappingNode, ScalarNode

from driftloop.params.yamltext import reader
from driftloop.project.parameters import LINE, keyed

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
    moved
        Old key → new key.
    added, missing
        Keys that are new; those of them for which there is no place in what a team has written.
    dropped, unknown
        Keys that are no more, and were at their default; those that a team has set.
    """

    text: str
    moved: Mapping[str, str]
    added: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class Place(NamedTuple):
    """Where a key stands: its first line, the line after its value, and, in braces, where these close.

    `open` says whether a line can be put into it: not into braces of several lines, nor below a value.
    """

    begin: int
    end: int
    braces: tuple[int, int] | None = None
    open: bool = True


def migrate(text: str, old: str, template: str, renamed: Mapping[str, str] = RENAMED) -> Migrated:
    """Bring a params.yaml up to a template.

    Parameters
    ----------
    text
        A team's file: any YAML of two levels, in any style.
    old, template
        The file as the old version rendered it, and as the new one does: one key per line. A key that was in the old one and
        that the team has removed stays away.
    renamed
        Old dotted key → new one.
    """
    lines = text.splitlines()
    before, now = dict(_keys(old)), dict(_keys(template))
    moved = {was: new for was, new in renamed.items() if _move(lines, was, new, template)}
    gone = [key for key in before if key not in now and key not in renamed and key in _places(lines)]
    dropped = [key for key in gone if "." in key and _is_as_rendered(lines, key, before[key])]
    for key in dropped:
        place = _places(lines)[key]
        del lines[place.begin : place.end]
    added, missing = [], []
    for key, line in now.items():
        if key in before or key in moved.values() or key in (places := _places(lines)):
            continue
        if (section := places.get(_section(key))) and not section.open:
            missing.append(key)
            continue
        _insert(lines, key, [line], template)
        if "." in key or not line.rstrip().endswith(":"):
            added.append(key)
    unknown = tuple(key for key in gone if key not in dropped)
    return Migrated("\n".join(lines) + "\n", moved, tuple(added), tuple(missing), tuple(dropped), unknown)


def _keys(text: str) -> list[tuple[str, str]]:
    return [(key, line) for key, line in keyed(text) if key]


def _section(key: str) -> str:
    return key.rpartition(".")[0]


def _is_as_rendered(lines: list[str], key: str, line: str) -> bool:
    place = _places(lines)[key]
    return place.end == place.begin + 1 and lines[place.begin] == line


def _move(lines: list[str], was: str, new: str, template: str) -> bool:
    """Rename a key, and move it with its lines into another section; whether there was anything to do."""
    places = _places(lines)
    if was not in places or new in places or places.get(_section(was), Place(0, 0)).braces:
        return False
    begin, end = places[was][:2]
    block = lines[begin:end]
    block[0] = block[0].replace(was.rpartition(".")[2], new.rpartition(".")[2], 1)
    del lines[begin:end]
    _insert(lines, new, block, template, at=begin if _section(was) == _section(new) else None)
    return True


def _places(lines: list[str]) -> dict[str, Place]:
    """Find each key of the first two levels; those within braces stand in the lines of their section."""
    node = reader().compose("\n".join(lines) + "\n")
    found: dict[str, Place] = {}
    for name, value in node.value if isinstance(node, MappingNode) else []:
        flow = isinstance(value, MappingNode) and bool(value.flow_style)
        braces = (value.end_mark.line, value.end_mark.column - 1) if flow else None
        several = flow and value.end_mark.line > value.start_mark.line
        filled = not isinstance(value, MappingNode) and bool(value.value)
        place = Place(name.start_mark.line, _last(lines, name, value), braces, open=not several and not filled)
        found[name.value] = place
        for key, content in value.value if isinstance(value, MappingNode) else []:
            found[f"{name.value}.{key.value}"] = (
                place if flow else Place(key.start_mark.line, _last(lines, key, content))
            )
    return found


def _last(lines: list[str], key: Node, value: Node) -> int:
    """Find the line after a value; blank lines and comments below it belong to what follows, but in a block of text."""
    begin: int = key.start_mark.line
    mark = value.end_mark
    # The mark of a list or of keys is where the next thing begins, that of anything else in its own line.
    inside = mark.line < len(lines) and lines[mark.line][: mark.column].strip()
    end: int = max(mark.line + (1 if inside else 0), begin + 1)
    if isinstance(value, ScalarNode) and value.style in ("|", ">"):
        return min(end, len(lines))
    while end > begin + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return min(end, len(lines))


def _insert(lines: list[str], key: str, block: list[str], template: str, *, at: int | None = None) -> None:
    """Put lines behind those of the key that precedes them in the template."""
    places, section = _places(lines), _section(key)
    if section in places and (braces := places[section].braces):
        row, column = braces
        rest = lines[row][:column].rstrip()
        comma = "" if rest.endswith(("{", ",")) else ","
        found = LINE.match(block[0])
        entry = f"{found['key']}: {found['value'].strip()}" if found else block[0].strip()
        lines[row] = f"{rest}{comma}{'' if rest.endswith('{') else ' '}{entry}{lines[row][column:]}"
        return
    if at is None:
        before: list[str] = []
        for name, _ in _keys(template):
            if name == key:
                break
            if _section(name) == section:
                before.append(name)
        known = [places[name].end for name in before if name in places]
        at = known[-1] if known else (places[section].begin + 1 if section in places else len(lines))
    lines[at:at] = _indented(block, lines, section=section)


def _indented(block: list[str], lines: list[str], *, section: str) -> list[str]:
    """Indent lines as the other keys of their section are."""
    places = _places(lines)
    beside = next((lines[place.begin] for name, place in places.items() if section and _section(name) == section), None)
    if beside is None:
        return block
    wanted = len(beside) - len(beside.lstrip(" "))
    more = wanted - (len(block[0]) - len(block[0].lstrip(" ")))
    return [" " * more + line if more > 0 else line[-more:] for line in block]
