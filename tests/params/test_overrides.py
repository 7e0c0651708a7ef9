"""Experiments as people write them change just those values of params.yaml; what is no experiment is said in one line."""

from __future__ import annotations

from difflib import ndiff
from pathlib import Path

import pytest

from driftloop.errors import ParamsError
from driftloop.params import overrides

SHIPPED = (Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8")


def changed(text: str) -> list[str]:
    (experiment,) = overrides.parse(text)
    lines = ndiff(SHIPPED.splitlines(), experiment.written(SHIPPED).splitlines())
    return [line[2:].strip() for line in lines if line.startswith("+")]


def test_written__replaces_values_and_keeps_comments() -> None:
    assert changed("train.params.max_iter=500 train.seed=1") == [
        "params: {max_iter: 500, min_samples_leaf: 40}",
        "seed: 1",
    ]
    (line,) = changed("windows.train_days=all")
    assert line.startswith('train_days: "all" ')
    assert line.endswith("# number | all | auto: chosen by evidence")


def test_written__adds_and_removes_keys() -> None:
    assert changed("~train.params.max_iter +train.params.learning_rate=0.05") == [
        "params: {min_samples_leaf: 40, learning_rate: 0.05}"
    ]
    assert changed("windows.candidates=[all,28]")[0].startswith("candidates: [all, 28]")


def test_parse__one_experiment_per_line_or_with_semicolons_and_each_once() -> None:
    found = overrides.parse("train.seed=1\n\n train.seed=2 ; train.seed=1")
    assert [each.text for each in found] == ["train.seed=1", "train.seed=2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected 1 to 20 experiments"),
        ("train.seed", "expected train.params.max_iter=500"),
        ("other.yaml:train.seed=1", "expected train.params.max_iter=500"),
        ("train.params.max_iter='5", "close the quote"),
        ("train.params=[1", "expected a value as in YAML"),
        ("source.until=2026-01-01", "an experiment keeps the data"),
        ("train.nope=1", "unknown key"),
        ("nope.seed=1", "has no such key"),
        ("~train.params.nope", "has no such key"),
        ("train.seed=0", "expected another value"),
        (";".join(f"train.seed={seed}" for seed in range(1, 30)), "got 29"),
        ("train.seed=" + 5000 * "1", "at most 4,000 characters"),
    ],
)
def test_parse__what_is_none_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(ParamsError, match=said) as told:
        [each.written(SHIPPED) for each in overrides.parse(text)]
    assert "\n" not in str(told.value)
