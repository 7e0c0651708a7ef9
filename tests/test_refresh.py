"""How far `refresh` moves the end of the data, and what it writes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from factories import make_params
from workspace import Workspace

from driftloop.errors import DataError, LoopError, ParamsError
from driftloop.params import load_params, parse_yaml
from driftloop.refresh import Refreshed, next_until, refresh

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2025, 3, 31, 1, 30, 45, tzinfo=UTC)

TEXT = """\
# first line
model: bikes            # the name
source:
  kind: files
  path: "{path}"
  until: "2025-03-03"   # exclusive
  fingerprint: null     # of the files
data:
  timestamp: ts
  key: [ts]
  target: y
  numerical: [x]        # one column
train: {{estimator: sklearn.linear_model.Ridge}}
# last line
"""


def moved(asked: str | None, *, until: str = "2025-03-03T00:00Z", zone: str = "UTC", **over: Any) -> str:
    kind = {"kind": "files", "path": "in.csv"} if "kind" not in over else {"kind": over.pop("kind"), "path": None}
    params = make_params(source={**kind, "until": until}, data={"timezone": zone}, **over)
    return f"{next_until(params, asked, NOW):%Y-%m-%dT%H:%MZ}"


@pytest.mark.parametrize("kind", ["simulator", "bike_sharing"])
@pytest.mark.parametrize(("step", "day"), [(7, 10), (3, 6)])
def test_next_until__goes_one_step_on_where_time_is_replayed(kind: str, step: int, day: int) -> None:
    assert moved(None, kind=kind, monitor={"step_days": step}) == f"2025-03-{day:02}T00:00Z"


@pytest.mark.parametrize(
    ("until", "zone", "after"),
    [
        ("2025-03-24T00:00+01:00", "Europe/Berlin", "2025-03-30T22:00Z"),  # a day of 23 hours lies between
        ("2025-10-20T00:00+02:00", "Europe/Berlin", "2025-10-26T23:00Z"),  # and one of 25
        ("2025-03-24T00:00+05:30", "Asia/Kolkata", "2025-03-30T18:30Z"),
    ],
)
def test_next_until__steps_from_midnight_to_midnight(until: str, zone: str, after: str) -> None:
    assert moved(None, kind="simulator", until=until, zone=zone) == after


@pytest.mark.parametrize("asked", [None, "now"])
@pytest.mark.parametrize(
    ("zone", "midnight"),
    [
        ("UTC", "2025-03-31T00:00Z"),
        ("Europe/Berlin", "2025-03-30T22:00Z"),
        ("America/New_York", "2025-03-30T04:00Z"),
        ("Asia/Kolkata", "2025-03-30T18:30Z"),
    ],
)
def test_next_until__of_live_sources_is_the_last_midnight(asked: str | None, zone: str, midnight: str) -> None:
    assert moved(asked, zone=zone) == midnight


def test_next_until__goes_to_now_also_where_time_is_replayed() -> None:
    assert moved("now", kind="simulator") == "2025-03-31T00:00Z"


@pytest.mark.parametrize(
    ("asked", "zone", "after"),
    [
        ("2025-04-07", "UTC", "2025-04-07T00:00Z"),
        ("2025-04-07", "Europe/Berlin", "2025-04-06T22:00Z"),
        ("2025-04-07T06:00", "Europe/Berlin", "2025-04-07T04:00Z"),
        ("2025-04-07T06:00+09:00", "Europe/Berlin", "2025-04-06T21:00Z"),
        ("2025-04-07T00:00Z", "Europe/Berlin", "2025-04-07T00:00Z"),
        ("2024-01-01", "UTC", "2024-01-01T00:00Z"),
    ],
)
def test_next_until__reads_a_date_in_the_zone_of_the_data(asked: str, zone: str, after: str) -> None:
    assert moved(asked, zone=zone) == after


@pytest.mark.parametrize("asked", ["", "soon", "2025-02-30", "tomorrow", "0001-01-01", "9999-12-31", "2025"])
def test_next_until__says_what_a_date_looks_like(asked: str) -> None:
    with pytest.raises(ParamsError) as caught:
        moved(asked, zone="Europe/Berlin")
    assert str(caught.value) == f"--until: expected a date such as 2025-03-31, or now, got {asked!r}"


def make_file(folder: Path, *, end: str = "\n") -> Path:
    (folder / "rows.csv").write_text("ts,x,y\n2025-01-01,1,2\n")
    path = folder / "params.yaml"
    path.write_bytes(TEXT.format(path=folder / "rows.csv").replace("\n", end).encode())
    return path


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_refresh__changes_two_values_and_no_other_byte(end: str, tmp_path: Path) -> None:
    path = make_file(tmp_path, end=end)
    before = path.read_bytes().decode().split(end)
    done = refresh(path, until="2025-04-07", now=NOW)
    after = path.read_bytes().decode().split(end)
    assert [line for line in before if line not in after] == [before[5], before[6]]
    assert after[5] == '  until: "2025-04-07T00:00Z"  # exclusive'
    assert after[6] == f'  fingerprint: "{load_params(path).source.fingerprint}"  # of the files'
    assert len(after) == len(before)
    assert done == Refreshed(before="2025-03-03", after="2025-04-07T00:00Z", changed=True)


def test_refresh__a_second_time_changes_nothing(tmp_path: Path) -> None:
    path = make_file(tmp_path)
    refresh(path, until=None, now=NOW)
    before = path.read_bytes()
    assert refresh(path, until=None, now=NOW) == Refreshed("2025-03-31T00:00Z", "2025-03-31T00:00Z", changed=False)
    assert path.read_bytes() == before


def test_refresh__sees_corrected_files(tmp_path: Path) -> None:
    path = make_file(tmp_path)
    refresh(path, until=None, now=NOW)
    (tmp_path / "rows.csv").write_text("ts,x,y\n2025-01-01,1,3\n")
    assert refresh(path, until=None, now=NOW).changed


@pytest.mark.parametrize("now", [datetime(2020, 1, 1, tzinfo=UTC), datetime(2025, 4, 6, 23, tzinfo=UTC)])
def test_refresh__by_a_clock_that_is_slow_moves_nothing(tmp_path: Path, now: datetime) -> None:
    path = make_file(tmp_path)
    refresh(path, until="2025-04-07", now=NOW)
    done = refresh(path, until=None, now=now)
    assert done == Refreshed("2025-04-07T00:00Z", "2025-04-07T00:00Z", changed=False, ahead=True)
    assert refresh(path, until="now", now=now).after == f"{now:%Y-%m-%d}T00:00Z"


def test_refresh__before_a_merge_is_done_says_what_to_do(tmp_path: Path) -> None:
    path = make_file(tmp_path)
    (tmp_path / "dvc.lock").write_text("a: 1\n<<<<<<< HEAD\n")
    with pytest.raises(
        LoopError, match=r"^dvc\.lock at line 2: .*; run `git checkout --theirs dvc\.lock`, then `dvc repro`$"
    ):
        refresh(path, until=None, now=NOW)


def test_refresh__goes_back_in_time_where_asked(tmp_path: Path) -> None:
    path = make_file(tmp_path)
    assert refresh(path, until="2024-12-01", now=NOW).after == "2024-12-01T00:00Z"


def test_refresh__touches_nothing_when_the_new_end_does_not_fit(tmp_path: Path) -> None:
    path = make_file(tmp_path)
    path.write_text(path.read_text().replace("  fingerprint", '  since: "2025-01-01"\n  fingerprint'))
    before = path.read_bytes()
    with pytest.raises(ParamsError, match=r"^params\.yaml: source\.since: expected a date or time before until"):
        refresh(path, until="2024-12-01", now=NOW)
    assert path.read_bytes() == before


def test_refresh__touches_nothing_when_the_source_is_gone(tmp_path: Path) -> None:
    path = make_file(tmp_path)
    (tmp_path / "rows.csv").unlink()
    before = path.read_bytes()
    with pytest.raises(DataError, match=r"rows\.csv: not found"):
        refresh(path, until=None, now=NOW)
    assert path.read_bytes() == before


def test_refresh__wants_a_place_for_the_fingerprint(tmp_path: Path) -> None:
    path = make_file(tmp_path)
    path.write_text(path.read_text().replace("  fingerprint: null     # of the files\n", ""))
    with pytest.raises(
        ParamsError, match=r"source\.fingerprint: expected a single value, got no such key; write `finger"
    ):
        refresh(path, until=None, now=NOW)


def test_refresh__of_the_simulator_makes_collect_see_the_next_week(tmp_path: Path) -> None:
    space = Workspace.create(tmp_path, source={"fingerprint": None}).run("collect")
    done = refresh(tmp_path / "params.yaml", until=None, now=NOW)
    assert (done.before, done.after) == ("2024-05-06T00:00Z", "2024-05-13T00:00Z")
    assert parse_yaml((tmp_path / "params.yaml").read_text(), where="")["source"]["fingerprint"] == "simulator-1"
    assert space.run("collect")
