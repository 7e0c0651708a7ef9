"""README and manual name everything that people use, and point at nothing that is not there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

import pytest
import typer
import workflows
import yaml
from architecture import SRC

from driftloop.alerting.labels import Label
from driftloop.ci import app as ci
from driftloop.core.decision.statuses import STATUSES
from driftloop.core.judging.outcomes import OUTCOMES
from driftloop.params import Monitor, Params
from driftloop.params.source import Source
from driftloop.verbs.program import app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOT = SRC.parent
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md", "tests/*.md", "tests/[rs]*/README.md", ".github/**/*.md")
    for path in ROOT.glob(pattern)
)
# Files whose texts and comments may send a reader to a page.
SENDERS = sorted(
    path
    for pattern in (
        "src/**/*.py",
        "benchmarks/*.py",
        ".github/**/*.yml",
        "*.yaml",
        "*.toml",
        "params.*.json",
        "Makefile",
    )
    for path in ROOT.glob(pattern)
)
README = (ROOT / "README.md").read_text("utf-8")
PAGES = {path.stem: path.read_text("utf-8") for path in sorted(ROOT.glob("docs/*.md"))}
MANUAL = "\n".join([README, *PAGES.values()])

# Targets of make for people are those that say what they do.
TARGETS = re.findall(r"^([\w-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE)
# Begins the path of a file that the pipeline, a verb or a team writes, and that is not committed here.
WRITTEN = (
    "src/features.py",
    ".driftloop/",
    "vendor/",
    "history.json",
    "_site/",
    "data/",
    "metrics/",
    "reports/",
    "models/candidate",
    "rehearsal/",
    ".uv/",
    ".venv/",
    ".cache/",
)


def code(text: str) -> str:
    """Keep what is written as code, inline or in blocks."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, flags=re.DOTALL))


def links(text: str) -> list[str]:
    """List where a document points, without what is shown as code."""
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    return re.findall(r"\]\(([^)\s]+)[^)]*\)", prose) + re.findall(r"^\[[^\]]+\]:\s*(\S+)", prose, flags=re.MULTILINE)


def mentions(text: str) -> list[str]:
    """List the pages that code or a comment names, with their anchors; an address that ends with one counts."""
    return re.findall(r"(?:\b(?:docs|benchmarks|tests)/[\w/-]+|\.github/[\w/-]+|\b[A-Z]+)\.md\b(?:#[\w-]+)?", text)


def anchors(text: str) -> set[str]:
    """Name the headings as GitHub does."""
    headings = re.findall(r"^#+\s+(.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads(link: str, page: Path) -> bool:
    """Say whether a relative link on a page leads to a file of the repository, and to a heading in it."""
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or target.suffix != ".md" or anchor in anchors(target.read_text("utf-8"))


def cells(page: str, columns: int) -> Iterator[list[str]]:
    """Give the rows of a page's tables that have so many columns, without heads and rules."""
    rows = re.findall(r"^\| (.*) \|$", re.sub(r"^\|.*\|\n\|[-|]+\|$", "", page, flags=re.MULTILINE), flags=re.MULTILINE)
    return (row.split(" | ") for row in rows if len(row.split(" | ")) == columns)


def parameters() -> dict[str, Any]:
    """Flatten params.yaml as committed, in the order of the model."""
    given = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
    found: dict[str, Any] = {}
    for name, field in Params.model_fields.items():
        keys = getattr(field.annotation, "model_fields", None)
        found |= {f"{name}.{key}": given[name][key] for key in keys} if keys else {name: given[name]}
    return found


def test_readme__begins_with_its_name_and_is_short() -> None:
    assert README.startswith("# driftloop\n")
    assert README.count("\n") <= 200


def test_readme__leads_to_every_page_of_the_manual() -> None:
    assert sorted(f"docs/{name}.md" for name in PAGES) == sorted(set(re.findall(r"docs/[\w-]+\.md(?=\))", README)))


def test_pages__have_lines_that_fit_a_window() -> None:
    texts = {"README": README, **PAGES}
    lines = [(name, line) for name, text in texts.items() for line in text.splitlines() if not line.startswith("|")]
    assert [(name, line) for name, line in lines if len(line) > 140] == []


def test_document__points_at_what_is_there() -> None:
    found = [
        (path.relative_to(ROOT).as_posix(), link)
        for path in DOCUMENTS
        for link in links(path.read_text("utf-8"))
        if not re.match(r"[a-z]+:", link) and not leads(link, path)
    ]
    assert found == []


def test_code__points_at_pages_and_headings_that_are_there() -> None:
    """By a path from the root, or from its own folder."""
    found = [
        (path.relative_to(ROOT).as_posix(), link)
        for path in SENDERS
        for link in mentions(path.read_text("utf-8"))
        if not any(leads(link, page) for page in (ROOT / "README.md", path))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see docs/limits.md#nothing-of-it.", ["docs/limits.md#nothing-of-it"]),
        ("https://example.org/a/b/blob/main/docs/limits.md#limits)", ["docs/limits.md#limits"]),
        ("see README.md.", ["README.md"]),
        ("cat .github/failed/monitor.md >> summary", [".github/failed/monitor.md"]),
        ('f"{number}-{kind}.md"', []),
    ],
)
def test_mentions__finds_pages_in_code(text: str, found: list[str]) -> None:
    assert mentions(text) == found


def test_leads__only_to_files_of_the_repository_and_to_headings() -> None:
    there = ["docs/limits.md", "docs/limits.md#limits", "#manual"]
    nowhere = ["docs/limits.md#no-such-heading", "docs/no-such-page.md", "#no-such-heading", "../outside.md"]
    assert [link for link in (*there, *nowhere) if leads(link, ROOT / "README.md")] == there


def test_verbs__are_all_explained_and_no_others_named() -> None:
    there = {name: command for name, command in typer.main.get_group(app).commands.items() if name != "ci"}
    rows = [row[0] for row in cells(PAGES["verbs"], 2)]
    shown = [f"`driftloop {verb}`" for verb, command in there.items() if not command.hidden]
    assert sorted(row for row in rows if not row.startswith("`driftloop ci ")) == sorted(shown)
    assert set(re.findall(r"\bdriftloop ([a-z]+)\b", code(MANUAL))) - set(there) == {"ci", "stage"}  # which DVC calls


def test_verbs__for_workflows_are_all_explained_and_no_others_named() -> None:
    there = set(typer.main.get_group(ci).commands)
    rows = [row[0] for row in cells(PAGES["verbs"], 2)]
    assert {row for row in rows if row.startswith("`driftloop ci ")} == {f"`driftloop ci {verb}`" for verb in there}
    assert set(re.findall(r"\bdriftloop ci ([a-z-]+)\b", code(MANUAL))) <= there


def test_parameters__are_all_explained_in_order() -> None:
    assert [row[0] for row in cells(PAGES["parameters"], 3)] == [f"`{key}`" for key in parameters()]


def test_parameters__have_the_values_of_the_template() -> None:
    """Those that are shown whole; `…` and words stand for longer ones."""
    shown = {row[0].strip("`"): row[1] for row in cells(PAGES["parameters"], 3)}
    whole = {key: yaml.safe_load(text.strip("`")) for key, text in shown.items() if text[0] == "`" and "…" not in text}
    given = parameters()
    assert whole == {key: given[key] for key in whole}
    assert len(whole) > 0.8 * len(given)


def test_manual__names_no_parameter_that_is_not_there() -> None:
    sections = "|".join({key.partition(".")[0] for key in parameters() if "." in key})
    named = re.findall(rf"`(?:-S )?((?:{sections})\.[a-z_]+)", MANUAL)
    assert [key for key in named if key not in parameters()] == []


def test_manual__explains_every_policy_and_every_source() -> None:
    policies, kinds = (field.annotation for field in (Monitor.model_fields["policy"], Source.model_fields["kind"]))
    explained = [row[0].strip("`") for row in cells(section(PAGES["decisions"], "Policies"), 2)]
    assert sorted(explained) == sorted(get_args(policies))
    assert sorted(row[0].strip("`") for row in cells(section(PAGES["data"], "Sources"), 2)) == sorted(get_args(kinds))


def section(page: str, heading: str) -> str:
    """Cut out what stands under a heading of the second level."""
    (found,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", page, flags=re.MULTILINE | re.DOTALL)
    return str(found)


def test_decisions__list_every_state_and_every_outcome() -> None:
    states = [(row[1].strip("*"), row[3]) for row in cells(PAGES["decisions"], 4)]
    assert sorted(states) == sorted((state, "yes" if texts.alerts else "no") for state, texts in STATUSES.items())
    outcomes = [row[0].strip("*") for row in cells(section(PAGES["decisions"], "The gate"), 2)]
    assert sorted(outcomes) == sorted(OUTCOMES)


def test_makefile__has_targets_for_people_that_readme_and_start_name() -> None:
    assert {"repro", "test", "lint"} <= set(TARGETS)
    assert [target for target in TARGETS if not re.search(rf"\bmake {target}\b", code(MANUAL))] == []


def test_manual__names_files_that_are_there() -> None:
    """Those that are committed; what the pipeline writes is there after it ran."""
    named = re.findall(r"`((?:\.?[\w-]+/)+[\w.-]*|[\w-]+\.(?:md|yaml|json|toml))`", MANUAL)
    assert [name for name in named if not name.startswith(WRITTEN) and not exists(name)] == []


def test_contributing__names_modules_that_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    tables = "\n".join(section(text, heading) for heading in ("The map", "Common changes"))
    named = re.findall(r"`([\w/.]+(?:/|\.(?:py|yaml|json)))`", tables)
    inner = [f"core/{name}" for name in re.findall(r"^\| &nbsp; `(\w+/)`", tables, flags=re.MULTILINE)]
    paths = sorted({*named, *inner} - {name.removeprefix("core/") for name in inner})
    assert [name for name in paths if not any((base / name).exists() for base in (ROOT, SRC, SRC / "driftloop"))] == []


def test_contributing__has_every_room_on_its_map() -> None:
    code = SRC / "driftloop"
    named = section((ROOT / "CONTRIBUTING.md").read_text("utf-8"), "The map")
    rooms = [path for path in sorted([*code.iterdir(), *(code / "core").iterdir()]) if not path.name.startswith("_")]
    shown = {f"`{path.name}/`" if path.is_dir() else path.stem for path in rooms}
    assert [name for name in sorted(shown) if name not in named] == []


def exists(name: str) -> bool:
    return any((ROOT / folder / name).exists() for folder in (".", "models/production"))


def test_github__lists_every_permission_of_every_job_with_its_reason() -> None:
    found = [
        [f"{workflows.name(path)} / {job}", f"`{permission}`", reason]
        for path in workflows.FILES
        for job, text in re.findall(r"^  ([a-z-]+):\n((?:    .*\n|\n)+)", path.read_text("utf-8"), re.MULTILINE)
        for permission, reason in re.findall(r"^      ([a-z-]+: (?:read|write)) # (.+)$", text, re.MULTILINE)
    ]
    assert len(found) == sum(len(job.given["permissions"]) for job in workflows.jobs())
    assert list(cells(section(PAGES["github"], "Permissions"), 3)) == found


def test_github__names_every_variable_of_the_workflows() -> None:
    used = set(re.findall(r"\bvars\.(\w+)", "".join(path.read_text("utf-8") for path in workflows.FILES)))
    assert {row[0].strip("`") for row in cells(section(PAGES["github"], "Repository variables"), 3)} == used


def test_github__names_every_workflow() -> None:
    names = [str(workflows.load(path)["name"]) for path in workflows.FILES]
    assert sorted(row[0] for row in cells(section(PAGES["github"], "Workflows"), 3)) == sorted(names)


def test_readme__draws_the_loop_as_the_code_has_it() -> None:
    (graph,) = (block for block in re.findall(r"```mermaid\n(.*?)```", README, re.DOTALL) if "retrain-model" in block)
    states = dict(re.findall(r"(\w+)\(\[([^\]]+)\]\)", graph))
    statuses, outcomes = set(STATUSES), set(OUTCOMES)
    alerts = {status for status, texts in STATUSES.items() if texts.alerts}
    assert sorted(states.values()) == sorted(statuses | outcomes)
    assert set(re.findall(r"\blabel ([\w-]+)", graph)) == set(Label)
    leads = {
        states[state]: target
        for sources, target in re.findall(r"^ +([\w &]+) --> (\w+)", graph, re.MULTILINE)
        for state in sources.split(" & ")
        if state in states
    }
    assert {state for state, target in leads.items() if target == "alert"} == alerts
    assert {state for state, target in leads.items() if target == "quiet"} == statuses - alerts
    assert {state for state, target in leads.items() if target == "comment"} == outcomes - {"promote"}
    assert re.search(r"\(\[promote\]\) --> proposal\b", graph)


def test_changelog__has_a_place_for_what_comes() -> None:
    assert re.search(r"^## \[?Unreleased\]?$", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)


def generated(name: str) -> list[list[str]]:
    """Find the table between `<!-- name -->` and `<!-- /name -->` in the manual; give its cells."""
    (block,) = re.findall(rf"<!-- {name} -->\n(.*?)\n<!-- /{name} -->", PAGES["decisions"], re.DOTALL)
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in block.splitlines()[2:]]


def test_decisions__explains_each_status_and_outcome_as_the_code_has_it() -> None:
    written = [[f"*{name}*", texts.meaning, "yes" if texts.alerts else "no"] for name, texts in STATUSES.items()]
    assert generated("statuses") == written
    assert generated("outcomes") == [[f"*{name}*", texts.meaning] for name, texts in OUTCOMES.items()]


def test_readme_of_tests__names_every_part() -> None:
    parts = [path.parent.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").glob("*/**/*.py")]
    text = (ROOT / "tests/README.md").read_text("utf-8")
    assert [part for part in sorted(set(parts)) if f"`{part}/`" not in text] == []


def test_readme_of_helpers__has_a_line_for_each() -> None:
    text = (ROOT / "tests/support/README.md").read_text("utf-8")
    helpers = [path.name for path in sorted((ROOT / "tests/support").glob("*.py"))]
    assert re.findall(r"^\| `(\w+\.py)` \|", text, re.MULTILINE) == helpers
