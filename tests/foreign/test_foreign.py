"""Files of a stranger: small ones that expand, nest or take long are refused in one line, and at once."""

from __future__ import annotations

import json
import random
import time
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from factories import make_frame, make_params
from strangers import LOCK, PARAMS, PIPELINE, ROOT, make_model, members, nested, packed

from driftloop import foreign
from driftloop.core.models.archive import audit, dumps, loads
from driftloop.core.models.estimator import fit
from driftloop.core.models.recipe import recipe_of
from driftloop.errors import LoopError, ModelError
from driftloop.foreign import METRICS, archive, jsonfile, lockfile, yamlfile
from driftloop.params import parse_params

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 20  # on a busy machine; without the fix each takes minutes, or the memory


@contextmanager
def refused(match: str, kind: type[LoopError] = LoopError) -> Iterator[None]:
    """Expect one line within a bounded time."""
    start = time.process_time()
    with pytest.raises(kind, match=match) as caught:
        yield
    assert time.process_time() - start < SECONDS
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 2_000


def bomb(levels: int = 10) -> str:
    """Write lists of lists of lists, nine of the former in each."""
    first = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rest = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join([*first, *rest]) + "\n"


def merges(levels: int = 9) -> str:
    first = ["a0: &a0 {x: 1}"]
    return "\n".join([*first, *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, levels))])


# YAML


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PARAMS.replace("params: {", f"params: {{a: &a [{'x, ' * 9}], b: *a, "), r"expected a value, got an anchor \(&a\)"),
        (f"{PARAMS}{bomb()}", r"expected a value, got an anchor \(&a0\)"),
        (f"{PARAMS}{merges()}", r"expected a value, got an anchor \(&a0\)"),
        (f"{PARAMS}? *a9\n: 1\n", r"expected a value, got an alias \(\*a9\)"),
        (f"{PARAMS}? {{a: 1}}\n: 1\n", "expected text as key, found a list or keys"),
        (f"{PARAMS}more: {{<<: {{a: 1}}}}\n", r"got a merge key \(<<\)"),
        (f"{PARAMS}more: !!set {{a, b}}\n", r"got a tag \(!\)"),
        (f"{PARAMS}more: {'[' * 5_000}", "expected at most 32 levels"),
        (f"{PARAMS}{'# much' * 60_000}\n", r"at most 256 KiB, got 35\d KiB"),
        (f"{PARAMS}{'k' * 1_001}: 1\n", "expected at most 1,000 characters, got 1,001"),
    ],
)  # fmt: skip
def test_params__that_would_expand_are_refused(text: str, said: str) -> None:
    with refused(rf"^params\.yaml.*{said}"):
        parse_params(text, where="params.yaml")


def test_params__with_many_names_take_no_time() -> None:
    names = ", ".join(f"column{n}" for n in range(15_000))
    start = time.process_time()
    found = parse_params(PARAMS.replace("[hour, temperature, humidity, windspeed]", f"[{names}]"), where="params.yaml")
    assert time.process_time() - start < SECONDS
    assert len(found.data.numerical) == 15_000
    twice = PARAMS.replace("[hour, temperature, humidity, windspeed]", f"[{names}, column7]")
    with refused("expected each name once, got column7 twice"):
        parse_params(twice, where="params.yaml")


# dvc.lock


def stages() -> dict[str, dict[str, Any]]:
    return lockfile.pipeline(PIPELINE)


def test_lock__of_the_repository_is_accepted() -> None:
    found = lockfile.outs(lockfile.lock(LOCK, stages=stages()))
    assert found["evaluate"].keys() >= {"metrics/evaluate.json", "reports/verdict.json"}
    assert all(len(md5.removesuffix(".dir")) == 32 for outs in found.values() for md5 in outs.values())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (bomb(), r"expected a value, got an anchor \(&a0\)"),
        (merges(), r"expected a value, got an anchor \(&a0\)"),
        ("more: 1\n", "expected schema, stages, got 'more'"),
        ("  other:\n    cmd: x\n", "stages: expected those of dvc.yaml, got 'other'"),
        ("  collect@1:\n    cmd: x\n", "stages: expected those of dvc.yaml, got 'collect@1'"),
        ("    desc: x\n", "expected cmd, deps, outs, params, got 'desc'"),
        ("    outs: x\n", "stands twice"),
        ("  collect:\n    cmd: x\n", "collect stands twice"),
        (f"more: {'[' * 5_000}\n", "expected at most 32 levels"),
        ("more: '\xe9\n", "not valid YAML"),
        ("#" * foreign.MIB, "expected at most 1 MiB, got 1 MiB"),
    ],
)
def test_lock__of_a_stranger_is_refused(more: str, said: str) -> None:
    with refused(rf"^dvc\.lock.*{said}"):
        lockfile.lock(LOCK + more.encode(), stages=stages())


def test_lock__that_names_a_remote_is_refused() -> None:
    with refused(r"stages.collect.deps: expected .*, got 'remote'"):
        lockfile.lock(LOCK.replace(b"      nfiles", b"      remote: elsewhere\n      nfiles", 1), stages=stages())


def test_lock__takes_the_stages_of_a_loop() -> None:
    looped = lockfile.pipeline(b"stages:\n  a:\n    foreach: [x]\n    do: {cmd: x}\n")
    assert lockfile.lock(b"stages: {a@x: {cmd: x}}\n", stages=looped) == {"a@x": {"cmd": "x"}}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"a", b"stages: []", b"stages: {a: []}", b"\xff", b"stages: {a: {deps: 1}}"]
)
def test_lock__of_another_shape_is_refused(content: bytes) -> None:
    with refused(r"^dvc\.lock"):
        lockfile.lock(content)


def test_lock__with_a_merge_conflict_says_what_to_do() -> None:
    text = b"schema: '2.0'\n<<<<<<< HEAD\nstages: {}\n=======\nstages: {}\n>>>>>>> other\n"
    with refused(r"^dvc\.lock at line 2: .*; run `git checkout --theirs dvc\.lock`, then `dvc repro`$"):
        lockfile.lock(text)


# JSON


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"a":' * 600 + b"1" + b"}" * 600, "expected at most 8 levels"),
        (b'{"a": 1' + b"0" * 4_000 + b"}", "expected numbers up to 1e308, got a larger one"),
        (b'{"a": 1' + b"0" * 5_000 + b"}", "not valid JSON"),
        (json.dumps({"k" * 201: 1}).encode(), "expected texts of at most 200 characters, got 201"),
        (json.dumps({str(n): 1 for n in range(10_001)}).encode(), "expected at most 10,000 values"),
        (b'{"\\ud800": 1}', "half a character"),
        (b'{"a": "\\udfff"}', "half a character"),
        (b'{"a": 1e999}', "expected finite numbers"),
        (b'{"a": NaN}', "not valid JSON"),
        (b'{"a": 1, "a": 2}', "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b" " * (256 * foreign.KIB + 1), "expected at most 256 KiB"),
        (b"\xff", "not valid JSON"),
    ],
    ids=range(13),
)
def test_metrics__of_a_stranger_are_refused(content: bytes, said: str) -> None:
    with refused(rf"^hand-over: metrics/a\.json: .*{said}"):
        jsonfile.read(content, where="hand-over: metrics/a.json", bounds=METRICS)


# Model files


def test_archive__that_the_pipeline_wrote_is_accepted() -> None:
    archive.check(make_model(), where="m")
    archive.check((ROOT / "models/production/model.skops").read_bytes(), where="m")


@pytest.mark.parametrize(
    "estimator",
    [
        "sklearn.ensemble.HistGradientBoostingRegressor",
        "sklearn.ensemble.RandomForestRegressor",
        "sklearn.neighbors.KNeighborsRegressor",
        "sklearn.linear_model.Ridge",
        "sklearn.svm.SVR",
    ],
)
def test_archive__of_every_kind_of_estimator_is_accepted(estimator: str) -> None:
    made = fit(recipe_of(make_params(train={"estimator": estimator})), make_frame(100))
    content = dumps(made)
    archive.check(content, where="m")
    loads(content, trusted=["sklearn._loss.loss.HalfSquaredError"])


@pytest.mark.parametrize("loader", ["CachedNode", "ListNode"])
def test_archive__whose_objects_refer_to_others_is_refused(loader: str) -> None:
    with refused("schema.json: expected each object in full, got one that refers to another", ModelError):
        audit(packed(nested(60, loader)))


def test_archive__that_unpacks_to_gigabytes_is_refused() -> None:
    blank = b" " * (65 * foreign.MIB)
    with refused("expected a schema.json of at most 32 MiB", ModelError):
        audit(packed({"schema.json": blank}))
    many = {f"{n}.npy": blank for n in range(8)}
    with refused("expected at most 512 MiB when unpacked", ModelError):
        audit(packed({"schema.json": b"{}", **many}))


def test_archive__that_lies_about_its_size_is_refused() -> None:
    content = packed({"schema.json": b" " * 1_000_000})
    with refused("not a readable skops file", ModelError):
        audit(content.replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda files: {**files, "payload.bin": b"x"}, "'payload.bin' does not belong there"),
        (lambda files: {name: content for name, content in files.items() if name != "1.npy"}, "'1.npy' is missing"),
        (lambda files: {**files, "schema.json": b"{"}, "schema.json: not valid JSON"),
        (lambda files: {**files, "schema.json": b"[" * 300 + b"]" * 300}, "schema.json: expected at most 250 levels"),
        (lambda _: {"a": b""}, "not a readable skops file"),
    ],
)
def test_archive__with_other_members_is_refused(
    change: Callable[[dict[str, bytes]], dict[str, bytes]], said: str
) -> None:
    with refused(said, ModelError):
        audit(packed(change(members(make_model()))))


def test_archive__packed_otherwise_is_refused() -> None:
    with refused("expected members stored or deflated", ModelError):
        audit(packed(members(make_model()), zipfile.ZIP_LZMA))


def test_archive__with_endless_members_is_refused() -> None:
    with refused("expected at most 100,000 members", ModelError):
        audit(random.Random(0).randbytes(100) + archive.ENTRY * 100_001)


# Sizes


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("params.yaml", 256 * foreign.KIB),
        ("data/dvc.lock", foreign.MIB),
        ("hand-over: dvc.lock", foreign.MIB),
        ("promote/metrics/plots/error.csv", 256 * foreign.KIB),
        ("reports/decision.json", 16 * foreign.MIB),
        ("reports/evidently/index.html", 64 * foreign.MIB),
        ("promote/models/production/model.skops", 100 * foreign.MIB),
        ("models/production/card.json", 16 * foreign.MIB),
    ],
)
def test_most_bytes__goes_by_the_name(name: str, most: int) -> None:
    assert foreign.most_bytes(name) == most
    foreign.check_size(name, most)
    with refused("expected at most"):
        foreign.check_size(name, most + 1)


def test_yaml__reads_scalars_as_text() -> None:
    assert yamlfile.read(b"a: 0123\nb: [yes, 2020-01-01, '*x']\n", where="x") == {
        "a": "0123",
        "b": ["yes", "2020-01-01", "*x"],
    }
