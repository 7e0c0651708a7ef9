"""The files of a project, from templates and answers.

The templates that a project takes over unchanged are links to the files of this repository's own root, which is a project
itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined

from driftloop.project import parameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from driftloop.project.requirement import Requirement

ALIKE = ("experiment", "monitor", "release", "retrain", "rollback")  # workflows that are the same in each project
FAILED = ("comment", *ALIKE, "pipeline")
# File of the project → its template. `parameters.yaml` is filled with values, and names that end with .j2 with answers.
TEMPLATES = {
    "README.md": "readme.md.j2",
    "Makefile": "makefile.j2",
    "pyproject.toml": "pyproject.toml.j2",
    "params.yaml": "parameters.yaml",
    "dvc.yaml": "pipeline.yaml",
    "src/features.py": "features.py",
    "tests/test_project.py": "test_project.py",
    ".gitignore": "gitignore.j2",
    ".dvcignore": "dvcignore.j2",
    ".dvc/config": "dvc-config",
    ".dvc/.gitignore": "dvc-gitignore",
    ".github/CODEOWNERS": "codeowners",
    ".github/dependabot.yml": "dependabot.yml.j2",
    ".github/actions/setup/action.yml": "action-setup.yml",
    ".github/workflows/pull-request.yml": "workflow-pull-request.yml.j2",
    **{f".github/workflows/{name}.yml": f"workflow-{name}.yml" for name in ALIKE},
    ".github/failed/checks.md": "failed-checks.md.j2",
    **{f".github/failed/{name}.md": f"failed-{name}.md" for name in FAILED},
}
# What each of several models in a repository has of its own.
OF_A_MODEL = (
    "params.yaml", "dvc.yaml", "src/features.py", "tests/test_project.py",
    ".gitignore", ".dvcignore", ".dvc/config", ".dvc/.gitignore",
)  # fmt: skip
MODELS = "workflow-models.yml"  # only where there are several
# GitHub's expressions and DVC's take the usual braces.
JINJA = Environment(
    block_start_string="[%", block_end_string="%]", variable_start_string="[[", variable_end_string="]]",
    comment_start_string="[#", comment_end_string="#]", trim_blocks=True, lstrip_blocks=True,
    keep_trailing_newline=True, undefined=StrictUndefined, autoescape=False,  # noqa: S701, no HTML is made
)  # fmt: skip


@dataclass(frozen=True)
class Answers:
    """What one project differs in from another.

    Attributes
    ----------
    model
        Name of the model, and of the project.
    requirement
        How driftloop gets into the project.
    values, comments
        Values of params.yaml other than the defaults, and comments other than the usual ones, by dotted key.
    data
        What the project says about where its rows are, in a sentence.
    features
        Text of src/features.py; None: the template's.
    workshop
        Whether it is the repository in which driftloop itself is developed.
    """

    model: str
    requirement: Requirement
    values: Mapping[str, Any] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    data: str = ""
    features: str | None = None
    workshop: bool = False


def render(answers: Answers, paths: Iterable[str] = TEMPLATES) -> dict[str, str]:
    """Make the text of each file of a project, or of some."""
    made = {path: _text(TEMPLATES[path], answers) for path in paths}
    return made if answers.features is None else made | {"src/features.py": answers.features}


def template(name: str) -> str:
    """Read a template as it is."""
    return files("driftloop.project").joinpath("templates", name).read_text(encoding="utf-8")


def _text(name: str, answers: Answers) -> str:
    text = template(name)
    if name == "parameters.yaml":
        return parameters.filled(text, {"model": answers.model, **answers.values}, answers.comments)
    if not name.endswith(".j2"):
        return text
    return JINJA.from_string(text).render(
        model=answers.model, requirement=answers.requirement, data=answers.data, workshop=answers.workshop
    )
