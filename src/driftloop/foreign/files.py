"""Read a file of a checkout, which a pull request may have made a link to something without end."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from driftloop.foreign import check_size, most_bytes

if TYPE_CHECKING:
    from pathlib import Path


def read_bytes(path: Path, *, where: str = "") -> bytes:
    """Read a regular file that is no larger than its name allows.

    Raises
    ------
    LoopError
        If it is larger.
    OSError
        If it cannot be read, or is a device or a pipe.
    """
    name = where or path.as_posix()
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "not a regular file", name)
    with path.open("rb") as stream:  # what /proc holds has no size before it is read
        content = stream.read(most_bytes(name) + 1)
        check_size(name, max(len(content), os.fstat(stream.fileno()).st_size))
    return content
