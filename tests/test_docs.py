"""The documents name everything that people use, and point at nothing that is not there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

import workflows
from architecture import SRC

from driftloop.alerting.labels import Label
from driftloop.ci import app as ci
from driftloop.cli import app
from driftloop.core.decision.values import ALERTED, Status
from driftloop.core.judging.gate import Outcome
from driftloop.params import Params

if TYPE_CHECKING:
    from pathlib import Path

ROOT = SRC.parent
README = (ROOT / "README.md").read_text("utf-8")
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md", "tests/*.md", "tests/[rs]*/README.md", ".github/**/*.md")
    for path in ROOT.glob(pattern)
)

VERBS = [
    command.name or command.callback.__name__
    for command in app.registered_commands
    if not command.hidden and command.callback
]
# Targets of make for people are those that say what they do.
TARGETS = re.findall(r"^([\w-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE)


def code(text: str) -> str:
    """Keep what is written as code, inline or in blocks."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, flags=re.DOTALL))


def links(text: str) -> list[str]:
    """List where a document points, without what is shown as code."""
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    return re.findall(r"\]\(([^)\s]+)[^)]*\)", prose) + re.findall(r"^\[[^\]]+\]:\s*(\S+)", prose, flags=re.MULTILINE)


def anchors(text: str) -> set[str]:
    """Name the headings as GitHub does."""
    headings = re.findall(r"^#+\s+(.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_readme__names_every_verb() -> None:
    assert VERBS
    assert [verb for verb in VERBS if not re.search(rf"\bdriftloop {verb}\b", code(README))] == []


def test_readme__names_no_verb_that_is_not_there() -> None:
    hidden = {command.callback.__name__ for command in app.registered_commands if command.callback}
    named = set(re.findall(r"\bdriftloop ([a-z]+)\b", code(README)))
    assert named - hidden == {"ci"}


def test_readme__names_exactly_the_verbs_for_workflows() -> None:
    there = {
        command.name or getattr(command.callback, "__name__", "").replace("_", "-")
        for command in ci.registered_commands
    }
    assert set(re.findall(r"\bdriftloop ci ([a-z-]+)\b", code(README))) == there


def test_readme__names_every_section_of_params_yaml() -> None:
    sections = list(Params.model_fields)
    assert [section for section in sections if not re.search(rf"`{section}:?`|`{section}\.", README)] == []


def test_readme__names_no_parameter_that_is_not_there() -> None:
    keys = {name: getattr(field.annotation, "model_fields", {}) for name, field in Params.model_fields.items()}
    sections = "|".join(name for name in keys if keys[name])
    named = re.findall(rf"`(?:-S )?({sections})\.([a-z_]+)", README)
    assert [f"{section}.{key}" for section, key in named if key not in keys[section]] == []


def test_documents__name_every_make_target() -> None:
    text = code(README) + code((ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert [target for target in TARGETS if not re.search(rf"\bmake {target}\b", text)] == []


def test_makefile__has_targets_for_people() -> None:
    assert {"repro", "test", "check", "lint"} <= set(TARGETS)


def test_documents__point_at_what_is_there() -> None:
    offenders = [
        f"{path.relative_to(ROOT)}: {link}"
        for path in DOCUMENTS
        for link in links(path.read_text("utf-8"))
        if not re.match(r"[a-z]+:", link) and not leads_somewhere(path, link)
    ]
    assert offenders == []


def leads_somewhere(path: Path, link: str) -> bool:
    """Follow a relative link of a document, to a heading of another one if it names one."""
    name, _, anchor = link.partition("#")
    target = (path.parent / name).resolve() if name else path
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or target.suffix != ".md" or anchor in anchors(target.read_text("utf-8"))


def test_readme__names_files_that_are_there() -> None:
    """Those that are committed; what the pipeline writes is there after it ran."""
    written = ("data/", "metrics/", "reports/", "models/candidate", "rehearsal/", ".uv/", ".venv/", ".cache/")
    named = re.findall(r"`((?:\.?[\w-]+/)+[\w.-]*|[\w-]+\.(?:md|yaml|json|toml))`", README)
    assert [name for name in named if not name.startswith(written) and not exists(name)] == []


def exists(name: str) -> bool:
    return any((ROOT / folder / name).exists() for folder in (".", "models/production"))


def test_readme__lists_every_permission_of_every_job_with_its_reason() -> None:
    found = [
        (f"{path.stem} / {job}", *permission)
        for path in workflows.FILES
        for job, text in re.findall(r"^  ([a-z-]+):\n((?:    .*\n|\n)+)", path.read_text("utf-8"), re.MULTILINE)
        for permission in re.findall(r"^      ([a-z-]+: (?:read|write)) # (.+)$", text, re.MULTILINE)
    ]
    assert len(found) == sum(len(job.given["permissions"]) for job in workflows.jobs())
    assert re.findall(r"^\| ([a-z-]+ / [a-z-]+) \| `([^`]+)` \| (.+) \|$", README, re.MULTILINE) == found


def test_readme__draws_the_loop_as_the_code_has_it() -> None:
    (graph,) = (block for block in re.findall(r"```mermaid\n(.*?)```", README, re.DOTALL) if "retrain-model" in block)
    states = dict(re.findall(r"(\w+)\(\[([^\]]+)\]\)", graph))
    statuses, outcomes = set(get_args(Status)), set(get_args(Outcome))
    assert sorted(states.values()) == sorted(statuses | outcomes)
    assert set(re.findall(r"\blabel ([\w-]+)", graph)) == set(Label)
    leads = {
        states[state]: target
        for sources, target in re.findall(r"^ +([\w &]+) --> (\w+)", graph, re.MULTILINE)
        for state in sources.split(" & ")
        if state in states
    }
    assert {state for state, target in leads.items() if target == "alert"} == ALERTED
    assert {state for state, target in leads.items() if target == "quiet"} == statuses - ALERTED
    assert {state for state, target in leads.items() if target == "comment"} == outcomes - {"promote"}
    assert re.search(r"\(\[promote\]\) --> proposal\b", graph)


def test_readme__names_every_variable_of_the_workflows() -> None:
    used = set(re.findall(r"\bvars\.(\w+)", "".join(path.read_text("utf-8") for path in workflows.FILES)))
    assert used == set(re.findall(r"^\| `(DRIFTLOOP_\w+)`", README, re.MULTILINE))


def test_readme__names_every_workflow() -> None:
    names = [str(workflows.load(path)["name"]) for path in workflows.FILES]
    assert [name for name in names if f"\n| {name} |" not in README] == []


def test_readme__begins_with_its_name() -> None:
    assert README.startswith("# driftloop\n")


def test_changelog__has_a_place_for_what_comes() -> None:
    assert re.search(r"^## \[?Unreleased\]?$", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)
