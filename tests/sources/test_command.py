"""The user's program: real shells, real Parquet."""
# ruff: noqa: DTZ001 (`_ts` is naive UTC)

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import textwrap
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from driftloop.core.columns import TS
from driftloop.errors import DataError
from driftloop.params import Params
from driftloop.sources import collect, fingerprint


def make_command(folder: Path, body: str) -> str:
    """Return a command that runs this Python."""
    script = folder / "export.py"
    script.write_text(textwrap.dedent(body))
    return shlex.join([sys.executable, str(script)])


def make_export(folder: Path, times: list[str]) -> str:
    return make_command(
        folder,
        f"""
        import os, pyarrow as pa, pyarrow.parquet as pq
        times = {times!r}
        ids = pa.array(range(len(times)), pa.int64())
        table = pa.table({{"ts": pa.array(times, pa.string()), "id": ids, "x": ids, "y": ids}})
        pq.write_table(table, os.path.join(os.environ["OUT"], "part-0.parquet"))
        """,
    )


def make_params(command: str, **source: Any) -> Params:
    return Params.model_validate(
        {
            "model": "test",
            "source": {
                "kind": "command", "command": command, "since": "2025-01-01", "until": "2025-02-01T00:00+01:00", **source
            },
            "data": {"timestamp": "ts", "key": ["id"], "target": "y", "numerical": ["x"]},
            "train": {"estimator": "sklearn.linear_model.LinearRegression"},
        }
    )  # fmt: skip


def gather(params: Params, tmp_path: Path) -> list[dict[str, Any]]:
    (out := tmp_path / "out").mkdir()
    collect(params, out, cache=tmp_path / "cache", say=print)
    assert list((tmp_path / "cache").iterdir()) == []
    return [row for path in sorted(out.iterdir()) for row in pq.read_table(path).to_pylist()]


def refusal(params: Params, tmp_path: Path) -> str:
    with pytest.raises(DataError) as caught:
        gather(params, tmp_path)
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "out").iterdir()) == []
    return str(caught.value)


def test_collect__rows_in_range(tmp_path: Path) -> None:
    times = ["2025-01-01T00:00:00Z", "2025-01-31T22:59:59Z", "unreadable"]
    rows = gather(make_params(make_export(tmp_path, times)), tmp_path)
    assert [row[TS] for row in rows] == [datetime(2025, 1, 1), datetime(2025, 1, 31, 22, 59, 59), None]


def test_collect__environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INHERITED", "yes")
    log = tmp_path / "log"
    command = f'ls -A "$OUT" > {log} && echo "$FROM $UNTIL $INHERITED" >> {log} && {make_export(tmp_path, [])}'
    gather(make_params(command), tmp_path)
    assert log.read_text() == "2025-01-01T00:00:00Z 2025-01-31T23:00:00Z yes\n"


def test_collect__no_rows_are_no_error(tmp_path: Path) -> None:
    assert gather(make_params(make_export(tmp_path, [])), tmp_path) == []


def test_collect__failure_shows_the_last_line_and_passes_the_rest_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = "echo connecting >&2; echo 'no such table: rides' >&2; echo >&2; exit 3"
    assert (
        refusal(make_params(command), tmp_path)
        == "source.command: expected exit code 0, got exit code 3: no such table: rides"
    )
    assert "connecting\n" in capsys.readouterr().err


def test_collect__failure_shows_the_end_of_endless_complaints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DB_PASSWORD", "hunter2hunter2")
    command = make_command(
        tmp_path,
        """
        import os, sys
        for number in range(100_000):
            sys.stderr.write(f"{number} {os.environ['DB_PASSWORD']}\\n")
        sys.exit("the end")
        """,
    )
    assert refusal(make_params(command), tmp_path).endswith("got exit code 1: the end")
    said = capsys.readouterr().err
    assert len(said) < 100_000
    assert "99999 $DB_PASSWORD\n" in said
    assert "unter2" not in said


def test_collect__failure_hides_values_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WAREHOUSE", "postgres://me:hunter2@db/rides")
    monkeypatch.setenv("DB_PASSWORD", "pw1")
    command = 'echo "cannot reach $WAREHOUSE" >&2; echo "bad password $DB_PASSWORD" >&2; exit 1'
    message = refusal(make_params(command), tmp_path)
    assert message.endswith("got exit code 1: bad password $DB_PASSWORD")
    stderr = capsys.readouterr().err
    assert "cannot reach $WAREHOUSE" in stderr
    assert "hunter2" not in message + stderr


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("exit 4", "got exit code 4: nothing on stderr"),
        ("kill -9 $$", "got end by signal 9"),
        ("no-such-program-at-all", "got exit code 127"),
        ("true", "expected Parquet files (*.parquet) in $OUT, found none"),
        ("echo ts,id > $OUT/a.csv", "expected Parquet files (*.parquet) in $OUT, found none"),
        (
            "echo garbage, not Parquet > $OUT/a.parquet",
            "$OUT/a.parquet: expected Parquet, got a file that cannot be read",
        ),
    ],
)
def test_collect__failures(tmp_path: Path, command: str, problem: str) -> None:
    message = refusal(make_params(command), tmp_path)
    assert problem in message
    assert str(tmp_path) not in message


def test_collect__rows_outside_the_range(tmp_path: Path) -> None:
    times = ["2024-12-31T23:59:59Z", "2025-01-01", "2025-01-31T23:00:00Z", "2025-03-01", "unreadable"]
    assert refusal(make_params(make_export(tmp_path, times)), tmp_path) == (
        "source.command: expected rows from 2025-01-01T00:00:00Z until before 2025-01-31T23:00:00Z, "
        "got 1 earlier and 2 later among 5; select by $FROM and $UNTIL"
    )


def test_collect__missing_column(tmp_path: Path) -> None:
    body = 'import os, pandas; pandas.DataFrame({"ts": ["2025-01-01"], "x": [1]}).to_parquet(os.environ["OUT"] + "/a.parquet")'
    message = refusal(make_params(make_command(tmp_path, body)), tmp_path)
    assert message.startswith("source.command: expected the columns id (key), y (target), found ts, x;")


def test_collect__labels_from_files(tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("id,y\n1,10\n1,11\n")
    command = make_export(tmp_path, ["2025-01-01", "2025-01-02"])
    params = make_params(command, labels={"path": str(labels), "key": ["id"]})
    assert [row["y"] for row in gather(params, tmp_path)] == ["0", "11"]
    before = fingerprint(params)
    labels.write_text("id,y\n1,12\n")
    assert fingerprint(params) != before


def test_run__interrupt_ends_the_whole_group(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    command = f"sleep 60 & echo $! $$ > {pids}.part; mv {pids}.part {pids}; wait"
    program = (
        "import signal, sys; from driftloop.sources.command import run; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); "  # ignored where the tests run in the background
        "run(sys.argv[1], {})"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, command], stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 30
    while not pids.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    parent.send_signal(signal.SIGINT)
    _, stderr = parent.communicate(timeout=30)
    assert b"KeyboardInterrupt" in stderr
    assert not any(alive(int(pid)) for pid in pids.read_text().split())


def alive(pid: int) -> bool:
    """Say whether a process runs; one that nobody has waited for yet does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
