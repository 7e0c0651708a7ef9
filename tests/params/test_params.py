"""params.yaml: whatever is wrong with it gives one line that names the key, what was expected and what was found."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from architecture import SRC
from factories import make_params
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.errors import ParamsError
from driftloop.params import Params, load_params, parse_params, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOT = SRC.parent

TEXT = """\
model: bikes  # a comment
source:
  kind: files
  path: in.csv
  command: null
  labels: null
  since: null
  until: "2025-03-03T00:00Z"
  fingerprint: null
data:
  timestamp: ts
  timezone: UTC
  key: [ts]
  target: y
  target_unit: pieces
  task: regression
  label_delay_days: 7
  numerical: [x, z]
  categorical: [c, d]
  segments: [c]
  private: []
windows:
  train_days: all
  judge_days: 28
monitor:
  policy: avoidable_loss
  step_days: 7
  alert_at_days: 8
  refit: true
train:
  estimator: sklearn.linear_model.Ridge
  params: {alpha: 1.0}
  trusted: []
  seed: 0
evaluate:
  metric: mae
  min_gain: 0.01
  confidence: 0.95
  min_rows: 200
report:
  max_rows: 0
"""

WHEN = 'text such as "2025-03-31T00:00Z"'
NAME = 'lower-case letters, digits, dots, dashes and underscores such as "bike-demand"'
LITERAL = (
    "expected the name of an environment variable, such as $PGPASSWORD, in place of the password, got a literal one; change "
    "that password if anybody else has seen it"
)
NO_URL = (
    "expected a URL such as postgresql://$PGUSER:$PGPASSWORD@db.example/shop, or a variable that holds one, such as $DATABASE_URL, "
    "got something else, not quoted here"
)
SECRETS = (
    "postgresql://me:PW@db/shop", "postgresql://$ME:P@W#@db", "mysql://$ME:x$PW@db", "postgres://db/shop?user=a&password=PW",
    "postgres://$ME:$PW@db/shop?sslpassword=PW", "duckdb://md:shop?motherduck_token=PW",
)  # fmt: skip

# What stands in TEXT, what is put in its place, and the line that says what is wrong.
WRONG = {
    # keys
    "unknown key": ("seed: 0", "seed: 0\n  colour: red", "train.colour: unknown key; expected estimator, params, encoding, trusted, max_rows or seed"),
    "unknown section": ("report:", "oddities: {}\nreport:", "oddities: unknown key; expected model, source, data, windows, monitor, train, evaluate, retrain, report or engine"),
    "misspelt key": ("  policy:", "  polcy:", "monitor.polcy: unknown key; did you mean policy?"),
    "misspelt key that must be there": ("  until:", "  untill:", "source.untill: unknown key; did you mean until? (and 1 more)"),
    "misspelt section": ("data:", "date:", "date: unknown key; did you mean data? (and 1 more)"),
    "unknown key of labels": ("labels: null", "labels: {path: l.csv, keys: [ts]}", "source.labels.keys: unknown key; did you mean key? (and 1 more)"),
    "missing key": ('  until: "2025-03-03T00:00Z"\n', "", f"source.until: missing; expected {WHEN}"),
    "missing section": ("  estimator: sklearn.linear_model.Ridge\n", "", 'train.estimator: missing; expected text such as "sklearn.linear_model.Ridge"'),
    "missing model": ("model: bikes  # a comment\n", "", f"model: missing; expected {NAME}"),
    "missing kind": ("  kind: files\n", "", "source.kind: missing; expected simulator, bike_sharing, files, command or sql"),
    "number as key": ("{alpha: 1.0}", "{1: 2}", "train.params: expected text as keys, got 1; put it in quotes"),
    # types
    "number as text": ("target: y", "target: 7", "data.target: expected text, got 7; put it in quotes"),
    "empty text": ("target: y", 'target: ""', "data.target: expected text, got nothing"),
    "nothing for text": ("target: y", "target:", "data.target: expected text, got null"),
    "text as whole number": ("min_rows: 200", "min_rows: many", 'evaluate.min_rows: expected a whole number >= 1, got "many"'),
    "number in quotes": ("min_rows: 200", 'min_rows: "200"', 'evaluate.min_rows: expected a whole number >= 1, got "200"; leave out the quotes'),
    "fraction": ("judge_days: 28", "judge_days: 2.5", "windows.judge_days: expected a whole number from 1 to 36500 or auto, got 2.5"),
    "true as number": ("min_rows: 200", "min_rows: true", "evaluate.min_rows: expected a whole number >= 1, got true"),
    "null as number": ("min_rows: 200", "min_rows:", "evaluate.min_rows: expected a whole number >= 1, got null"),
    "text as number": ("min_gain: 0.01", "min_gain: 1%", 'evaluate.min_gain: expected a number >= 0 and < 1, got "1%"'),
    "comma in number": ("min_gain: 0.01", "min_gain: 0,01", 'evaluate.min_gain: expected a number >= 0 and < 1, got "0,01"'),
    "number as truth": ("refit: true", "refit: 1", "monitor.refit: expected true or false, got 1"),
    "yes as truth": ("refit: true", "refit: yes", 'monitor.refit: expected true or false, got "yes"'),
    "truth in quotes": ("refit: true", 'refit: "true"', 'monitor.refit: expected true or false, got "true"; leave out the quotes'),
    "text as list": ("key: [ts]", "key: ts", 'data.key: expected a list of names, got "ts"; put it in brackets: [ts]'),
    "keys as list": ("key: [ts]", "key: {ts: 1}", "data.key: expected a list of names, got keys"),
    "number in list": ("numerical: [x, z]", "numerical: [x, 2]", "data.numerical: item 2: expected text, got 2; put it in quotes"),
    "list in list": ("numerical: [x, z]", "numerical: [[x, z]]", "data.numerical: item 1: expected text, got a list"),
    "empty list": ("key: [ts]", "key: []", "data.key: expected a list of names, got an empty list"),
    "nothing as section": ("report:\n  max_rows: 0\n", "report:\n", "report: expected keys such as max_rows, pages and min_bin_rows, got null"),
    "text as section": ("report:\n  max_rows: 0\n", "report: none\n", 'report: expected keys such as max_rows, pages and min_bin_rows, got "none"'),
    "list as keys": ("{alpha: 1.0}", "[alpha, 1.0]", "train.params: expected keys and values, got a list"),
    "text as labels": ("labels: null", "labels: l.csv", 'source.labels: expected keys such as path and key, got "l.csv"'),
    "a long text": ("min_rows: 200", f"min_rows: {'long ' * 99}", f'evaluate.min_rows: expected a whole number >= 1, got "{"long " * 15}long…"'),
    "two lists wrong": ("key: [ts]\n  target: y", "key: ts\n  target: 7", 'data.key: expected a list of names, got "ts"; put it in brackets: [ts] (and 1 more)'),
    # ranges
    "too small": ("min_gain: 0.01", "min_gain: -0.1", "evaluate.min_gain: expected a number >= 0 and < 1, got -0.1"),
    "per cent as share": ("confidence: 0.95", "confidence: 95", "evaluate.confidence: expected a number > 0.5 and < 1, got 95"),
    "no day": ("judge_days: 28", "judge_days: 0", "windows.judge_days: expected a whole number from 1 to 36500 or auto, got 0"),
    "millennia": ("label_delay_days: 7", "label_delay_days: 1000000", "data.label_delay_days: expected a whole number from 0 to 36500, got 1000000"),
    "number or word": ("train_days: all", "train_days: some", 'windows.train_days: expected a whole number from 1 to 36500 or all or auto, got "some"'),
    "number or word, too small": ("train_days: all", "train_days: 0", "windows.train_days: expected a whole number from 1 to 36500 or all or auto, got 0"),
    "seed": ("seed: 0", "seed: 4294967296", "train.seed: expected a whole number from 0 to 2147483647, got 4294967296"),
    "infinity": ("alert_at_days: 8", "alert_at_days: .inf", "monitor.alert_at_days: expected a number > 0, got .inf"),
    "not a number": ("min_gain: 0.01", "min_gain: .nan", "evaluate.min_gain: expected a number >= 0 and < 1, got .nan"),
    "not a number for the estimator": ("{alpha: 1.0}", "{alpha: .nan}", "train.params: expected numbers, text, true, false, null, lists and keys, got something else, such as a date or .nan"),
    # words
    "kind": ("kind: files", "kind: database", 'source.kind: expected simulator, bike_sharing, files, command or sql, got "database"'),
    "policy": ("policy: avoidable_loss", "policy: monthly", 'monitor.policy: expected avoidable_loss, loss, evidently or calendar, got "monthly"'),
    "task": ("task: regression", "task: ranking", 'data.task: expected regression or classification, got "ranking"'),
    "metric": ("metric: mae", "metric: mape", 'evaluate.metric: expected mae, mse, log_loss or brier, got "mape"'),
    "metric of the other task": ("metric: mae", "metric: brier", 'evaluate.metric: expected mae or mse for regression, got "brier"'),
    "metric missing for classification": ("task: regression", "task: classification", 'evaluate.metric: expected log_loss or brier for classification, got "mae"'),
    "model": ("model: bikes", "model: My Bikes", f'model: expected {NAME}, got "My Bikes"'),
    "zone": ("timezone: UTC", "timezone: Mars/Base", 'data.timezone: expected a time zone such as UTC or Europe/Berlin, got "Mars/Base"'),
    "path as zone": ("timezone: UTC", "timezone: ../UTC", 'data.timezone: expected a time zone such as UTC or Europe/Berlin, got "../UTC"'),
    # how things are written
    "format without a day": ("timestamp: ts", 'timestamp: ts\n  timestamp_format: "%Y-%m"', 'data.timestamp_format: expected epoch_s, epoch_ms, epoch_us, epoch_ns, or a strptime format with year, month and day such as "%d/%m/%Y %H:%M", got "%Y-%m"'),
    "format of another unit": ("timestamp: ts", "timestamp: ts\n  timestamp_format: epoch", 'data.timestamp_format: expected epoch_s, epoch_ms, epoch_us, epoch_ns, or a strptime format with year, month and day such as "%d/%m/%Y %H:%M", got "epoch"'),
    "format with a strange directive": ("timestamp: ts", 'timestamp: ts\n  timestamp_format: "%F %T"', "data.timestamp_format: expected directives such as %Y, %m, %d, %H, %M, %S, got %F"),
    "format with an open end": ("timestamp: ts", 'timestamp: ts\n  timestamp_format: "%Y%m%d%"', "data.timestamp_format: expected directives such as %Y, %m, %d, %H, %M, %S, got %"),
    "format of half a day": ("timestamp: ts", 'timestamp: ts\n  timestamp_format: "%d.%m.%Y %I:%M"', 'data.timestamp_format: expected %I (hour 1 to 12) and %p (AM or PM) together, got "%d.%m.%Y %I:%M"'),
    "timestamp of numbers": ("timestamp: ts", "timestamp: [1]", "data.timestamp: item 1: expected text, got 1; put it in quotes"),
    "timestamp of nothing": ("timestamp: ts", "timestamp: []", "data.timestamp: expected text or a list of names, got an empty list"),
    "target in the timestamp": ("timestamp: ts", "timestamp: [ts, y]", "data.target: expected another column than timestamp, got y"),
    "separator of two characters": ("labels: null", 'labels: null\n  csv: {separator: ";;"}', 'source.csv.separator: expected one character such as ; or \\t, got ";;"'),
    "decimal": ("labels: null", 'labels: null\n  csv: {decimal: ";"}', 'source.csv.decimal: expected . or ,, got ";"'),
    "labels of a simulator": ("labels: null", "labels: null\n  simulated: {label_days: 7}", "source.simulated: expected 0, since kind files is not simulated, got label_days 7 and labels_lost 0"),
    "thousands": ("labels: null", "labels: null\n  csv: {thousands: k}", """source.csv.thousands: expected ',', '.', ' ', "'", '_', got "k\""""),
    "thousands as decimal": ("labels: null", 'labels: null\n  csv: {thousands: "."}', 'source.csv.thousands: expected another mark than decimal, got "."'),
    "encoding": ("labels: null", "labels: null\n  csv: {encoding: ansi}", 'source.csv.encoding: expected an encoding such as utf-8, cp1252 or utf-16, got "ansi"'),
    "encoding that is none of text": ("labels: null", "labels: null\n  csv: {encoding: base64}", 'source.csv.encoding: expected an encoding such as utf-8, cp1252 or utf-16, got "base64"'),
    "null values as text": ("labels: null", "labels: null\n  csv: {null_values: NA}", 'source.csv.null_values: expected a list of names or null, got "NA"; put it in brackets: [NA]'),
    "CSV of the simulator": ("kind: files\n  path: in.csv\n  command: null\n  labels: null", "kind: simulator\n  csv: {decimal: ','}", 'source.csv.decimal: expected null, since kind simulator has no CSV of yours, got ","'),
    "one code": ("private: []", "private: []\n  missing: -200", "data.missing: expected a list of numbers and text or keys and values, got -200; put it in brackets: [-200]"),
    "one code of a column": ("private: []", "private: []\n  missing: {x: -200}", "data.missing.x: expected a list of numbers and text, got -200; put it in brackets: [-200]"),
    "a code that is none": ("private: []", "private: []\n  missing: [-200, true]", "data.missing: item 2: expected a whole number, a number or text, got true"),
    # dates
    "no date": ('"2025-03-03T00:00Z"', '"soon"', 'source.until: expected a date or time such as "2025-03-31T00:00Z", got "soon"'),
    "no such date": ('"2025-03-03T00:00Z"', '"2025-02-30"', 'source.until: expected a date or time such as "2025-03-31T00:00Z", got "2025-02-30"'),
    "date without quotes": ('"2025-03-03T00:00Z"', "2025-03-03", f"source.until: expected {WHEN}, got the date 2025-03-03; put it in quotes"),
    "time without quotes": ('"2025-03-03T00:00Z"', "2025-03-03T00:00:00Z", f"source.until: expected {WHEN}, got the date 2025-03-03T00:00:00Z; put it in quotes"),
    "no such date without quotes": ('"2025-03-03T00:00Z"', "2025-02-30", f"source.until: expected {WHEN}, got the date 2025-02-30; put it in quotes"),
    "no such time without quotes": ('"2025-03-03T00:00Z"', "2025-03-03 25:00:00", f"source.until: expected {WHEN}, got the date 2025-03-03 25:00:00; put it in quotes"),
    "since without quotes": ("since: null", "since: 2025-01-01", f"source.since: expected {WHEN} or null, got the date 2025-01-01; put it in quotes"),
    "year as date": ("since: null", "since: 2025", f"source.since: expected {WHEN} or null, got 2025; put it in quotes"),
    "before time": ('"2025-03-03T00:00Z"', '"0001-01-01T00:00+05:00"', 'source.until: expected a date or time such as "2025-03-31T00:00Z", got "0001-01-01T00:00+05:00"'),
    "a far year": ('"2025-03-03T00:00Z"', '"9999-12-31"', 'source.until: expected a date or time such as "2025-03-31T00:00Z" in the years 1900 to 2199, got "9999-12-31"'),
    "since is until": ("since: null", 'since: "2025-03-03"', 'source.since: expected a date or time before until (2025-03-03T00:00Z), got "2025-03-03"'),
    "since after until": ("since: null", 'since: "2026-01-01"', 'source.since: expected a date or time before until (2025-03-03T00:00Z), got "2026-01-01"'),
    "date for the estimator": ("{alpha: 1.0}", "{alpha: 2025-01-01}", "train.params: expected numbers, text, true, false, null, lists and keys, got something else, such as a date or .nan"),
    # what has to fit together
    "files without path": ("path: in.csv", "path: null", "source.path: expected a file, folder or glob, which kind files needs, got null"),
    "command without command": ("kind: files", "kind: command", "source.command: expected a shell command, which kind command needs, got null"),
    "command without since": ("kind: files\n  path: in.csv\n  command: null", "kind: command\n  command: ./export", "source.since: expected a date or time, which kind command needs, got null"),
    "sql without url": ("kind: files", "kind: sql", "source.url: expected the URL of a database, which kind sql needs, got null"),
    "sql without table": ("kind: files", "kind: sql\n  url: $DB", "source.table: expected either a table or a query, got neither"),
    "sql with both": ("kind: files", "kind: sql\n  url: $DB\n  table: t\n  query: SELECT 1", "source.table: expected either a table or a query, got both"),
    **{f"password in {url.partition('PW')[0]}": ("kind: files", f"kind: sql\n  table: t\n  url: {url}", f"source.url: {LITERAL}") for url in SECRETS},
    "host alone": ("kind: files", "kind: sql\n  table: t\n  url: user:PW@db", f"source.url: {NO_URL}"),
    "labels of the simulator": ("kind: files\n  path: in.csv\n  command: null\n  labels: null", "kind: simulator\n  labels: {path: l.csv, key: [ts]}", "source.labels: expected null, since kind simulator has its labels in the rows, got keys"),
    "no features": ("numerical: [x, z]\n  categorical: [c, d]\n  segments: [c]", "numerical: []", "data.numerical: expected at least one column here or in categorical, got none"),
    "column twice": ("numerical: [x, z]", "numerical: [x, z, x]", "data.numerical: expected each name once, got x twice"),
    "key twice": ("key: [ts]", "key: [ts, ts]", "data.key: expected each name once, got ts twice"),
    "column in both lists": ("numerical: [x, z]", "numerical: [x, c]", "data.categorical: expected other columns than numerical, got c"),
    "target among features": ("target: y", "target: x", "data.numerical: expected other columns than target and timestamp, got x"),
    "timestamp among features": ("timestamp: ts", "timestamp: d", "data.categorical: expected other columns than target and timestamp, got d"),
    "target is timestamp": ("target: y", "target: ts", "data.target: expected another column than timestamp, got ts"),
    "segments of numbers": ("segments: [c]", "segments: [x]", "data.segments: expected columns that stand in categorical, got x"),
    "private stranger": ("private: []", "private: [name]", "data.private: expected columns that are declared above, got name"),
    "accepted stranger": ("private: []", "accepted: [{column: n, since: '2025-03-01'}]", "data.accepted: expected columns of numerical or categorical, got n"),
    "accepted since no date": ("private: []", "accepted: [{column: x, since: soon}]", 'data.accepted.since: item 1: expected a date such as "2025-03-31", got "soon"'),
    "fits without a cluster": ("report:", "engine: {fits: cluster}\nreport:", 'engine.fits: expected local, since kind duckdb has no cluster, got "cluster"'),
    "accepted categories of a number": ("private: []", "accepted: [{column: x, since: '2025-03-01', categories: [A]}]", "data.accepted: expected categories of a column in categorical, got x"),
    "accepted range of a name": ("private: []", "accepted: [{column: c, since: '2025-03-01', range: [0, 1]}]", "data.accepted: expected the range of a column in numerical, got c"),
    "accepted value of a private column": ("private: []", "private: [c]\n  accepted: [{column: c, since: '2025-03-01', categories: [A]}]", "data.accepted: expected no values of a private column, got c"),
    "accepted range the wrong way round": ("private: []", "accepted: [{column: x, since: '2025-03-01', range: [1, 0]}]", "data.accepted.range: expected the smaller end first, got [1, 0]"),
    "reserved column": ("numerical: [x, z]", "numerical: [x, Driftloop:z]", "data: expected column names that do not begin with driftloop:, got Driftloop:z"),
    "upper and lower case": ("numerical: [x, z]", "numerical: [x, X]", "data: expected column names that differ in more than upper and lower case, got X, x"),
    "judged window shorter than a step": ("judge_days: 28", "judge_days: 6", "windows.judge_days: expected at least monitor.step_days (7), got 6"),
    "policy that needs the report": ("policy: avoidable_loss", "policy: evidently", "report.max_rows: expected more than 0 for monitor.policy evidently, got 0"),
    "judged window of too many steps": ("judge_days: 28", "judge_days: 200", "windows.judge_days: expected at most 26 times monitor.step_days (7), got 200"),
}  # fmt: skip

# Whole files. The name of the file comes first in each line, and a place where there is one.
NOT_YAML = {
    "no byte": ("", ": expected keys such as source and data, got an empty file"),
    "comments only": ("# model: bikes\n---\n", ": expected keys such as source and data, got an empty file"),
    "a word": ("bikes\n", ': expected keys such as source and data, got "bikes"'),
    "a list": ("- model: bikes\n", ": expected keys such as source and data, got a list"),
    "an empty list": ("[]", ": expected keys such as source and data, got an empty list"),
    "numbers as keys": ("1: 2\n", ": expected text as keys, got 1; put it in quotes (and 4 more)"),
    "key twice": ("model: a\nsource: {}\nmodel: b\n", " at line 3, column 1: model stands twice, first at line 1, column 1; remove one"),
    "nested key twice": ("data:\n  key: [a]\n  key: [b]\n", " at line 3, column 3: key stands twice, first at line 2, column 3; remove one"),
    "key twice in braces": ("params: {a: 1, b: 2, a: 3}\n", " at line 1, column 22: a stands twice, first at line 1, column 10; remove one"),
    "key twice in a list": ("x:\n- {a: 1, a: 2}\n", " at line 2, column 10: a stands twice, first at line 2, column 4; remove one"),
    "colon in a value": ("model: a\nx: b: c\n", " at line 2, column 5: not valid YAML: a colon is not expected here; check indentation and quotes"),
    "indented too far": ("source:\n  kind: files\n    path: x\n", " at line 3, column 9: not valid YAML: a colon is not expected here; check indentation and quotes"),
    "indented too little": ("source:\n    kind: files\n  path: x\n", " at line 3, column 3: not valid YAML: wrong indentation"),
    "tab": ("source:\n\tkind: files\n", " at line 2, column 1: not valid YAML: found a tab; indent with spaces"),
    "open bracket": ("key: [a, b\n", " at line 2, column 1: not valid YAML: expected ',' or ']', but got the end of the file"),
    "wrong bracket": ("key: [a, b}\n", " at line 1, column 11: not valid YAML: expected ',' or ']', but got '}'"),
    "open quote": ('a: "b\n', " at line 2, column 1: not valid YAML: found unexpected end of stream"),
    "two documents": ("a: 1\n---\nb: 2\n", " at line 2, column 1: not valid YAML: expected one document, found a second"),
    "unknown tag": ("a: !python/object:os.system x\n", " at line 1, column 4: expected a value, got a tag (!); remove it"),
    "python tag": ("a: !!python/object/apply:os.system [ls]\n", " at line 1, column 4: expected a value, got a tag (!); remove it"),
    "alias": ("a: *b\n", " at line 1, column 4: expected a value, got an alias (*b); write the value out"),
    "anchor": ("a: &b [1]\n", " at line 1, column 4: expected a value, got an anchor (&b); remove it, and write values out"),
    "merge key": ("a: {<<: {b: 1}}\n", " at line 1, column 5: expected plain keys, got a merge key (<<); write the keys out"),
    "list as key": ("? [a, b]\n: 1\n", " at line 1, column 3: expected text as key, found a list or keys"),
    "zero byte": ("a: 1\nb: \0\n", " at line 2: not valid YAML: character U+0000 is not allowed"),
    "nested too deep": ("[" * 5000, " at line 1, column 33: expected at most 32 levels, got more"),
    "a long key": (f"{'k' * 1001}: 1\n", " at line 1, column 1: expected at most 1,000 characters, got 1,001"),
    "too large": ("#" * (256 * 1024 + 1), ": expected at most 256 KiB, got 257 KiB"),
    "merge conflict": (
        "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> other\n",
        " at line 2: expected a merged file, got a marker of a merge conflict; keep one side of each conflict, and remove",
    ),
}  # fmt: skip


def line_of(text: str | bytes, folder: Path) -> str:
    path = folder / "params.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ParamsError) as caught:
        load_params(path)
    return str(caught.value)


def put(before: str, after: str) -> str:
    assert TEXT.count(before) == 1
    return TEXT.replace(before, after)


@pytest.mark.parametrize("case", WRONG)
def test_load_params__says_what_is_wrong_with_a_key(case: str, tmp_path: Path) -> None:
    before, after, line = WRONG[case]
    assert line_of(put(before, after), tmp_path) == f"params.yaml: {line}"


@pytest.mark.parametrize("case", NOT_YAML)
def test_load_params__says_where_a_file_is_not_valid(case: str, tmp_path: Path) -> None:
    text, line = NOT_YAML[case]
    said = line_of(text, tmp_path)
    assert said.startswith(f"params.yaml{line}")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"model: caf\xe9\n", "params.yaml: expected text in UTF-8, got other bytes; save the file as UTF-8"),
        (TEXT.encode("utf-16"), "params.yaml: expected text in UTF-8, got other bytes; save the file as UTF-8"),
    ],
)
def test_load_params__wants_utf_8(content: bytes, line: str, tmp_path: Path) -> None:
    assert line_of(content, tmp_path) == line


def test_load_params__without_a_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(ParamsError) as caught:
        load_params(tmp_path / "params.yaml")
    assert str(caught.value) == "params.yaml: not found; run driftloop in the folder that holds it"


def test_load_params__of_a_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").mkdir()
    with pytest.raises(ParamsError) as caught:
        load_params(tmp_path / "params.yaml")
    assert str(caught.value) == "params.yaml: cannot be read: Is a directory"


@pytest.mark.parametrize("over", [("\n", "\r\n"), ("model", "\ufeffmodel")])
def test_load_params__takes_files_from_windows(over: tuple[str, str], tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(TEXT.replace(over[0], over[1], -1 if over[0] == "\n" else 1).encode())
    assert load_params(path) == parse_params(TEXT, where="")


@pytest.mark.parametrize(
    ("before", "after", "value"),
    [
        ("min_gain: 0.01", "min_gain: 1e-3", 0.001),
        ("min_gain: 0.01", "min_gain: 1e-05", 1e-5),  # as `dvc exp run -S` writes it
        ("min_gain: 0.01", "min_gain: 1.5e-3", 0.0015),
        ("min_gain: 0.01", "min_gain: .5", 0.5),
        ("min_gain: 0.01", "min_gain: 0", 0),
    ],
)
def test_load_params__reads_numbers_as_dvc_does(before: str, after: str, value: float) -> None:
    assert parse_params(put(before, after), where="").evaluate.min_gain == value


@pytest.mark.parametrize("names", ["[no, on, yes]", "[12:30, 0x, 1.2.3]", "['1', \"2\", '2025-01-01']"])
def test_load_params__takes_words_for_words(names: str) -> None:
    params = parse_params(put("numerical: [x, z]", f"numerical: {names}"), where="")
    assert params.data.numerical == [name.strip(" '\"") for name in names.strip("[]").split(",")]


@pytest.mark.parametrize(
    "form",
    [
        "epoch_ms",
        "%Y%m%d",
        "%-d/%-m/%y",
        "%d %b %Y",
        "%Y-%j",
        "%I:%M %p %d/%m/%Y",
        "%Y-%m-%d %H:%M:%S.%f %z",
        "%%%Y%m%d",
    ],
)
def test_timestamp_format__is_strptime_or_a_unit(form: str) -> None:
    assert make_params(data={"timestamp_format": form}).data.timestamp_format == form


def test_timestamp__of_several_columns_may_be_an_input_in_parts() -> None:
    data = make_params(data={"timestamp": ["day", "hour"], "key": ["day", "hour"], "numerical": ["hour"]}).data
    assert data.timestamps == ["day", "hour"]
    assert make_params().data.timestamps == ["ts"]


@pytest.mark.parametrize("codes", ["[-200, -999.5, N/A]", '{"*": [-200], x: [n/a, -1]}', "[]", "{}"])
def test_missing__is_a_list_or_lists_by_column(codes: str) -> None:
    params = parse_params(put("private: []", f"private: []\n  missing: {codes}"), where="")
    assert params.data.missing == yaml.safe_load(codes)


def test_load_params__cannot_be_changed() -> None:
    params = parse_params(TEXT, where="")
    with pytest.raises(ValueError, match="frozen"):
        params.train.seed = 1  # type: ignore[misc]


def test_load_params__fills_in_what_is_left_out() -> None:
    text = "\n".join(line for line in TEXT.splitlines() if not line.startswith(("  refit", "  judge_days")))
    params = parse_params(text, where="")
    assert (params.monitor.refit, params.windows.judge_days) == (True, "auto")
    assert (params.least_judge_days, params.most_judge_days) == (28, 91)


@pytest.mark.parametrize(
    ("step", "least", "most"), [(1, 26, 26), (7, 28, 91), (14, 28, 91), (60, 60, 91), (182, 182, 182)]
)
def test_judge_days__auto_fits_every_length_of_a_step(step: int, least: int, most: int) -> None:
    params = parse_params(
        put("judge_days: 28", "judge_days: auto").replace("step_days: 7", f"step_days: {step}"), where=""
    )
    assert params.monitor.step_days == step
    assert (params.least_judge_days, params.most_judge_days) == (least, most)


@pytest.mark.parametrize(("until", "standing"), [('"2025-03-02"', True), ('"2025-03-01"', False), ("null", False)])
def test_standing__while_the_approval_covers_the_end_of_the_data(until: str, *, standing: bool) -> None:
    text = put("report:", f"retrain: {{standing_until: {until}}}\nreport:")
    text = re.sub(r"until: .*", 'until: "2025-03-01T23:00Z"', text, count=1)
    assert parse_params(text, where="").standing is standing


@pytest.mark.parametrize(("given", "kept"), [("[28, all, 91]", ["all", 91, 28]), ("[56, 56, 7]", [56, 7])])
def test_candidates__are_kept_from_the_longest_to_the_shortest(given: str, kept: list[int | str]) -> None:
    assert (
        parse_params(put("train_days: all", f"train_days: all\n  candidates: {given}"), where="").windows.candidates
        == kept
    )


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-03-03", datetime(2025, 3, 3, tzinfo=UTC)),
        ("2025-03-03T00:00Z", datetime(2025, 3, 3, tzinfo=UTC)),
        ("2025-03-03T00:00+02:00", datetime(2025, 3, 2, 22, tzinfo=UTC)),
        ("2025-03-03 06:30", datetime(2025, 3, 3, 6, 30, tzinfo=UTC)),
    ],
)
def test_until__is_an_instant(text: str, instant: datetime) -> None:
    assert parse_params(put("2025-03-03T00:00Z", text), where="").source.until_instant == instant


def test_until__as_dvc_writes_it_needs_no_quotes() -> None:
    text = put('"2025-03-03T00:00Z"', "2025-03-03T00:00Z")  # what `dvc exp run -S` makes of it
    assert parse_params(text, where="") == parse_params(TEXT, where="")


# YAML


def test_parse_yaml__takes_quoted_signs_for_text() -> None:
    assert parse_yaml('"<<": "&a"\nb: "*a"\n', where="") == {"<<": "&a", "b": "*a"}


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("ab:#-'\" \n1e", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(values)
def test_parse_yaml__reads_what_pyyaml_and_json_write(value: Any) -> None:
    assert parse_yaml(yaml.safe_dump(value), where="") == value
    assert parse_yaml(json.dumps(value), where="") == value


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text("ab:,[]{}#-?&*!|>'\"% \t\n12", max_size=30))
def test_parse_params__never_fails_in_another_way(text: str) -> None:
    with pytest.raises(ParamsError) as caught:
        parse_params(text, where="params.yaml")
    assert "\n" not in str(caught.value)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.data())
def test_parse_params__words_any_value_in_any_place(data: st.DataObject) -> None:
    raw = yaml.safe_load(TEXT)
    section = data.draw(st.sampled_from([name for name in raw if name != "model"]))
    key = data.draw(st.sampled_from([*raw[section], "else"]))
    raw[section][key] = data.draw(values)
    try:
        parse_params(yaml.safe_dump(raw), where="params.yaml")
    except ParamsError as exc:
        assert str(exc).startswith(f"params.yaml: {section}")  # noqa: PT017
        assert not {"input", "literal", "validation", "list[", "NoneType"} & set(str(exc).split())  # noqa: PT017


# The committed files


def test_params_yaml__of_the_repository_is_complete() -> None:
    raw = parse_yaml((ROOT / "params.yaml").read_text("utf-8"), where="")
    params = load_params(ROOT / "params.yaml")
    assert params.model_dump(mode="json") == raw, "DVC wants every key to be there"


def test_params_yaml__points_editors_at_the_schema() -> None:
    first = (ROOT / "params.yaml").read_text("utf-8").partition("\n")[0]
    assert first == "# yaml-language-server: $schema=params.schema.json"


def test_schema__as_committed_is_true() -> None:
    committed = json.loads((ROOT / "params.schema.json").read_text("utf-8"))
    assert committed == Params.model_json_schema(), "run `driftloop params --schema > params.schema.json`"


def test_schema__refuses_unknown_keys_in_every_section() -> None:
    def sections(node: Any) -> Iterator[dict[str, Any]]:
        if isinstance(node, dict):
            if "properties" in node:
                yield node
            for child in node.values():
                yield from sections(child)

    found = list(sections(Params.model_json_schema()))
    assert len(found) == 14
    assert all(section["additionalProperties"] is False for section in found)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-03-31", datetime(2025, 3, 30, 16, tzinfo=UTC)),
        ("2025-03-31T00:00Z", datetime(2025, 3, 31, tzinfo=UTC)),
        ("2025-03-31T00:00+09:00", datetime(2025, 3, 30, 15, tzinfo=UTC)),
    ],
)
def test_parse_params__takes_times_without_offset_for_local_ones(text: str, instant: datetime) -> None:
    given = make_params().model_dump(mode="json")
    given["data"]["timezone"], given["source"]["until"] = "Asia/Shanghai", text
    assert Params.model_validate(given).source.until_instant == instant
