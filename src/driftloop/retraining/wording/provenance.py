"""Markdown for people on GitHub: what a proposal is made of, and how to make it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from driftloop.report.markdown import folded, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from driftloop.core.models.card import Card
    from driftloop.retraining.wording.proposal import Proposal


def params(proposal: Proposal) -> str:
    """Write the parameters and the recipe that differ from those of main."""
    rows = [[name, before, after] for name, before, after in proposal.params]
    recipe = list(_recipe(proposal.before, proposal.after))
    parts = [table(["params.yaml", "main", "this pull request"], rows) if rows else "No parameter differs."]
    if recipe:
        parts.append(table(["recipe", f"v{proposal.before.version}", "proposed"], recipe))
    text = "\n\n".join([*parts, "" if recipe else "The recipe is the one of production."]).strip()
    return folded("Parameters against main", text)


def _recipe(before: Card, after: Card | None) -> Iterator[list[str]]:
    if before.recipe and after and after.recipe:
        old, new = before.recipe.model_dump(), after.recipe.model_dump()
        for name in old:
            if old[name] != new[name]:
                yield [name, str(old[name]), str(new[name])]


def versions(proposal: Proposal) -> str:
    """Name data, model and packages of both versions."""

    def row(name: str, pick: Any) -> list[str]:
        return [name, *(pick(card) if card else "none" for card in (proposal.before, proposal.after))]

    packages = sorted({*proposal.before.packages, *(proposal.after.packages if proposal.after else {})})
    rows = [
        row("model file, SHA-256", lambda card: (card.sha256 or "")[:12]),
        row("labelled rows, SHA-256", lambda card: (card.data_sha256 or "")[:12]),
        row("trained on", lambda card: str(card.trained or "")),
        row("rows", lambda card: f"{card.rows or 0:,}"),
        *(row(name, lambda card, name=name: card.packages.get(name, "none")) for name in packages),
    ]
    head = ["", f"v{proposal.before.version}", f"v{proposal.version}"]
    return folded("Versions of model and data", table(head, rows))


def reproduce(proposal: Proposal) -> str:
    """List the commands that lead to the same result."""
    if proposal.after is None:
        lines = [f"git checkout {proposal.base[:12]}", f"driftloop refresh --until {proposal.report.until}"]
        if proposal.approval:  # which the gate judges by
            lines.append(f"driftloop approve --until {proposal.approval.until}")
        lines.append("dvc repro")
    else:
        lines = [
            f"git fetch origin {proposal.branch}",
            "git checkout FETCH_HEAD~1   # the newest data, production as it is",
            "dvc repro && driftloop status",
            "git checkout FETCH_HEAD     # promoted",
            "dvc repro",
        ]
    run = f"[The run that judged]({proposal.run_url})\n\n" if proposal.run_url else ""
    return folded("Reproduce", f"{run}```sh\n" + "\n".join(lines) + "\n```")
