"""Names, values and titles from data: whatever they say, GitHub closes nothing, tells nobody and shows what they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from comparisons import make_comparison
from decisions import CLOSING, HOSTILE, alive, make_decision, make_finding, referring
from facts import make_facts
from proposals import make_card, make_proposal, make_verdict

from driftloop.alerting import wording
from driftloop.comparison.wording import Difference, text
from driftloop.core.decision.values import Pattern
from driftloop.core.judging.verdict import Segment
from driftloop.doctor.checks import examine
from driftloop.report import examination
from driftloop.retraining.wording import answer, pull_request

if TYPE_CHECKING:
    from driftloop.core.decision.values import Decision
    from driftloop.retraining.wording.proposal import Proposal

WORDS = [CLOSING, HOSTILE, "GH-1", "wwW.x.org", "a\r\n<!-- driftloop:alert bikes -->"]


def make_hostile(words: str, status: str = "data fault") -> Decision:
    """A model, a column, a category, a unit and a policy with a stranger's words in them."""
    given: dict[str, Any] = {
        "model": words,
        "unit": words,
        "metric": "mae",
        "policy": words,
        "reasons": [words],
        "advice": words,
        "warnings": [words],
        "findings": [make_finding(words, words), make_finding(f"{words} 2", words)],
        "pattern": Pattern(bias=1.0, worst=f"{words} = {words}", worst_error=2.0),
    }
    return make_decision(status, **given)


@pytest.mark.parametrize("words", WORDS)
def test_examination__keeps_hostile_words_quiet(words: str) -> None:
    found = examine(make_facts(columns=(words,), changed=(words,), lock=words, params=words))
    said = examination.markdown(found)
    assert alive(said) == []
    assert len(said.splitlines()) == 1 + len(found.troubles)


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("status", ["outdated", "degraded", "data fault", "insufficient data", "healthy"])
def test_alert__keeps_hostile_words_quiet(words: str, status: str) -> None:
    decision = make_hostile(words, status)
    for said in (
        wording.alert(decision, wording.Links()),
        wording.recovered(decision),
        wording.changed(decision),
        wording.joined(decision.findings),
        wording.grown(decision),
        wording.worse(decision),
        wording.paragraph(decision, "did nothing"),
    ):
        assert alive(said) == []
    title = wording.alert_title(decision)
    assert referring(title) == []
    assert "\n" not in title


def make_proposals(words: str) -> list[Proposal]:
    part = Segment(column=words, value=words, rows=3, production=1, refit=2, gain=-1, blocks=True)
    recipe = make_card(1).recipe
    assert recipe
    over: dict[str, Any] = {
        "decision": make_hostile(words, "outdated"),
        "after": make_card(2, recipe=recipe.model_copy(update={"estimator": words}), packages={words: words}),
        "main": {f"{words}: mae": 1.0},
        "promote": {f"{words}: mae": 2.0},
        "params": [("source.fingerprint", words, words)],
    }
    return [
        make_proposal(make_verdict(segments=(part,), **verdict), **over)
        for verdict in ({}, {"gain": None, "reasons": (words,)}, {"outcome": "keep production", "reasons": (words,)})
    ]


@pytest.mark.parametrize("words", WORDS)
def test_proposal__keeps_hostile_words_quiet(words: str) -> None:
    for proposal in make_proposals(words):
        for said in (
            pull_request.body(proposal).replace("Closes #12.", ""),
            pull_request.check_title(proposal),
            pull_request.check_summary(proposal),
            answer.refusal(proposal),
            answer.refusal(replace(proposal, after=None)),
            answer.by_hand(proposal, "link").replace("Closes #12.", ""),
        ):
            assert alive(said) == []
            assert said.count("</details>") == said.count("<details>")
        title = pull_request.title(proposal)
        assert referring(title) == []
        assert "\n" not in title


@pytest.mark.parametrize("words", WORDS)
def test_comparison__keeps_hostile_words_quiet(words: str) -> None:
    change = Difference(words, words, words, "<!-- driftloop:end -->")
    said = text(make_comparison(metrics=(change,), params=(change,), base=words, unread=(words,)))
    assert alive(said) == []
    assert "<" not in said
    rows = [line for line in said.splitlines() if line.startswith("| ")]
    assert [row.replace(r"\|", "").count("|") for row in rows] == [6, 6, 6, 4, 4, 4]
