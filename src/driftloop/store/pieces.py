"""What was counted in parts of the rows, remembered by content: a part that is unchanged is not read again."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from driftloop.store.digests import Digests
from driftloop.store.remembered import recall, remember

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pandas as pd

CODEC = pa.ipc.IpcWriteOptions(compression="lz4")


class Pieces:
    """A folder of results, each named by all that it depends on. Any file in it may be deleted at any time.

    Parameters
    ----------
    folder
        Where results are remembered; None: nowhere.
    depends
        What all of them depend on, such as the version of the code; JSON.
    digests
        Those of files.
    """

    def __init__(self, folder: Path | None, depends: Mapping[str, Any], digests: Digests | None = None) -> None:
        """Remember results in a folder."""
        self.digests = digests or Digests(None)
        self._folder, self._depends, self._used = folder, dict(depends), set[str]()

    def table(self, what: str, key: Mapping[str, Any], make: Callable[[], pa.Table]) -> pa.Table:
        """Return a table that was remembered, or make it.

        Parameters
        ----------
        what
            Kind of result.
        key
            What it depends on besides; JSON.
        make
            Makes it.
        """
        if self._folder is None:
            return make()
        text = json.dumps([what, self._depends, key], sort_keys=True, default=str)
        path = self._folder / f"{hashlib.sha256(text.encode()).hexdigest()}.{what}"
        self._used.add(path.name)
        if (content := recall(path)) is not None:
            return pa.ipc.open_file(content).read_all()
        made = make()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, made.schema, options=CODEC) as writer:
            writer.write_table(made)
        remember(path, sink.getvalue().to_pybytes())
        return made

    def frame(self, what: str, key: Mapping[str, Any], make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Return a frame likewise."""
        table = self.table(what, key, lambda: pa.Table.from_pandas(make(), preserve_index=False))
        found: pd.DataFrame = table.to_pandas()
        return found

    def text(self, what: str, key: Mapping[str, Any], make: Callable[[], str]) -> str:
        """Return a text likewise."""
        return str(self.table(what, key, lambda: pa.table({"text": [make()]}))["text"][0])

    def sweep(self) -> None:
        """Forget what was not asked for since this was made."""
        for path in self._folder.glob("*") if self._folder else ():
            if path.name not in self._used:
                path.unlink(missing_ok=True)
