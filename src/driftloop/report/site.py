"""The pages that are published: what was decided, and Evidently's report beside it."""

from __future__ import annotations

import shutil
from html import escape
from string import Template
from typing import TYPE_CHECKING

from driftloop.core.dates import last
from driftloop.core.decision.values import Decision
from driftloop.core.text import line
from driftloop.errors import LoopError
from driftloop.report import error_lines
from driftloop.report.headline import for_title, unmeasured
from driftloop.store.files import DECISION, EVIDENTLY, read_value, replacing_folder, write_text

if TYPE_CHECKING:
    from pathlib import Path

REPORT = "index.html"
PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; color: #1f2328; background: #fff }
a { color: #0550ae }
</style>
</head>
<body>
<main>
<h1>$title</h1>
<p>$dates</p>
<ul>
$reasons
</ul>
<p>$advice</p>
<p>$report</p>
</main>
</body>
</html>
""")


def build(root: Path, out: Path) -> Path:
    """Build the pages from what the pipeline wrote, whole or not at all; return the first one.

    Raises
    ------
    LoopError
        If `out` holds something else.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()) or (out.is_dir() and _is_foreign(out)):
        msg = f"{out}: expected a new folder or an earlier site, got something else"
        raise LoopError(msg)
    decision, report = read_value(root / DECISION, Decision), root / EVIDENTLY / REPORT
    with replacing_folder(out) as folder:
        write_text(folder / REPORT, index(decision, rendered=report.is_file()))
        if report.is_file():
            (folder / EVIDENTLY.name).mkdir()
            shutil.copyfile(report, folder / EVIDENTLY.name / REPORT)
    return out / REPORT


def index(decision: Decision, *, rendered: bool) -> str:
    """Write the first page."""
    version = f" v{decision.version}" if decision.version else ""
    simulated = " · SIMULATED DATA" if decision.simulated else ""
    ends = [last(each) for each in (decision.until, decision.labelled_until)]
    said = [error_lines.error(decision), *decision.reasons]
    if unmeasured(decision):  # the title gives the reason
        said = [error_lines.normal(decision), *(alarm.text for alarm in decision.alarms)]
    link = f'<a href="{EVIDENTLY.name}/{REPORT}">Evidently’s report</a>'
    return PAGE.substitute(
        title=_shown(f"{decision.model}{version} {for_title(decision)}"),
        dates=_shown(f"Data to {ends[0]}, labels to {ends[1]} ({decision.zone}){simulated}"),
        reasons="\n".join(f"<li>{_shown(each)}</li>" for each in said if each),
        advice="Nothing to do." if decision.status == "healthy" else f"<strong>Do:</strong> {_shown(decision.advice)}.",
        report=link if rendered else "Evidently’s report was not rendered this time.",
    )


def _shown(text: str) -> str:
    return escape(line(text))


def _is_foreign(out: Path) -> bool:
    names = {entry.name for entry in out.iterdir()}
    return bool(names) and not (REPORT in names and names <= {REPORT, EVIDENTLY.name})
