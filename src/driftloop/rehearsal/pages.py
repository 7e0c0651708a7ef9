"""The texts to read: each issue and pull request of the rehearsal as one Markdown file, comments included, and the dashboard."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from driftloop.errors import LoopError
from driftloop.store.files import replacing_folder, write_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftloop.githubstub import Issue
    from driftloop.rehearsal.stage import Stage

FOLDER = Path("rehearsal")
STORY = "story.txt"
SITE = "site"
KINDS = {True: "pull-request", False: "alert"}


def write(out: Path, stage: Stage, told: Sequence[str]) -> list[Path]:
    """Replace the folder `out` by the texts of this rehearsal, and name them.

    Raises
    ------
    LoopError
        If `out` holds something else than an earlier rehearsal.
    """
    check(out)
    names = []
    with replacing_folder(out) as folder:
        for number, issue in sorted(stage.repo.issues.items()):
            names.append(f"{number}-{KINDS[bool(issue.pull)]}.md")
            write_text(folder / names[-1], page(stage, issue))
        if stage.site.is_dir():
            shutil.copytree(stage.site, folder / SITE)
            names.append(f"{SITE}/index.html")
        write_text(folder / STORY, "\n".join([*told, ""]))
    return [out / name for name in [*names, STORY]]


def check(out: Path) -> None:
    """Refuse to replace what an earlier rehearsal has not left."""
    strange = out.is_symlink() or (out.exists() and not (out / STORY).is_file())
    if strange and not (out.is_dir() and not any(out.iterdir())):
        msg = f"{out}: expected the texts of an earlier rehearsal, got something else; move it away"
        raise LoopError(msg)


def page(stage: Stage, issue: Issue) -> str:
    """Write one as GitHub shows it, from top to bottom."""
    comments = [each for each in stage.repo.comments.values() if each.number == issue.number]
    spoken = [f"---\n\n**{each.author.login}** commented:\n\n{each.body}" for each in comments]
    return "\n\n".join([f"# {issue.title}", _facts(stage, issue), issue.body or "", *spoken, ""])


def _facts(stage: Stage, issue: Issue) -> str:
    state = "merged" if issue.pull and issue.pull.merged_at else issue.state
    closed = f" by {issue.closed_by.login}" if issue.closed_by else ""
    lines = [f"`#{issue.number}`", f"{state}{closed}", f"opened by {issue.author.login}"]
    if issue.labels:
        lines.append("labels " + ", ".join(f"`{label}`" for label in issue.labels))
    if issue.assignees:
        lines.append("assigned to " + ", ".join(each.login for each in issue.assignees))
    facts = [" · ".join(lines)]
    if issue.pull:
        commits = [f"`{message}`" for message in stage.commits(issue)]
        files = [f"`{each.path}`" for each in stage.repo.git.changes(issue.pull.base_sha, issue.pull.head_sha)]
        facts += [f"{len(commits)} commits: {', '.join(commits)}", f"{len(files)} files: {', '.join(files)}"]
        facts += stage.checks(issue)
    return "\n\n".join(facts)
