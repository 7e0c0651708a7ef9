"""How driftloop gets into a project: by version, by commit, or as a wheel in the project's `vendor/`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from driftloop.errors import LoopError

VENDOR = "vendor"


@dataclass(frozen=True)
class Requirement:
    """One dependency in pyproject.toml.

    Attributes
    ----------
    spec
        What follows the name in `dependencies`, such as `==0.1.0`.
    source
        Its entry under `[tool.uv.sources]`, as TOML; empty if the package index has it.
    why
        What people are told.
    build
        Folder of driftloop's source, or a wheel, that the project needs a wheel from; None if it needs none.
    """

    spec: str
    source: str
    why: str
    build: Path | None = None


def installed() -> Requirement:
    """Decide from what the installer has noted of this installation (PEP 610, direct_url.json)."""
    found = distribution("driftloop")
    noted = found.read_text("direct_url.json")
    return decide(found.version, json.loads(noted) if noted else None)


def decide(version: str, noted: dict[str, Any] | None) -> Requirement:
    """Choose the most public way that leads to the same code.

    Raises
    ------
    LoopError
        If the installation came from a place that is not known here.
    """
    if noted is None:
        return Requirement(f"=={version}", "", f"driftloop {version} from the package index")
    url = urlsplit(noted["url"])
    if "vcs_info" in noted and url.scheme in ("https", "ssh") and "@" not in url.netloc.removeprefix("git@"):
        commit = noted["vcs_info"]["commit_id"]
        return Requirement(
            "",
            f'{{ git = "{noted["url"]}", rev = "{commit}" }}',
            f"driftloop {version}, commit {commit[:12]} of {noted['url']}",
        )
    if url.scheme == "file":
        wheel = f"{VENDOR}/driftloop-{version}-py3-none-any.whl"
        why = f"driftloop {version} as a wheel in {VENDOR}/, since it is installed from a folder of this computer"
        return Requirement("", f'{{ path = "{wheel}" }}', why, build=Path(unquote(url.path)))
    msg = (
        f"driftloop: expected an installation from a package index, a public Git repository or a folder, got {url.scheme}: "
        "one; install it from one of these"
    )
    raise LoopError(msg)
