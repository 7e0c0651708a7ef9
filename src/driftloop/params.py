"""params.yaml as one frozen value; unknown keys are refused."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from driftloop.errors import ParamsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

YEARS = range(1900, 2200)  # with windows of at most a century, every date that is computed exists
SHOWN = 80  # characters of a wrong value
JARGON = {  # of PyYAML
    "but found another document": "expected one document, found a second",
    "could not determine a constructor for the tag": "unknown tag",
    "expected <block end>, but found '<block mapping start>'": "wrong indentation",
    "found character '\\t' that cannot start any token": "found a tab; indent with spaces",
    "the node content": "a value",
    "'<stream end>'": "the end of the file",
    "found unhashable key": "expected text as key, found a list or keys",
    "mapping values are not allowed here": "a colon is not expected here; check indentation and quotes",
}


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        msg = "expected a time zone such as UTC or Europe/Berlin"
        raise ValueError(msg)
    return name


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 date or time; without an offset it is UTC."""
    msg = 'expected a date or time such as "2025-03-31T00:00Z"'
    try:
        instant = datetime.fromisoformat(text)
        instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise ValueError(msg) from exc
    if instant.year not in YEARS:
        msg += f" in the years {YEARS.start} to {YEARS.stop - 1}"
        raise ValueError(msg)
    return instant


def _valid_instant(text: str) -> str:
    parse_instant(text)
    return text


def _once(names: list[str]) -> list[str]:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        msg = f"expected each name once, got {', '.join(twice)} twice"
        raise ValueError(msg)
    return names


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(values, allow_nan=False)
    except (TypeError, ValueError) as exc:
        msg = "expected numbers, text, true, false, null, lists and keys, got something else, such as a date or .nan"
        raise ValueError(msg) from exc
    return values


MOST_STEPS = 26  # that are refitted: half a year of weeks, enough for every decision, and a bound on the cost

# Columns of refits.parquet and of Evidently's input.
TAKEN = ("step", "prediction", "production_loss")
TAKEN_BEGINNINGS = ("production:", "refit:", "refit_loss", "proba:")

Positive = Annotated[int, Field(gt=0)]
Days = Annotated[int, Field(gt=0, le=36_500)]
Share = Annotated[float, Field(ge=0, lt=1)]
Name = Annotated[str, Field(min_length=1)]
Names = Annotated[list[Name], AfterValidator(_once), Field(json_schema_extra={"uniqueItems": True})]
Instant = Annotated[str, AfterValidator(_valid_instant), Field(examples=["2025-03-31T00:00Z"])]
Zone = Annotated[str, AfterValidator(_known_zone), Field(examples=["Europe/Berlin"])]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Labels(_Section):
    """Labels that live in a table of their own."""

    path: Name = Field(description="file, folder or glob")
    key: Names = Field(min_length=1, description="columns that join labels to rows; the newest row wins")


class Source(_Section):
    """Where rows come from."""

    kind: Literal["simulator", "bike_sharing", "files", "command"]
    path: str | None = Field(default=None, description="files: file, folder or glob; bike_sharing: hour.csv or zip")
    command: str | None = Field(default=None, description="writes Parquet to $OUT for [$FROM, $UNTIL)")
    labels: Labels | None = Field(default=None, description="labels in another table")
    since: Instant | None = Field(default=None, description="start of the history; null: all there is")
    until: Instant = Field(description="exclusive end; `driftloop refresh` moves it")
    fingerprint: str | None = Field(default=None, description="written by `driftloop refresh`")

    @model_validator(mode="after")
    def _complete(self) -> Source:
        needed = {
            "files": {"path": "a file, folder or glob"},
            "command": {"command": "a shell command", "since": "a date or time"},
        }
        for key, what in needed.get(self.kind, {}).items():
            if not getattr(self, key):
                msg = f"{key}: expected {what}, which kind {self.kind} needs, got {_shown(getattr(self, key))}"
                raise ValueError(msg)
        if self.labels and self.kind not in needed:
            msg = f"labels: expected null, since kind {self.kind} has its labels in the rows, got keys"
            raise ValueError(msg)
        if self.since and parse_instant(self.since) >= self.until_instant:
            msg = f"since: expected a date or time before until ({self.until}), got {_shown(self.since)}"
            raise ValueError(msg)
        return self

    @property
    def until_instant(self) -> datetime:
        """Exclusive end of the data, in UTC."""
        return parse_instant(self.until)


class Data(_Section):
    """What the columns mean."""

    timestamp: Name
    timezone: Zone = Field(default="UTC", description="for naive timestamps; cuts days")
    key: Names = Field(min_length=1, description="unique per row")
    target: Name
    target_unit: str = Field(default="", description="for texts")
    task: Literal["regression", "classification"] = "regression"
    label_delay_days: Annotated[int, Field(ge=0, le=36_500)] = Field(default=0, description="until labels are final")
    numerical: Names = Field(default_factory=list)
    categorical: Names = Field(default_factory=list)
    segments: Names = Field(default_factory=list, description="reported and guarded")
    private: Names = Field(default_factory=list, description="values appear in no report, page, issue or record")

    @model_validator(mode="after")
    def _consistent(self) -> Data:
        if self.target == self.timestamp:
            msg = f"target: expected another column than timestamp, got {self.target}"
            raise ValueError(msg)
        if not self.features:
            msg = "numerical: expected at least one column here or in categorical, got none"
            raise ValueError(msg)
        known = {self.timestamp, *self.key, self.target, *self.features}
        wrong = {
            "categorical: expected other columns than numerical": [n for n in self.categorical if n in self.numerical],
            "numerical: expected other columns than target and timestamp": self._not_features(self.numerical),
            "categorical: expected other columns than target and timestamp": self._not_features(self.categorical),
            "segments: expected columns that stand in categorical": [
                name for name in self.segments if name not in self.categorical
            ],
            "private: expected columns that are declared above": [name for name in self.private if name not in known],
        }
        for expected, names in wrong.items():
            if names:
                msg = f"{expected}, got {', '.join(names)}"
                raise ValueError(msg)
        alike = sorted(name for name in known if any(name != o and name.lower() == o.lower() for o in known))
        if alike:
            msg = f"expected column names that differ in more than upper and lower case, got {', '.join(alike)}"
            raise ValueError(msg)
        if taken := sorted(name for name in known if name in TAKEN or name.startswith(TAKEN_BEGINNINGS)):
            msg = f"expected column names other than those of driftloop's own tables, got {', '.join(taken)}"
            raise ValueError(msg)
        if reserved := sorted(name for name in known if name.startswith("_")):
            msg = f"expected column names that do not begin with an underscore, got {', '.join(reserved)}"
            raise ValueError(msg)
        return self

    def _not_features(self, names: list[str]) -> list[str]:
        return [name for name in names if name in (self.target, self.timestamp)]

    @property
    def features(self) -> list[str]:
        """Model inputs in declared order."""
        return [*self.numerical, *self.categorical]


class Windows(_Section):
    """Lengths in days."""

    train_days: Days | Literal["all"] = Field(default="all", description="training window of the recipe")
    judge_days: Days = Field(default=28, description="newest labelled days; the gate's window")
    current_days: Days = Field(default=7, description="newest days, labelled or not")
    reference_days: Days | Literal["all"] = Field(default="all", description="of production's training data")


class Monitor(_Section):
    """When to ask for attention."""

    policy: Literal["avoidable_loss", "loss", "evidently", "calendar"] = "avoidable_loss"
    step_days: Days = Field(default=7, description="days between refits")
    alert_at_days: Annotated[float, Field(gt=0)] = Field(default=8, description="normal days of error")
    calendar_days: Days = Field(default=91, description="policy calendar: days between retrainings")
    refit: bool = Field(default=True, description="false if training is dear: the loss test asks then")


class Train(_Section):
    """The recipe."""

    estimator: Name = Field(
        description="dotted name of a scikit-learn compatible estimator", examples=["sklearn.linear_model.Ridge"]
    )
    params: Annotated[dict[str, Any], AfterValidator(_plain)] = Field(default_factory=dict)
    trusted: list[str] = Field(default_factory=list, description="your classes allowed in model files")
    max_rows: Positive = Field(default=1_000_000, description="deterministic sample")
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


class Evaluate(_Section):
    """The gate."""

    metric: Literal["mae", "mse", "log_loss", "brier"] = "mae"
    min_gain: Share = Field(default=0.01, description="share of production's loss")
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = Field(default=0.95, description="one-sided")
    max_segment_loss: Annotated[float, Field(ge=0)] = Field(default=0.05, description="share; worse blocks promotion")
    min_rows: Positive = Field(default=200, description="labelled rows the gate needs")


class Report(_Section):
    """What is rendered."""

    max_rows: Annotated[int, Field(ge=0)] = Field(default=10_000, description="Evidently's sample; 0: no report")


class Params(_Section):
    """Everything tunable."""

    model: str = Field(
        pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$", description="name in issues, tags, pages", examples=["bike-demand"]
    )
    source: Source
    data: Data
    windows: Windows = Windows()
    monitor: Monitor = Monitor()
    train: Train
    evaluate: Evaluate = Evaluate()
    report: Report = Report()

    @model_validator(mode="after")
    def _metric_fits_task(self) -> Params:
        fitting = {"regression": ("mae", "mse"), "classification": ("log_loss", "brier")}[self.data.task]
        if self.evaluate.metric not in fitting:
            msg = f"evaluate.metric: expected {' or '.join(fitting)} for {self.data.task}, got {_shown(self.evaluate.metric)}"
            raise ValueError(msg)
        if self.monitor.policy == "evidently" and self.report.max_rows == 0:
            msg = "report.max_rows: expected more than 0 for monitor.policy evidently, got 0"
            raise ValueError(msg)
        if self.windows.judge_days > MOST_STEPS * self.monitor.step_days:
            most = f"{MOST_STEPS} times monitor.step_days ({self.monitor.step_days})"
            msg = f"windows.judge_days: expected at most {most}, got {self.windows.judge_days}"
            raise ValueError(msg)
        if self.windows.judge_days < self.monitor.step_days:
            steps = self.monitor.step_days
            msg = f"windows.judge_days: expected at least monitor.step_days ({steps}), got {self.windows.judge_days}"
            raise ValueError(msg)
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The zone that cuts days."""
        return ZoneInfo(self.data.timezone)


def load_params(path: Path) -> Params:
    """Read and validate params.yaml.

    Raises
    ------
    ParamsError
        One line naming the key, what was expected and what was found.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError as exc:
        msg = f"{path.name}: not found; run driftloop in the folder that holds it"
        raise ParamsError(msg) from exc
    except OSError as exc:
        msg = f"{path.name}: cannot be read: {exc.strerror}"
        raise ParamsError(msg) from exc
    except UnicodeDecodeError as exc:
        msg = f"{path.name}: expected text in UTF-8, got other bytes; save the file as UTF-8"
        raise ParamsError(msg) from exc
    return parse_params(text, where=path.name)


def parse_params(text: str, *, where: str) -> Params:
    """Validate the text of params.yaml; raises as `load_params` does."""
    raw = parse_yaml(text, where=where)
    if not isinstance(raw, dict):
        msg = f"{where}: expected keys such as source and data, got {'an empty file' if raw is None else _shown(raw)}"
        raise ParamsError(msg)
    try:
        return Params.model_validate(raw)
    except ValidationError as exc:
        raise ParamsError(_one_line(where, raw, exc)) from exc


@dataclass(frozen=True)
class _Date:
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
        ("merge", r"<<", ["<"]),
    ):
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(f"(?:{pattern})$"), first)
    Loader.add_constructor("tag:yaml.org,2002:int", _whole)
    Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: _Date(node.value))
    return Loader


def _whole(_: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = node.value.replace("_", "")
    return int(text, 0 if text[:2] in ("0o", "0x") else 10)


def parse_yaml(text: str, *, where: str) -> Any:
    """Read YAML 1.2 in which no key stands twice.

    Raises
    ------
    ParamsError
        One line with the place.
    """
    try:
        loader = _loader()(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse_doubles(node, where)
        return loader.construct_document(node)
    except yaml.reader.ReaderError as exc:
        line = text.count("\n", 0, exc.position) + 1
        msg = f"{where} at line {line}: not valid YAML: character U+{ord(text[exc.position]):04X} is not allowed"
        raise ParamsError(msg) from exc
    except yaml.MarkedYAMLError as exc:
        problem = exc.problem or "syntax error"
        for jargon, words in JARGON.items():
            problem = problem.replace(jargon, words)
        place = f" at {_place(exc.problem_mark)}" if exc.problem_mark else ""
        msg = f"{where}{place}: not valid YAML: {problem}"
        raise ParamsError(msg) from exc
    except (ValueError, RecursionError) as exc:  # a number of 5,000 digits, brackets in brackets in …
        msg = f"{where}: cannot be read: {str(exc).splitlines()[0]}"
        raise ParamsError(msg) from exc


def _place(mark: yaml.Mark) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"


def _refuse_doubles(node: yaml.Node, where: str) -> None:
    """Refuse a key that stands twice: PyYAML silently takes the last."""
    queue, seen = [node], set()
    while queue:
        here = queue.pop()
        if id(here) in seen or isinstance(here, yaml.ScalarNode):
            continue
        seen.add(id(here))
        first: dict[str, yaml.Mark] = {}
        for child in here.value:
            if isinstance(child, yaml.Node):
                queue.append(child)
                continue
            key, value = child
            queue += [key, value]
            name = str(key.value)
            if name in first:
                msg = f"{where} at {_place(key.start_mark)}: {name} stands twice, first at {_place(first[name])}; remove one"
                raise ParamsError(msg)
            first[name] = key.start_mark


def _one_line(name: str, raw: dict[Any, Any], exc: ValidationError) -> str:
    """Word the first problem, and count the other keys with one; a key that is unknown may be why another is missing."""
    found = [(_path(problem, raw), problem) for problem in exc.errors(include_url=False)]
    found.sort(key=lambda pair: pair[1]["type"] not in ("extra_forbidden", "invalid_key"))
    more = len({path for path, _ in found}) - 1
    return f"{name}: {_worded(*found[0])}" + (f" (and {more} more)" if more else "")


def _path(problem: ErrorDetails, raw: Any) -> tuple[str | int, ...]:
    """Name the place in the file: pydantic adds the member of a union that it tried."""
    path: list[str | int] = []
    for part in problem["loc"]:
        if (isinstance(raw, dict) and isinstance(part, str) and part in raw) or (
            isinstance(raw, list) and isinstance(part, int)
        ):
            path.append(part)
            raw = raw[part]  # type: ignore[index]
    return (*path, problem["loc"][-1]) if problem["type"] == "missing" else tuple(path)


def _worded(path: tuple[str | int, ...], problem: ErrorDetails) -> str:
    """Say *where: expected X, got Y*, and the remedy where it is known."""
    text, value = problem["msg"].removeprefix("Value error, "), problem["input"]
    where = ".".join(str(part) for part in path if isinstance(part, str))
    item = "".join(f" item {part + 1}:" for part in path if isinstance(part, int))
    match problem["type"]:
        case "extra_forbidden":
            known = list(_schema(path[:-1]).get("properties", {}))
            close = get_close_matches(str(path[-1]), known, n=1)
            return f"{where}: unknown key; " + (f"did you mean {close[0]}?" if close else f"expected {_list(known)}")
        case "missing":
            return f"{where}: missing; expected {_kind(_schema(path))}"
        case kind if kind == "invalid_key" or problem["loc"][-1:] == ("[key]",):
            return f"{where}: expected text as keys, got {_shown(value)}; put it in quotes".removeprefix(": ")
        case "value_error" if ": expected " in text:
            return f"{where}.{text}" if where else text
        case "value_error":
            return f"{where}: {text}" + ("" if ", got " in text else f", got {_shown(value)}")
    expected = _kind(_schema(path))
    return f"{where}:{item} expected {expected}, got {_shown(value)}{_remedy(expected, value)}"


def _shown(value: Any) -> str:
    """Write a value as it stands in the file."""
    if isinstance(value, _Date):
        return f"the date {value.text}"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, dict | BaseModel):
        return "keys"
    text = json.dumps(value, ensure_ascii=False, default=str)
    short = text if len(text) <= SHOWN else f'{text[:SHOWN]}…"'
    return {'""': "nothing", "Infinity": ".inf", "-Infinity": "-.inf", "NaN": ".nan"}.get(text, short)


def _remedy(expected: str, value: Any) -> str:
    if isinstance(value, _Date) or (expected.startswith("text") and isinstance(value, int | float)):
        return "; put it in quotes"
    if expected.startswith("a list") and isinstance(value, str) and value:
        return f"; put it in brackets: [{value}]"
    if expected.startswith(("a number", "a whole number", "true")) and isinstance(value, str) and _is_plain(value):
        return "; leave out the quotes"
    return ""


def _is_plain(text: str) -> bool:
    """Say whether this would be a number, true or false without its quotes."""
    try:
        return isinstance(parse_yaml(text, where=""), int | float)
    except ParamsError:
        return False


def _schema(path: tuple[str | int, ...]) -> Mapping[str, Any]:
    """Find what is allowed at a place of the file."""
    whole = Params.model_json_schema()
    node = whole
    for part in path:
        node = node["items"] if isinstance(part, int) else node.get("properties", {}).get(part, {})
        for choice in (node, *node.get("anyOf", ())):
            if "$ref" in choice:
                node = whole["$defs"][choice["$ref"].rpartition("/")[2]]
    return node


def _kind(schema: Mapping[str, Any]) -> str:
    """Word what is allowed."""
    if "anyOf" in schema:
        return _list([_kind(choice) for choice in schema["anyOf"]])
    if "enum" in schema or "const" in schema:
        return _list(schema.get("enum") or [schema["const"]])
    if schema["type"] in ("integer", "number"):
        return _number(schema)
    if "properties" in schema:
        return f"keys such as {_list(list(schema['properties'])[:3], 'and')}"
    text = "lower-case letters, digits, dots, dashes and underscores" if "pattern" in schema else "text"
    such = f" such as {json.dumps(schema['examples'][0])}" if "examples" in schema else ""
    words = {"boolean": "true or false", "array": "a list of names", "null": "null", "string": text + such}
    return words.get(schema["type"], "keys and values")


def _number(schema: Mapping[str, Any]) -> str:
    bounds = {">=": "minimum", ">": "exclusiveMinimum", "<=": "maximum", "<": "exclusiveMaximum"}
    given = {sign: schema[name] for sign, name in bounds.items() if name in schema}
    if schema["type"] == "number":
        return f"a number {' and '.join(f'{sign} {bound:g}' for sign, bound in given.items())}"
    low, high = given.get(">=", given.get(">", 0) + 1), given.get("<=", given.get("<", 0) - 1)
    return f"a whole number >= {low}" if high < 0 else f"a whole number from {low} to {high}"


def _list(names: list[str], word: str = "or") -> str:
    """Join in words."""
    return f" {word} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
