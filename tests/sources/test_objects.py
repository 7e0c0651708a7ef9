"""Files in an object store: S3 as moto's server on loopback speaks it."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer

from driftloop.errors import DataError, LoopError
from driftloop.params import Params
from driftloop.sources import collect, fingerprint, objects

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "wJalrXUtnFEMI-not-to-be-shown"
HEADER = "ts,id,x,y\n"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    started = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    started.start()
    host, port = started.get_host_and_port()
    yield f"http://{host}:{port}"
    started.stop()


class Bucket:
    """A bucket `shop`."""

    def __init__(self, endpoint: str) -> None:
        import boto3

        self.client = boto3.client("s3", endpoint_url=endpoint)
        self.client.create_bucket(Bucket="shop")

    def put(self, key: str, content: str) -> None:
        self.client.put_object(Bucket="shop", Key=key, Body=content.encode())

    def remove(self, key: str) -> None:
        self.client.delete_object(Bucket="shop", Key=key)


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bucket:
    import requests

    requests.post(f"{server}/moto-api/reset", timeout=10)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIA-loopback",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": server,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }.items():
        monkeypatch.setenv(name, value)
    return Bucket(server)


def make_params(path: str, **source: Any) -> Params:
    data = {"timestamp": "ts", "key": ["id"], "target": "y", "numerical": ["x"]}
    train = {"estimator": "sklearn.linear_model.LinearRegression"}
    given = {"kind": "files", "path": path, "until": "2026-01-01", **source}
    return Params.model_validate({"model": "test", "source": given, "data": data, "train": train})


def gather(params: Params, tmp_path: Path) -> list[tuple[Any, ...]]:
    """Collect, and return id, x and y of all rows."""
    out = tmp_path / f"out-{len(list(tmp_path.iterdir()))}"
    out.mkdir()
    collect(params, out, cache=tmp_path / "cache", say=print)
    return [
        tuple(row[name] for name in ("id", "x", "y"))
        for path in sorted(out.iterdir())
        for row in pq.read_table(path).to_pylist()
    ]


def test_collect__takes_only_what_is_new_from_a_bucket(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("in/a.csv", f"{HEADER}2025-01-01,1,5,6\n")
    bucket.put("in/deeper/b.csv", f"{HEADER}2025-01-02,2,5,6\n")
    bucket.put("in/.hidden.csv", "no table")
    bucket.put("in/readme.txt", "no table")
    bucket.put("in2/c.csv", f"{HEADER}2025-01-03,3,5,6\n")
    params = make_params("s3://shop/in")
    one, two, three = ("1", "5", "6"), ("2", "5", "6"), ("3", "5", "6")
    assert gather(params, tmp_path) == [one, two]
    assert gather(make_params("s3://shop/in/*.csv"), tmp_path) == [one]
    assert gather(make_params("s3://shop/in2/c.csv"), tmp_path) == [three]
    assert gather(make_params("s3://shop/**/*.csv"), tmp_path) == [one, two, three]
    copy = tmp_path / "cache/objects/s3/shop/in/a.csv"
    before = copy.stat()
    seen = fingerprint(params)
    bucket.put("in/deeper/b.csv", f"{HEADER}2025-01-02,2,7,8\n")
    assert fingerprint(params) != seen
    assert gather(params, tmp_path) == [one, ("2", "7", "8")]
    bucket.remove("in/deeper/b.csv")
    assert gather(params, tmp_path) == [one]
    assert copy.stat() == before


def test_collect__labels_from_a_bucket(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("labels/1.csv", "id,y\n1,9\n")
    (tmp_path / "rows.csv").write_text("ts,id,x\n2025-01-01,1,5\n", encoding="utf-8")
    params = make_params(str(tmp_path / "rows.csv"), labels={"path": "s3://shop/labels/*.csv", "key": ["id"]})
    assert gather(params, tmp_path) == [("1", "5", "9")]


def test_collect__goes_on_where_a_run_was_killed(bucket: Bucket, tmp_path: Path) -> None:
    for name in "abc":
        bucket.put(f"in/{name}.csv", f"{HEADER}2025-01-01,{name},5,6\n")
    params = make_params("s3://shop/in")
    gather(params, tmp_path)
    root = tmp_path / "cache/objects/s3/shop"
    journal = (root / objects.JOURNAL).read_text(encoding="utf-8").splitlines()
    (root / objects.JOURNAL).write_text(f"{journal[0]}\n{journal[1][:9]}", encoding="utf-8")
    (root / "in/b.csv").write_text("half", encoding="utf-8")
    (root / "in/gone.csv").write_text(f"{HEADER}2025-01-01,gone,5,6\n", encoding="utf-8")
    assert [row[0] for row in gather(params, tmp_path)] == ["a", "b", "c"]


class Meddled:
    """A store whose objects change after they were read, so many times."""

    def __init__(self, inner: Any, bucket: Bucket, times: int) -> None:
        self.inner, self.bucket, self.times = inner, bucket, times
        self.info = inner.info

    def get_file(self, address: str, to: str) -> None:
        self.inner.get_file(address, to)
        if self.times:
            self.times -= 1
            self.bucket.put(address.removeprefix("shop/"), f"{HEADER}2025-01-01,{self.times},5,6\n")


def test_download__object_that_changes_meanwhile(bucket: Bucket, tmp_path: Path) -> None:
    import fsspec

    bucket.put("in/a.csv", f"{HEADER}2025-01-01,1,5,6\n")
    url, to = "s3://shop/in", tmp_path / "a.csv"
    store = fsspec.filesystem("s3", use_listings_cache=False, skip_instance_cache=True)
    listed = objects.listing(url, where="source.path")[0]
    objects.download(Meddled(store, bucket, 1), url, listed, to, "source.path")
    assert to.read_text(encoding="utf-8").endswith(",0,5,6\n")
    with pytest.raises(DataError, match=r"^source\.path: s3://shop/in/a\.csv: expected an object that stays as it is"):
        objects.download(Meddled(store, bucket, 9), url, listed, to, "source.path")
    assert not to.exists()


def refusal(params: Params, tmp_path: Path) -> str:
    with pytest.raises(LoopError) as caught:
        gather(params, tmp_path)
    assert "\n" not in str(caught.value)
    assert SECRET not in repr(caught.value)
    return str(caught.value)


def test_collect__one_line_for_each_refusal(
    bucket: Bucket, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import requests

    bucket.put("in/a.csv", "ts,id\n2025-01-01,1\n")
    params = make_params("s3://shop/in")
    assert refusal(make_params("s3://shop/out/*.csv"), tmp_path).startswith(
        "source.path: s3://shop/out/*.csv: expected an object"
    )
    assert "the bucket does not exist" in refusal(make_params("s3://nobody/in/*.csv"), tmp_path)
    assert "without a user or a key" in refusal(make_params(f"s3://AKIA:{SECRET}@shop/in"), tmp_path)
    assert refusal(params, tmp_path).startswith("s3://shop/in: expected the columns y (target)")
    bucket.put("in//up.csv", "ts,id\n2025-01-01,1\n")
    assert "expected a name that a file can have" in refusal(params, tmp_path)

    requests.post(f"{server}/moto-api/reset-auth", data="0", timeout=10)  # from now on, accounts are checked
    try:
        assert "access denied" in refusal(params, tmp_path)
    finally:
        requests.post(f"{server}/moto-api/reset-auth", data="inf", timeout=10)

    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        assert "source.path: s3://shop: the store cannot be reached" in refusal(params, tmp_path)
    with monkeypatch.context() as patch:
        patch.delenv("AWS_SECRET_ACCESS_KEY")
        patch.delenv("AWS_ACCESS_KEY_ID")
        assert "source.path: s3://shop: no credentials" in refusal(params, tmp_path)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "gcsfs", None)
        assert refusal(make_params("gs://shop/in"), tmp_path) == (
            "source.path: gs://: expected the package gcsfs, found none; `uv add gcsfs`"
        )
