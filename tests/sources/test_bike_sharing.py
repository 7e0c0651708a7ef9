"""UCI Bike Sharing: the download over real HTTP, and the real data where it is at hand."""

from __future__ import annotations

import os
import re
import threading
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from driftloop.core.columns import ROW, TS
from driftloop.errors import DataError
from driftloop.params import Params
from driftloop.sources import bike_sharing, collect, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator

HOURS = (
    b"instant,dteday,season,yr,mnth,hr,holiday,weekday,workingday,weathersit,temp,atemp,hum,windspeed,casual,registered,cnt\r\n"
    b"1,2011-01-01,1,0,1,0,0,6,0,1,0.24,0.2879,0.81,0,3,13,16\r\n"
    b"2,2011-01-01,1,0,1,23,0,6,0,1,0.22,0.2727,0.8,0,8,32,40\r\n"
    b"3,2011-02-01,1,0,2,5,0,6,0,1,0.22,0.2727,0.8,0,8,32,41\r\n"
)


def make_params(path: Path | None = None, **source: Any) -> Params:
    kept = [name for name in bike_sharing.KEPT if name != "cnt"]
    return Params.model_validate(
        {
            "model": "test",
            "source": {"kind": "bike_sharing", "path": path and str(path), "until": "2013-01-01", **source},
            "data": {"timestamp": "ts", "key": ["ts"], "target": "cnt", "numerical": kept},
            "train": {"estimator": "sklearn.linear_model.LinearRegression"},
        }
    )


def make_zip(name: str = "hour.csv", content: bytes = HOURS) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        archive.writestr("Readme.txt", "about")
        archive.writestr(name, content)
    return buffer.getvalue()


def gather(params: Params, tmp_path: Path) -> pa.Table:
    (out := tmp_path / "out").mkdir()
    collect(params, out, cache=tmp_path / "cache", say=print)
    return pa.concat_tables(pq.read_table(path) for path in sorted(out.iterdir()))


@contextmanager
def serving(content: bytes, *, status: int = 200, length: int | None = None) -> Iterator[tuple[str, list[str]]]:
    """Serve one answer on loopback; yields the address and the list of requests."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(length or len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/bike.zip", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def refusal(tmp_path: Path, url: str, *, content: bytes = HOURS) -> str:
    with pytest.raises(DataError) as caught:
        bike_sharing.download(tmp_path / "cache", url=url, checksum=sha256(content).hexdigest())
    assert list((tmp_path / "cache").iterdir()) == []
    return str(caught.value)


def test_download__once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    checksum = sha256(HOURS).hexdigest()
    with serving(make_zip("data/hour.csv")) as (url, asked):
        paths = [bike_sharing.download(tmp_path / "cache", url=url, checksum=checksum) for _ in range(2)]
    assert [path.read_bytes() for path in paths] == [HOURS, HOURS]
    assert asked == ["/bike.zip"]
    assert list((tmp_path / "cache").iterdir()) == [paths[0]]
    assert capfd.readouterr() == ("", "")


def test_download__again_when_the_copy_is_damaged(tmp_path: Path) -> None:
    with serving(make_zip()) as (url, asked):
        for _ in range(2):
            path = bike_sharing.download(tmp_path / "cache", url=url, checksum=sha256(HOURS).hexdigest())
            path.write_bytes(HOURS[:-9])
        bike_sharing.download(tmp_path / "cache", url=url, checksum=sha256(HOURS).hexdigest())
    assert len(asked) == 3


def test_download__other_content(tmp_path: Path) -> None:
    with serving(make_zip(content=HOURS + b"more")) as (url, _):
        message = refusal(tmp_path, url)
    expected = f"{url}: expected hour.csv with SHA-256 {sha256(HOURS).hexdigest()[:12]}…, got "
    assert message.startswith(expected)


@pytest.mark.parametrize("content", [b"<html>Please log in</html>", make_zip("day.csv"), make_zip()[:-40]])
def test_download__not_the_archive(tmp_path: Path, content: bytes) -> None:
    with serving(content) as (url, _):
        assert refusal(tmp_path, url).startswith(
            f"{url}: expected a zip archive that holds hour.csv, got something else"
        )


def test_download__no_network(tmp_path: Path) -> None:
    with serving(b"") as (url, _):
        pass
    message = refusal(tmp_path, url)
    assert message.startswith(f"{url}: cannot be downloaded (")
    assert message.endswith("download it by hand and set source.path")


def test_download__server_error_and_broken_connection(tmp_path: Path) -> None:
    with serving(b"", status=503) as (url, _):
        assert "cannot be downloaded (HTTP Error 503: Service Unavailable)" in refusal(tmp_path, url)
    archive = make_zip()
    with serving(archive[:100], length=len(archive)) as (url, _):
        assert "download" in refusal(tmp_path, url)


@pytest.mark.parametrize("name", ["hour.csv", "archive.zip"])
def test_collect__local_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(HOURS if name == "hour.csv" else make_zip("data/hour.csv"))
    rows = gather(make_params(path, until="2011-02-01T05:00Z"), tmp_path)
    assert rows["ts"].to_pandas().astype(str).tolist() == ["2011-01-01 00:00:00", "2011-01-01 23:00:00"]
    assert rows.schema.names == ["ts", "cnt", *[name for name in bike_sharing.KEPT if name != "cnt"], TS, ROW]
    assert rows["cnt"].to_pylist() == [16, 40]
    assert rows["temp"].to_pylist() == [0.24, 0.22]


def test_collect__unreadable_day_is_undated(tmp_path: Path) -> None:
    path = tmp_path / "hour.csv"
    path.write_bytes(HOURS.replace(b"2011-02-01", b"2011-02-31"))
    assert gather(make_params(path), tmp_path)[TS].null_count == 1


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        (
            "day.csv",
            HOURS.replace(b"hr", b"hour"),
            "expected the columns hr (of UCI Bike Sharing), found instant, dteday",
        ),
        ("hour.csv", HOURS.replace(b",", b":"), "got a single column"),
        ("bike.zip", b"no zip", "expected a zip archive that holds hour.csv"),
        ("bike.zip", None, "found no such file"),
    ],
)
def test_collect__wrong_local_file(tmp_path: Path, name: str, content: bytes | None, problem: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=re.escape(problem)) as caught:
        gather(make_params(path), tmp_path)
    assert str(caught.value).count(str(path)) == 1


def test_fingerprint__local_and_original(tmp_path: Path) -> None:
    path = tmp_path / "hour.csv"
    path.write_bytes(HOURS)
    assert fingerprint(make_params(path)) == sha256(HOURS).hexdigest()
    assert fingerprint(make_params()) == bike_sharing.SHA256
    with pytest.raises(DataError, match="cannot be read"):
        fingerprint(make_params(tmp_path / "missing.csv"))


@pytest.fixture(scope="module")
def original() -> Path:
    path = Path(os.environ.get("DRIFTLOOP_BIKE_SHARING", "nowhere"))
    if not path.is_file():
        pytest.skip("needs UCI Bike Sharing: set DRIFTLOOP_BIKE_SHARING to its hour.csv")
    return path


def test_collect__known_facts_of_the_real_data(tmp_path: Path, original: Path) -> None:
    rows = gather(make_params(original), tmp_path).to_pandas()
    assert len(rows) == 17_379
    assert rows[TS].is_unique
    assert rows[TS].is_monotonic_increasing
    assert (str(rows["ts"].min()), str(rows["ts"].max())) == ("2011-01-01 00:00:00", "2012-12-31 23:00:00")
    assert (rows["cnt"].sum(), rows["cnt"].max()) == (3_292_679, 977)
    assert (rows["ts"].dt.hour == rows["hr"]).all()
    assert not rows.isna().any().any()


def test_checksum__is_that_of_the_original(tmp_path: Path, original: Path) -> None:
    """Copies went through a spreadsheet or pandas; UCI writes 0 instead of 0.0, and CRLF."""
    lines = original.read_text(encoding="utf-8").splitlines()
    content = "".join(re.sub(r"(?<=,)(\d+)\.0(?=,)", r"\1", line) + "\r\n" for line in lines).encode()
    with serving(make_zip(content=content)) as (url, _):
        assert bike_sharing.download(tmp_path / "cache", url=url).stat().st_size == 1_156_736
    assert gather(make_params(), tmp_path).num_rows == 17_379  # from the cache
