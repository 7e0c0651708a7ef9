"""`driftloop upgrade`: what a team edited is never lost, and the rest becomes that of the new version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.errors import LoopError
from driftloop.params import parse_params
from driftloop.project import base, demo, migration, rendering, requirement, upgrading
from driftloop.project.requirement import Requirement
from driftloop.project.tools import Tools
from driftloop.store.files import write_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MONITOR = ".github/workflows/monitor.yml"
CHECKOUT = re.compile(r"actions/checkout@\w{40} # v[\d.]+")
OLD_CHECKOUT = f"actions/checkout@{'0' * 40} # v5.0.0"
NEW = rendering.render(demo.answers(Requirement("==0.0.9", "", "")))
OLD: Mapping[str, str] = {
    **{path: CHECKOUT.sub(OLD_CHECKOUT, text) for path, text in NEW.items() if path != ".github/CODEOWNERS"},
    "params.yaml": NEW["params.yaml"].replace("  quiet_days: 28              # of a column, after a data alarm\n", ""),
    "scripts/old.sh": "echo old\n",
    "scripts/edited.sh": "echo old\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of an older version, as it was made."""
    project = tmp_path / "shop"
    for path, text in OLD.items():
        write_text(project / path, text)
    base.write(project, "0.0.9", OLD, base.Said(model="city-bikes", data=demo.DATA))
    Tools(project).run("git", "init", "--quiet")
    Tools(project).commit("old")
    return project


def edit(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text("utf-8")
    assert old in text
    write_text(root / path, text.replace(old, new, 1))
    Tools(root).commit("edit")


def planned(root: Path) -> dict[str, upgrading.Change]:
    return {change.path: change for change in upgrading.plan(root)[2]}


def test_plan__of_an_untouched_project_is_what_the_new_version_renders(root: Path) -> None:
    changes = planned(root)
    assert changes[MONITOR].kind == "replaced"
    assert changes[MONITOR].after == NEW[MONITOR]
    assert changes[".github/CODEOWNERS"].kind == "added"
    assert (changes["scripts/old.sh"].kind, changes["scripts/old.sh"].after) == ("removed", None)
    assert changes["params.yaml"].note == "monitor.quiet_days is new"
    assert changes["params.yaml"].after == NEW["params.yaml"]
    assert not {change.kind for change in changes.values()} & {"conflict", "kept"}


def test_plan__keeps_what_a_team_edited(root: Path) -> None:
    edit(root, MONITOR, '"23 5 * * *" # every day', '"7 3 * * *" # every night')
    edit(root, MONITOR, "uv run --frozen driftloop status", "uv run --frozen driftloop status\n        env: {A: b}")
    edit(root, "scripts/edited.sh", "old", "ours")
    edit(root, "pyproject.toml", '"driftloop==0.0.9",', '"driftloop==0.0.9",\n  "lightgbm",')
    edit(root, "src/features.py", '"""Columns', '"""Our columns')
    (root / "tests/test_project.py").unlink()
    Tools(root).commit("deleted")
    changes = planned(root)
    monitor = changes[MONITOR]
    assert monitor.kind == "merged"
    assert monitor.after is not None
    assert '"7 3 * * *" # every night' in monitor.after
    assert "env: {A: b}" in monitor.after
    assert OLD_CHECKOUT not in monitor.after
    assert changes["scripts/edited.sh"].kind == "kept"
    assert "tests/test_project.py" not in changes
    assert "src/features.py" not in changes
    after = changes["pyproject.toml"].after or ""
    assert '  "driftloop",\n  "lightgbm",' in after
    assert "==0.0.9" not in after
    assert "<<<<" not in after


def test_plan__where_both_changed_a_line_marks_it_as_git_does(root: Path) -> None:
    edit(root, MONITOR, OLD_CHECKOUT, "our/checkout@v1")
    change = planned(root)[MONITOR]
    assert change.kind == "conflict"
    assert change.after is not None
    assert "<<<<<<< yours\n" in change.after
    assert "our/checkout@v1" in change.after
    assert ">>>>>>> driftloop" in change.after


def test_act__with_conflicts_writes_all_and_says_what_to_do(root: Path) -> None:
    edit(root, MONITOR, OLD_CHECKOUT, "our/checkout@v1")
    was, new, changes = upgrading.plan(root)
    with pytest.raises(LoopError, match=rf"^{MONITOR}: both you and driftloop changed the same lines; edit"):
        upgrading.act(root, was, new, changes, say=print)
    assert not (root / "scripts/old.sh").exists()
    assert (root / ".github/CODEOWNERS").exists()
    edited = (root / MONITOR).read_text("utf-8")
    write_text(
        root / MONITOR, re.sub(r"<<<<<<< yours\n(.*?)=======\n.*?>>>>>>> [^\n]*\n", r"\1", edited, flags=re.DOTALL)
    )
    Tools(root).commit("resolved")
    assert upgrading.plan(root)[2] == []


def test_plan__twice_changes_nothing(root: Path) -> None:
    _, new, changes = upgrading.plan(root)
    for change in changes:
        (root / change.path).unlink() if change.after is None else write_text(root / change.path, change.after)
    base.write(root, "0.1.0", new, base.Said(model="city-bikes", data=demo.DATA))
    Tools(root).commit("upgraded")
    assert upgrading.plan(root)[2] == []


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("uncommitted", r"^README\.md: not committed; commit or stash your changes"),
        ("newer", r"^\.driftloop/base\.json: this project is of driftloop 99\.0, and this is "),
        ("markers", rf"^{MONITOR}: expected a merged file, got markers of an earlier upgrade"),
        ("latin-1", r"features\.py: expected text in UTF-8, got other bytes; save it as UTF-8$"),
        ("no base", r"^\.driftloop/base\.json: not found; `driftloop init` writes it"),
        ("bad base", r"^\.driftloop/base\.json: expected what `driftloop init` writes"),
    ],
)
def test_plan__refuses(root: Path, case: str, said: str) -> None:
    match case:
        case "uncommitted":
            write_text(root / "README.md", "mine")
        case "newer":
            base.write(root, "99.0", OLD, base.Said(model="m"))
        case "markers":
            edit(root, MONITOR, "name: Monitor\n", "<<<<<<< yours\nname: Monitor\n")
        case "latin-1":
            (root / "src/features.py").write_bytes("# Größe\n".encode("latin-1"))
            Tools(root).commit("latin")
        case "no base":
            (root / base.BASE).unlink()
        case "bad base":
            write_text(root / base.BASE, "{}")
    with pytest.raises(LoopError, match=said):
        upgrading.plan(root)


@settings(max_examples=30, deadline=None)
@given(edits=st.lists(st.tuples(st.integers(0, 186), st.sampled_from("ird"), st.integers(0, 999)), max_size=8))
def test_merged__keeps_every_line_that_a_team_added(edits: list[tuple[int, str, int]]) -> None:
    lines = OLD[MONITOR].splitlines()
    added = []
    for place, how, number in edits:
        place %= max(1, len(lines))  # noqa: PLW2901
        line = f"      # ours {number}"
        if how != "i" and lines and lines[place] not in added:
            del lines[place]
        if how != "d":
            lines.insert(place, line)
            added.append(line)
    text, conflicts = upgrading.merged("\n".join(lines) + "\n", OLD[MONITOR], NEW[MONITOR], "0.0.9", "0.1.0")
    there = text.splitlines()
    assert [line for line in added if line not in there] == []
    assert ("<<<<<<< yours" in text) is bool(conflicts)


def test_migrate__moves_renamed_keys_and_keeps_the_teams_text() -> None:
    ours = """# our model
model: shop
monitor:
    # asked by Ann
    policy: loss
    wait_days: 9      # we are patient
    extra:
      - a
      - b
train: {seed: 1}
"""
    template = "model: m\nmonitor:\n  policy: x    # | y\n  alert_at_days: 8  # days\n  calendar_days: 91\nreport:\n  pages: auto  # who\n"
    found = migration.migrate(
        ours,
        "model: m\nmonitor:\n  policy: x\n  wait_days: 8\n",
        template,
        {"monitor.wait_days": "monitor.alert_at_days"},
    )
    assert found.moved == {"monitor.wait_days": "monitor.alert_at_days"}
    assert found.added == ("monitor.calendar_days", "report.pages")
    assert (
        found.text
        == """# our model
model: shop
monitor:
    # asked by Ann
    policy: loss
    alert_at_days: 9      # we are patient
    calendar_days: 91
    extra:
      - a
      - b
report:
  pages: auto  # who
train: {seed: 1}
"""
    )


def test_migrate__moves_a_key_to_another_section_with_its_lines() -> None:
    ours = "a:\n  old:\n    - 1\n    - 2\n  rest: 1\nb:\n  first: 1\n"
    found = migration.migrate(ours, "", "a:\n  rest: 0\nb:\n  first: 0\n  new: []\n", {"a.old": "b.new"})
    assert found.text == "a:\n  rest: 1\nb:\n  first: 1\n  new:\n    - 1\n    - 2\n"


@pytest.mark.parametrize("missing", [line for line in NEW["params.yaml"].splitlines() if line.startswith("  ")])
def test_migrate__gives_back_any_key_of_todays_file(missing: str) -> None:
    old = NEW["params.yaml"].replace(f"{missing}\n", "")
    assert migration.migrate(old, old, NEW["params.yaml"]).text == NEW["params.yaml"]


@pytest.mark.parametrize(
    ("ours", "text"),
    [
        ("a:\n  x: |\n    one\n    # two\n", "a:\n  x: |\n    one\n    # two\n  new: 5  # five\n"),
        ("a: {x: 1}  # ours\n", "a: {x: 1, new: 5}  # ours\n"),
        ("a: {}\n", "a: {new: 5}\n"),
        ("a:\n  x: 1\n\n  # of z\n  z: 1\n", "a:\n  x: 1\n  new: 5  # five\n\n  # of z\n  z: 1\n"),
    ],
)
def test_migrate__adds_a_key_to_a_section_in_any_style(ours: str, text: str) -> None:
    assert migration.migrate(ours, "a:\n  x: 0\n", "a:\n  x: 0\n  new: 5  # five\n").text == text


@pytest.mark.parametrize("ours", ["a: {x: 1,  # c\n  y: 2,\n    }\n", "a: null\n", "a: 7\n"])
def test_migrate__names_a_key_for_which_there_is_no_place(ours: str) -> None:
    found = migration.migrate(ours, "a:\n  x: 0\n", "a:\n  x: 0\n  new: 5  # five\n")
    assert (found.text, found.missing, found.added) == (ours, ("a.new",), ())


def test_migrate__a_key_that_a_team_removed_stays_away() -> None:
    template = "a:\n  x: 0\n  y: 0\n"
    assert migration.migrate("a:\n  x: 1\n", template, template).text == "a:\n  x: 1\n"


def test_migrate__a_key_that_is_no_more_goes_if_nobody_set_it_and_is_named_otherwise() -> None:
    found = migration.migrate("a:\n  x: 0\n  y: 7\n", "a:\n  x: 0\n  y: 0\n  z: 0\n", "a:\n  z: 0\n")
    assert (found.text, found.dropped, found.unknown) == ("a:\n  y: 7\n", ("a.x",), ("a.y",))


def test_plan__a_package_of_like_name_is_no_driftloop(root: Path) -> None:
    edit(root, "pyproject.toml", '  "driftloop==0.0.9",', '  "driftloop-ours>=2",\n  "driftloop==0.0.9",')
    after = planned(root)["pyproject.toml"].after or ""
    assert '  "driftloop-ours>=2",\n  "driftloop",' in after


def test_act__keeps_ends_of_lines_modes_and_links(root: Path) -> None:
    write_text(root / MONITOR, OLD[MONITOR].replace("\n", "\r\n"))
    (root / MONITOR).chmod(0o755)
    (root / "elsewhere.yml").write_text(OLD[".github/workflows/release.yml"])
    (root / ".github/workflows/release.yml").unlink()
    (root / ".github/workflows/release.yml").symlink_to("../../elsewhere.yml")
    Tools(root).commit("windows")
    was, new, changes = upgrading.plan(root)
    assert {change.path: change.kind for change in changes}[MONITOR] == "replaced"
    broken = upgrading.Change("README.md", "conflict", "a", "b")
    with pytest.raises(LoopError, match="README"):
        upgrading.act(root, was, new, [*changes, broken], say=print)
    assert (root / MONITOR).read_bytes().decode() == NEW[MONITOR].replace("\n", "\r\n")
    assert (root / MONITOR).stat().st_mode & 0o777 == 0o755
    assert (root / ".github/workflows/release.yml").is_symlink()
    assert (root / "elsewhere.yml").read_text() == NEW[".github/workflows/release.yml"]


def test_renamed_keys__lead_to_keys_that_are_there() -> None:
    known = parse_params(NEW["params.yaml"], where="params.yaml").model_dump()
    assert [new for new in migration.RENAMED.values() if new.split(".")[-1] not in known[new.split(".")[0]]] == []
    assert requirement.installed().why
