"""YAML 1.2, as DVC reads the same file, with one line for what is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from driftloop import foreign
from driftloop.errors import LoopError, ParamsError
from driftloop.foreign import yamlfile

PARAMS = "params.yaml"
JARGON = {  # of PyYAML
    "but found another document": "expected one document, found a second",
    "expected <block end>, but found '<block mapping start>'": "wrong indentation",
    "found character '\\t' that cannot start any token": "found a tab; indent with spaces",
    "the node content": "a value",
    "'<stream end>'": "the end of the file",
    "mapping values are not allowed here": "a colon is not expected here; check indentation and quotes",
}


@dataclass(frozen=True)
class Unquoted:
    """A date or time without quotes, which DVC refuses too."""

    text: str


@cache
def _loader() -> type[yaml.SafeLoader]:
    """Make a reader of YAML 1.2, as DVC reads the same file: 1e-5, which `dvc exp run -S` writes, is a number, and yes is text."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.yaml_implicit_resolvers = {}
    day, hour = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]*)?"
    for kind, pattern, first in (
        ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
        ("int", r"[-+]?[0-9][0-9_]*|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
        ("float", r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
        ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+.")),
        (
            "timestamp",
            rf"{day}|{day}([Tt]|[ \t]+){hour}([ \t]*(Z|[-+][0-9]{{1,2}}(:?[0-9]{{2}})?))?",
            list("0123456789"),
        ),
    ):
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(f"(?:{pattern})$"), first)
    Loader.add_constructor("tag:yaml.org,2002:int", _whole)
    Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: Unquoted(node.value))
    return Loader


def _whole(_: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = node.value.replace("_", "")
    return int(text, 0 if text[:2] in ("0o", "0x") else 10)


def parse_yaml(text: str, *, where: str) -> Any:
    """Read YAML 1.2, of which `foreign` says what it may hold: no key stands twice, and nothing stands for something else.

    Raises
    ------
    ParamsError
        One line with the place.
    """
    try:
        foreign.check_size(PARAMS, len(text), where=where)
        foreign.check_merged(text, where=where)
        yamlfile.scan(yaml.parse(text, Loader=_loader()), where=where)
        return yaml.load(text, Loader=_loader())  # noqa: S506 - a safe one
    except LoopError as exc:
        raise ParamsError(str(exc)) from exc
    except yaml.reader.ReaderError as exc:
        line = text.count("\n", 0, exc.position) + 1
        msg = f"{where} at line {line}: not valid YAML: character U+{ord(text[exc.position]):04X} is not allowed"
        raise ParamsError(msg) from exc
    except yaml.MarkedYAMLError as exc:
        problem = exc.problem or "syntax error"
        for jargon, words in JARGON.items():
            problem = problem.replace(jargon, words)
        place = f" at {yamlfile.place(exc.problem_mark)}" if exc.problem_mark else ""
        msg = f"{where}{place}: not valid YAML: {problem}"
        raise ParamsError(msg) from exc
    except (ValueError, RecursionError) as exc:  # a number of 5,000 digits, brackets in brackets in …
        msg = f"{where}: cannot be read: {str(exc).splitlines()[0]}"
        raise ParamsError(msg) from exc
