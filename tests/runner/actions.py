"""What the actions of others do, as far as jobs can tell: the table `ACTIONS`, by name."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from runner.language import UnknownError
from runner.machine import ActionError, Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass
class Shelf:
    """What outlives a job: artifacts of this run, caches and published pages of all runs.

    Attributes
    ----------
    caches
        Folders by branch and key.
    pages
        The site that is published, by repository.
    """

    folder: Path
    artifacts: dict[str, Path] = field(default_factory=dict)
    caches: dict[tuple[str, str], Path] = field(default_factory=dict)
    pages: dict[str, Path] = field(default_factory=dict)

    def place(self) -> Path:
        """Make a new folder."""
        made = self.folder / f"{len(list(self.folder.iterdir())):04d}"
        made.mkdir()
        return made


def checkout(machine: Machine, inputs: Mapping[str, str], _shelf: Shelf) -> dict[str, str]:
    """Clone by HTTPS with the token, which stays in the clone's configuration unless told otherwise."""
    event, where = machine.event, machine.workspace / inputs.get("path", "")
    where.mkdir(parents=True, exist_ok=True)
    url = f"{machine.server_url}/{inputs.get('repository') or event.repo.name}"
    basic = b64encode(f"x-access-token:{inputs.get('token') or machine.token.value}".encode()).decode()
    key = f"http.{machine.server_url}/.extraheader"
    ref = inputs.get("ref") or ""
    wanted, branch = ref or event.sha, ref or event.ref
    depth = inputs.get("fetch-depth", "1")
    git = Git(machine, where)
    git.run("init", "--quiet", "--initial-branch=main")
    git.run("remote", "add", "origin", url)
    git.run("config", "--local", key, f"AUTHORIZATION: basic {basic}")
    short = branch.removeprefix("refs/heads/")
    is_branch = f"refs/heads/{short}" in event.repo.git.refs()
    kept = f"refs/remotes/origin/{short}" if is_branch else "refs/remotes/checked/out"
    source = wanted if len(wanted) == 40 else f"refs/heads/{short}" if is_branch else wanted
    everything = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
    if depth == "0":
        git.run("fetch", "--quiet", "--no-tags", "origin", *everything)
    limits = [f"--depth={depth}"] if depth != "0" else []
    git.run("fetch", "--quiet", "--no-tags", *limits, "origin", f"+{source}:{kept}")
    git.run("checkout", "--quiet", *(["-B", short] if is_branch else ["--detach"]), kept)
    if is_branch:
        git.run("branch", "--quiet", f"--set-upstream-to=origin/{short}")
    if inputs.get("persist-credentials", "true") == "false":
        git.run("config", "--local", "--unset-all", key)
    return {"ref": branch, "commit": git.run("rev-parse", "HEAD").strip()}


@dataclass
class Git:
    """Git, as an action runs it."""

    machine: Machine
    where: Path

    def run(self, *args: str) -> str:
        """Run a command; the step fails if git does."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.machine.home), "GIT_TERMINAL_PROMPT": "0"}
        done = subprocess.run(["git", *args], cwd=self.where, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ActionError(done.stderr)
        return done.stdout


def setup_uv(machine: Machine, inputs: Mapping[str, str], _shelf: Shelf) -> dict[str, str]:
    """Put uv on the PATH."""
    machine.path.append(str(machine.tools["uv"]))
    if inputs.get("activate-environment", "false") == "true":
        machine.path.append(str(machine.workspace / ".venv/bin"))
    return {"uv-version": "", "cache-hit": "false"}


def setup_python(machine: Machine, _inputs: Mapping[str, str], _shelf: Shelf) -> dict[str, str]:
    """Put Python on the PATH, without any packages of ours."""
    machine.path.append(str(machine.tools["python"]))
    return {"python-version": "", "python-path": str(machine.tools["python"] / "python")}


def setup_node(machine: Machine, _inputs: Mapping[str, str], _shelf: Shelf) -> dict[str, str]:
    """Put Node on the PATH."""
    machine.path.append(str(machine.tools["node"]))
    return {"node-version": ""}


def restore(machine: Machine, inputs: Mapping[str, str], shelf: Shelf) -> dict[str, str]:
    """Bring a folder back: of this branch or of the default branch, by key or by the newest that begins alike."""
    key, trunk = inputs["key"], f"refs/heads/{machine.event.repo.default_branch}"
    places = list(dict.fromkeys([machine.event.ref, trunk]))
    hit = next(((ref, key) for ref in places if (ref, key) in shelf.caches), None)
    for prefix in _lines(inputs.get("restore-keys", "")):
        found = [
            each for ref in places for each in reversed(shelf.caches) if each[0] == ref and each[1].startswith(prefix)
        ]
        hit = hit or next(iter(found), None)
    if hit:
        for number, path in enumerate(_lines(inputs["path"])):
            _copy(shelf.caches[hit] / str(number), machine.located(path))
    elif inputs.get("fail-on-cache-miss", "false") == "true":
        msg = f"Failed to restore cache entry. Input key: {key}"
        raise ActionError(msg)
    exact = str(bool(hit and hit[1] == key)).lower() if hit else ""
    return {"cache-hit": exact, "cache-primary-key": key, "cache-matched-key": hit[1] if hit else ""}


def save(machine: Machine, inputs: Mapping[str, str], shelf: Shelf) -> dict[str, str]:
    """Keep a folder; a key that is there already stays as it is, and a folder that is not there is passed over."""
    key, paths = (machine.event.ref, inputs["key"]), _lines(inputs["path"])
    if key not in shelf.caches and any(machine.located(path).exists() for path in paths):
        place = shelf.place()
        for number, path in enumerate(paths):
            _copy(machine.located(path), place / str(number))
        shelf.caches[key] = place
    return {}


def upload(machine: Machine, inputs: Mapping[str, str], shelf: Shelf) -> dict[str, str]:
    """Keep files of this run, hidden ones aside."""
    name = inputs.get("name", "artifact")
    if name in shelf.artifacts and inputs.get("overwrite", "false") != "true":
        msg = f"Failed to CreateArtifact: (409) Conflict: an artifact with this name already exists: {name}"
        raise ActionError(msg)
    given = [machine.located(path) for path in _lines(inputs["path"])]
    if any("*" in str(path) or path.name.startswith("!") for path in given):
        msg = f"upload-artifact: the runner does not know patterns: {inputs['path']}"
        raise UnknownError(msg)
    hidden = inputs.get("include-hidden-files", "false") == "true"
    files = [file for path in given for file in _files(path) if hidden or not _hidden(file, path)]
    if not files:
        said = f"No files were found with the provided path: {inputs['path']}."
        if inputs.get("if-no-files-found", "warn") == "error":
            raise ActionError(said)
        return {"artifact-id": "", "artifact-url": "", "artifact-digest": ""}
    root = (
        given[0] if len(given) == 1 and given[0].is_dir() else Path(os.path.commonpath([each.parent for each in files]))
    )
    place = shelf.place()
    for file in files:
        _copy(file, place / "files" / file.relative_to(root))
    (place / "digest").write_text(_digest(place / "files"))
    shelf.artifacts[name] = place
    return {"artifact-id": place.name, "artifact-url": "", "artifact-digest": _digest(place / "files")}


def download(machine: Machine, inputs: Mapping[str, str], shelf: Shelf) -> dict[str, str]:
    """Bring files of this run back, if they are what was uploaded."""
    name, where = inputs["name"], machine.located(inputs.get("path", ""))
    if name not in shelf.artifacts:
        msg = f"Unable to download artifact(s): Artifact not found for name: {name}"
        raise ActionError(msg)
    place = shelf.artifacts[name]
    if _digest(place / "files") != (place / "digest").read_text():
        msg = f"{name}: digest mismatch"
        raise ActionError(msg)
    _copy(place / "files", where)
    return {"download-path": str(where)}


def configure_pages(machine: Machine, _inputs: Mapping[str, str], _shelf: Shelf) -> dict[str, str]:
    """Tell where the site will be; fails where Pages are off or the token may not look."""
    _needs(machine, "pages", "read")
    if machine.event.repo.pages is None:
        msg = "Get Pages site failed. Please verify that the repository has Pages enabled. Error: Not Found"
        raise ActionError(msg)
    owner, _, name = machine.event.repo.name.partition("/")
    origin = f"https://{owner}.github.io"
    return {"base_url": f"{origin}/{name}", "origin": origin, "host": origin[8:], "base_path": f"/{name}"}


def upload_pages(machine: Machine, inputs: Mapping[str, str], shelf: Shelf) -> dict[str, str]:
    """Keep a site for the deployment: a folder of plain files."""
    folder = machine.located(inputs.get("path", "_site/"))
    if not folder.is_dir():
        msg = f"tar: {folder.name}: Cannot open: No such file or directory"
        raise ActionError(msg)
    links = [path for path in folder.rglob("*") if path.is_symlink() or (path.is_file() and path.stat().st_nlink > 1)]
    if links:
        msg = f"{links[0].relative_to(folder)}: a site must not hold links"
        raise ActionError(msg)
    named = {"name": inputs.get("name", "github-pages"), "path": str(folder), "if-no-files-found": "error"}
    found = upload(machine, named | {"include-hidden-files": inputs.get("include-hidden-files", "false")}, shelf)
    return {"artifact_id": found["artifact-id"]}


def deploy_pages(machine: Machine, inputs: Mapping[str, str], shelf: Shelf) -> dict[str, str]:
    """Publish the site."""
    _needs(machine, "pages", "write")
    _needs(machine, "id-token", "write")
    if machine.environment.get("name") != "github-pages":
        msg = "Ensure that the job has `environment: github-pages`"
        raise ActionError(msg)
    name, repo = inputs.get("artifact_name", "github-pages"), machine.event.repo
    if repo.pages is None:
        msg = "Failed to create deployment (status: 404). Ensure GitHub Pages has been enabled"
        raise ActionError(msg)
    if name not in shelf.artifacts:
        msg = f"No artifacts named {name!r} were found for this workflow run."
        raise ActionError(msg)
    shelf.pages[repo.name] = shelf.artifacts[name] / "files"
    return {"page_url": configure_pages(machine, {}, shelf)["base_url"] + "/"}


def _needs(machine: Machine, permission: str, level: str) -> None:
    granted = machine.permissions.get(permission, "none")
    if ("none", "read", "write").index(granted) < ("none", "read", "write").index(level):
        msg = f"Resource not accessible by integration: the job needs `{permission}: {level}`"
        raise ActionError(msg)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _files(path: Path) -> list[Path]:
    return sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path][: path.exists()]


def _hidden(file: Path, given: Path) -> bool:
    inner = file.relative_to(given).parts if given.is_dir() else (file.name,)
    return any(part.startswith(".") for part in inner)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.exists():
        shutil.copyfile(source, target)


def _digest(folder: Path) -> str:
    files = {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in _files(folder)}
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


ACTIONS: dict[str, Callable[[Machine, Mapping[str, str], Shelf], dict[str, str]]] = {
    "actions/checkout": checkout,
    "actions/setup-python": setup_python,
    "actions/setup-node": setup_node,
    "astral-sh/setup-uv": setup_uv,
    "actions/cache/restore": restore,
    "actions/cache/save": save,
    "actions/cache": restore,
    "actions/upload-artifact": upload,
    "actions/download-artifact": download,
    "actions/configure-pages": configure_pages,
    "actions/upload-pages-artifact": upload_pages,
    "actions/deploy-pages": deploy_pages,
}
AFTER = {"actions/cache": save}  # when all steps of the job went well
