"""What people try: `train.params.max_iter=500 train.seed=1`, one experiment per line, written into the text of a params.yaml."""

from __future__ import annotations

import io
import re
import shlex
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq
from ruamel.yaml.error import YAMLError

from driftloop.errors import ParamsError
from driftloop.params import edit
from driftloop.params.load import parse_params
from driftloop.params.yamltext import PARAMS, parse_yaml, reader

WHERE = "overrides"
EXPECTED = "train.params.max_iter=500, or ~train.params.max_iter to remove it"
ENTRY = re.compile(r"(?P<sign>~|\+{0,2})(?P<key>[A-Za-z_]\w*(?:\.\w+)*)(?:=(?P<value>.*))?", re.ASCII | re.DOTALL)
MOST = 20  # experiments of a run
LONGEST = 4000  # characters
# Experiments are compared on the same rows; what the loop writes itself is not theirs.
FIXED = ("model", "source", "data", "retrain")


@dataclass(frozen=True)
class Override:
    """One parameter of an experiment.

    Attributes
    ----------
    key
        Dotted, such as `train.params.max_iter`.
    value
        What it becomes; of a parameter that is removed, nothing.
    removed
        Whether it is taken away.
    """

    key: str
    value: Any = None
    removed: bool = False


@dataclass(frozen=True)
class Experiment:
    """What is tried in one run of the pipeline: its text as people wrote it, and the parameters."""

    text: str
    overrides: tuple[Override, ...]

    def written(self, params: str) -> str:
        """Write the parameters into the text of a params.yaml, whose comments stay.

        Raises
        ------
        ParamsError
            If the result is none that driftloop accepts, or nothing differs.
        """
        tree, text = parse_yaml(params, where=PARAMS), params
        for each in self.overrides:
            tree = _with(tree, each.key.split("."), each)
            text = _edited(text, each)
        if repr(parse_yaml(text, where=PARAMS)) != repr(tree):
            msg = (
                f"{WHERE}: {self.text}: cannot be written into {PARAMS} as that is written; use one line per key there"
            )
            raise ParamsError(msg)
        if tree == parse_yaml(params, where=PARAMS):
            msg = f"{WHERE}: {self.text}: expected another value than {PARAMS} has, got the same"
            raise ParamsError(msg)
        parse_params(text, where=f"{WHERE}: {self.text}")
        return text


def parse(text: str) -> tuple[Experiment, ...]:
    """Read experiments: one per line, or several in a line with semicolons between them.

    Raises
    ------
    ParamsError
        One line that names the part which is wrong.
    """
    if len(text) > LONGEST:
        msg = f"{WHERE}: expected at most {LONGEST:,} characters, got {len(text):,}"
        raise ParamsError(msg)
    found = dict.fromkeys(line.strip() for line in re.split(r"[\n;]", text) if line.strip())
    if not 0 < len(found) <= MOST:
        msg = f"{WHERE}: expected 1 to {MOST} experiments, one per line, such as {EXPECTED}; got {len(found)}"
        raise ParamsError(msg)
    return tuple(Experiment(line, tuple(map(_override, _split(line)))) for line in found)


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as exc:
        msg = f"{WHERE}: {line}: {str(exc).lower()}; close the quote"
        raise ParamsError(msg) from exc


def _override(entry: str) -> Override:
    match = ENTRY.fullmatch(entry)
    removed = bool(match) and match["sign"] == "~" if match else False
    if not match or (match["value"] is None) != removed:
        msg = f"{WHERE}: expected {EXPECTED}; got {entry!r}"
        raise ParamsError(msg)
    if (section := match["key"].partition(".")[0]) in FIXED:
        msg = f"{WHERE}: {match['key']}: expected a parameter of another section than {section}; an experiment keeps the data"
        raise ParamsError(msg)
    try:
        value = None if removed else reader().load(match["value"])
    except YAMLError as exc:
        msg = f"{WHERE}: {match['key']}: expected a value as in YAML, got {match['value']!r}"
        raise ParamsError(msg) from exc
    return Override(match["key"], value, removed)


def _with(tree: Any, path: list[str], override: Override) -> Any:
    """Copy a tree with one value set or removed."""
    first, rest = path[0], path[1:]
    if not isinstance(tree, dict) or ((rest or override.removed) and first not in tree):
        msg = f"{WHERE}: {override.key}: {PARAMS} has no such key"
        raise ParamsError(msg)
    if rest:
        return {**tree, first: _with(tree[first], rest, override)}
    if override.removed:
        return {key: value for key, value in tree.items() if key != first}
    return {**tree, first: override.value}


def _edited(text: str, override: Override) -> str:
    """Change one value in its place; where it has none, let ruamel.yaml write the file, which may move comments."""
    if not override.removed and isinstance(override.value, str | int | float | None):
        try:
            return edit.with_values(text, {override.key: override.value})
        except ParamsError:
            pass  # no scalar stands there
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.representer.add_representer(
        type(None), lambda shown, _: shown.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    tree = yaml.load(text)
    node, (*sections, last) = tree, override.key.split(".")
    for name in sections:
        node = node[name]
    if override.removed:
        del node[last]
    else:
        node[last] = CommentedSeq(override.value) if isinstance(override.value, list) else override.value
        if isinstance(override.value, list):
            node[last].fa.set_flow_style()
    out = io.StringIO()
    yaml.dump(tree, out)
    return out.getvalue()
