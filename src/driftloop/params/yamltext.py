"""The text of params.yaml, read with ruamel.yaml as DVC reads it: YAML 1.2, with one line for what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from driftloop import foreign
from driftloop.errors import LoopError, ParamsError
from driftloop.foreign import yamlfile

PARAMS = "params.yaml"
JARGON = {  # of ruamel.yaml
    "expected <block end>, but found '<block mapping start>'": "wrong indentation",
    "found character '\\t' that cannot start any token": "found a tab; indent with spaces",
    "the node content": "a value",
    "'<stream end>'": "the end of the file",
    "mapping values are not allowed here": "a colon is not expected here; check indentation and quotes",
    "could not determine a constructor for the tag 'tag:yaml.org,2002:value'": "found =, which needs quotes",
}


@dataclass(frozen=True)
class Unquoted:
    """A date or time without quotes, which DVC refuses too."""

    text: str


class _Constructor(SafeConstructor):
    """Keeps a date as it stands in the file, for messages."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: Unquoted(node.value))


def reader() -> YAML:
    """Make a reader; one that has failed keeps what it has read."""
    made = YAML(typ="safe", pure=True)
    made.Constructor = _Constructor
    return made


def parse_yaml(text: str, *, where: str) -> Any:
    """Read YAML 1.2 within the bounds of `foreign`, without duplicate keys or anything that stands for something else.

    Raises
    ------
    ParamsError
        One line with the place.
    """
    try:
        foreign.check_size(PARAMS, len(text), where=where)
        foreign.check_merged(text, where=where)
        yamlfile.tree(text, where=where)
        return reader().load(text)
    except LoopError as exc:
        raise ParamsError(str(exc)) from exc
    except ReaderError as exc:
        line = text.count("\n", 0, exc.position) + 1
        msg = f"{where} at line {line}: not valid YAML: character U+{ord(text[exc.position]):04X} is not allowed"
        raise ParamsError(msg) from exc
    except MarkedYAMLError as exc:
        problem = exc.problem or "syntax error"
        for jargon, words in JARGON.items():
            problem = problem.replace(jargon, words)
        place = f" at {yamlfile.place(exc.problem_mark)}" if exc.problem_mark else ""
        msg = f"{where}{place}: not valid YAML: {problem}"
        raise ParamsError(msg) from exc
    except (YAMLError, ValueError, RecursionError) as exc:  # such as a number of 5,000 digits
        msg = f"{where}: cannot be read: {str(exc).splitlines()[0]}"
        raise ParamsError(msg) from exc
