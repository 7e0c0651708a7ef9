"""What each monitoring run does about a standing approval: ends it, or starts the next refresh."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from decisions import make_decision
from factories import make_params
from faults import FAULTS

from driftloop.alerting import act as alerting
from driftloop.alerting.labels import Label
from driftloop.alerting.wording import Links
from driftloop.core.decision.approval import Approval
from driftloop.core.windows import Window
from driftloop.errors import GitHubError
from driftloop.githubstub import ERROR
from driftloop.nothing import Nothing
from driftloop.retraining import brought, keeping, standing
from driftloop.retraining.brought import Brought

if TYPE_CHECKING:
    from adapter import Site

    from driftloop.core.decision.values import Decision
    from driftloop.github.hub import Hub
    from driftloop.githubstub import Fault
    from driftloop.params import Params

OUTDATED = make_decision("outdated")
SINCE = OUTDATED.until
PARAMS = make_params(model="bikes")
RETRAIN = {"id": 5, "name": "Retrain", "path": ".github/workflows/retrain.yml", "state": "active"}


@pytest.fixture
def fresh(site: Site) -> Site:
    """An alert whose model Ann keeps fresh."""
    alerting.run(site.hub(), OUTDATED, Links())
    site.repo.workflows.append(dict(RETRAIN))
    site.stand.at().get_issue(1).add_to_labels(Label.KEEP_FRESH)
    standing.give(site.hub(), 1, Approval.given("ann", SINCE, 13, OUTDATED.version))
    return site


def monitor(site: Site, *, days: int = 7, newest: date | None = None, **over: Any) -> list[str]:
    """One run, with data that many days newer than at the approval; gives what it says it did."""
    until = SINCE + timedelta(days=days)
    decision = OUTDATED.model_copy(update={"until": until, **over})
    hub, past = site.hub(), [retrained(newest)] if newest else []
    return [keeping.act(hub, each) for each in keeping.plan(keeping.kept(hub, "bikes"), decision, PARAMS, past)]


def retrained(until: date | None, **over: Any) -> dict[str, Any]:
    """A record, as far as it is looked at."""
    return {"kind": "retrain", "outcome": "ok", "model": "bikes", "until": until.isoformat() if until else None, **over}


def dispatched(site: Site) -> list[dict[str, Any]]:
    return [dict(event.payload) for event in site.stand.world.events if event.name == "workflow_dispatch"]


def told(site: Site) -> list[str]:
    return [each.body for each in site.repo.comments.values() if each.number == 1]


def test_run__without_an_approval_does_nothing(site: Site) -> None:
    alerting.run(site.hub(), OUTDATED, Links())
    site.stand.at().create_issue("Mine").add_to_labels(Label.KEEP_FRESH)
    assert monitor(site) == ["nothing to keep fresh: no approval is in force"]


def test_run__with_data_a_step_newer_starts_a_retraining(fresh: Site) -> None:
    assert monitor(fresh) == ["started retrain.yml for #1, which is kept fresh"]
    assert dispatched(fresh) == [{"workflow": RETRAIN["path"], "inputs": {"issue": "1"}}]
    assert len(told(fresh)) == 1


def test_run__on_an_alert_that_the_merge_has_closed_starts_it_too(fresh: Site) -> None:
    fresh.stand.at().get_issue(1).edit(state="closed")
    monitor(fresh)
    assert len(dispatched(fresh)) == 1


@pytest.mark.parametrize(("days", "newest"), [(6, None), (13, SINCE + timedelta(days=7)), (-1, None)])
def test_run__with_no_step_of_newer_data_starts_nothing(fresh: Site, days: int, newest: date | None) -> None:
    (said,) = monitor(fresh, days=days, newest=newest)
    assert said.startswith("nothing to keep fresh: #1")
    assert dispatched(fresh) == []


def test_run__repeated_with_data_of_an_older_version_ends_nothing(fresh: Site) -> None:
    monitor(fresh, version=OUTDATED.version - 1, status="degraded")
    assert Label.KEEP_FRESH in fresh.repo.issues[1].labels


@pytest.mark.parametrize(
    ("over", "why", "asks"),
    [
        (
            {"days": 91, "version": 3},
            "the approval by ann covered data to",
            "**Go on?** Then set `keep-fresh` again for 13",
        ),
        (
            {"status": "degraded", "version": 3},
            "bikes is degraded although it was refreshed",
            "find out what changed; then set `keep-fresh` again",
        ),
    ],
)
def test_run__says_once_why_it_ended_and_what_it_brought(
    fresh: Site, over: dict[str, Any], why: str, asks: str
) -> None:
    assert monitor(fresh, **over) == ["ended the approval on #1"]
    assert Label.KEEP_FRESH not in fresh.repo.issues[1].labels
    _, said = told(fresh)
    assert said.splitlines()[1].startswith(f"**No longer kept fresh:** {why}")
    assert asks in said
    assert "it brought 2 new versions (v1 → v3). Mean absolute error is" in said
    assert monitor(fresh, **over) == ["nothing to keep fresh: no approval is in force"]
    assert len(told(fresh)) == 2
    assert dispatched(fresh) == []


def test_run__a_model_that_was_degraded_before_any_refresh_is_refreshed(fresh: Site) -> None:
    """Somebody may answer an alert that error is up by this approval."""
    assert monitor(fresh, status="degraded") == ["started retrain.yml for #1, which is kept fresh"]
    assert Label.KEEP_FRESH in fresh.repo.issues[1].labels


@pytest.mark.parametrize("status", ["data fault", "insufficient data"])
def test_run__while_the_data_is_not_sound_starts_nothing_and_ends_nothing(fresh: Site, status: str) -> None:
    (said,) = monitor(fresh, status=status)
    assert said.startswith("nothing to keep fresh: #1 rests until the data is sound: bikes ")
    assert dispatched(fresh) == []
    assert len(told(fresh)) == 1
    assert monitor(fresh, days=14) == ["started retrain.yml for #1, which is kept fresh"]
    assert monitor(fresh, days=91, status=status) == ["ended the approval on #1"]  # its time is over all the same


def test_run__after_the_label_was_taken_off_says_so_and_asks_for_nothing(fresh: Site) -> None:
    fresh.stand.at().get_issue(1).remove_from_labels(Label.KEEP_FRESH)
    assert monitor(fresh) == ["ended the approval on #1"]
    assert "the label `keep-fresh` was taken off. Since" in told(fresh)[1]
    assert dispatched(fresh) == []


def test_run__that_broke_off_after_the_label_still_says_the_true_reason(fresh: Site) -> None:
    fresh.hub().remove_label(1, Label.KEEP_FRESH)
    monitor(fresh, status="degraded", version=2)
    assert "bikes is degraded" in told(fresh)[1]


def test_run__leaves_a_label_that_was_set_again_since_the_end(fresh: Site) -> None:
    monitor(fresh, days=91)
    fresh.stand.at().get_issue(1).add_to_labels(Label.KEEP_FRESH)
    monitor(fresh, days=91)
    assert Label.KEEP_FRESH in fresh.repo.issues[1].labels


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("days", [7, 91])
def test_run__after_a_fault_at_any_call_comes_to_the_same(fresh: Site, fault: Fault, days: int) -> None:
    """A start whose answer is lost may happen twice: the second run finds its work done."""
    server = fresh.stand.server
    begin = len(server.calls)
    for place in range(1, 30):
        at = len(server.calls) + place
        server.faults.at(at, fault)
        monitor(fresh, days=days)
        if len(server.calls) < at:
            break
    assert len(server.calls) > begin
    server.faults.clear()
    monitor(fresh, days=days)
    assert len(told(fresh)) == (1 if days == 7 else 2)
    assert (Label.KEEP_FRESH in fresh.repo.issues[1].labels) == (days == 7)


def approved(until: str | None = "2025-07-14") -> Params:
    return make_params(model="bikes", retrain={"standing_until": until}, source={"until": "2025-04-14T00:00Z"})


def begin(hub: Hub, decision: Decision, params: Params) -> int | None:
    given = keeping.missing(hub, decision, params)
    return keeping.begin(hub, given, params) if given else None


def test_begin__opens_one_issue_for_an_approval_that_was_merged(site: Site) -> None:
    assert begin(site.hub(), OUTDATED, approved(None)) is None
    assert begin(site.hub(), OUTDATED, approved()) == 1
    assert begin(site.hub(), OUTDATED, approved()) is None
    (issue,) = site.repo.issues.values()
    assert (issue.title, issue.labels) == ("bikes is kept fresh, with data to 13 Jul 2025", [Label.KEEP_FRESH])
    (kept,) = keeping.kept(site.hub(), "bikes")
    assert (kept.approval.by, kept.approval.until) == ("params.yaml", date(2025, 7, 14))
    site.repo.workflows.append(dict(RETRAIN))
    assert monitor(site) == ["started retrain.yml for #1, which is kept fresh"]


def test_begin__that_broke_off_is_completed_by_the_next(site: Site) -> None:
    site.stand.server.faults.on("POST", "/comments$", ERROR, times=4)
    with pytest.raises(GitHubError, match="no answer from GitHub"):
        begin(site.hub(), OUTDATED, approved())
    assert begin(site.hub(), OUTDATED, approved()) == 1
    assert len(site.repo.issues) == 1


def test_begin__opens_nothing_for_what_an_ended_approval_has_left(fresh: Site) -> None:
    monitor(fresh, status="degraded", version=2)
    assert begin(fresh.hub(), OUTDATED, approved()) is None
    assert len(fresh.repo.issues) == 1


def test_refreshed__is_the_newest_retraining_that_went_well() -> None:
    days = [date(2025, 4, 14), date(2025, 4, 21), date(2025, 4, 28), None]
    records = [retrained(day, outcome="failed" if day == days[2] else "ok") for day in days]
    others = [retrained(date(2025, 5, 5), kind="monitor"), retrained(date(2025, 5, 5), model="other")]
    assert keeping.refreshed([*records, *others], "bikes") == date(2025, 4, 21)
    assert keeping.refreshed([], "bikes") is None


def judged(version: int, gain: float, day: date, **over: Any) -> dict[str, Any]:
    """Record what would replace a version, and by how much it was better."""
    window = {"since": day, "until": day + timedelta(days=28)}
    interval = {"estimate": gain, "low": gain - 0.1, "high": gain + 0.1, "level": 0.9}
    verdict = {"outcome": "promote", "reasons": [], "judged": window, "gain": interval} | over
    return retrained(day) | {"verdict": {"production_version": version, "verdict": verdict}}


def test_brought__is_the_newest_judgement_of_each_version_together() -> None:
    approval, decision = Approval.given("ann", SINCE, 13, 1), OUTDATED.model_copy(update={"version": 3})
    first, second = date(2025, 3, 3), date(2025, 3, 17)
    past = [judged(1, 0.4, SINCE), judged(1, 0.2, first), judged(2, -0.5, second, outcome="keep production")]
    more = [
        judged(2, 0.1, second),
        judged(3, 0.9, second),
        judged(0, 0.9, second),
        {"kind": "retrain", "model": "bikes"},
    ]
    found = brought.of([*past, *more], approval, decision)
    days = Window(since=first, until=second + timedelta(days=28))
    assert found == Brought(first=1, versions=2, gain=found.gain if found else 0, days=days)
    assert found.gain == pytest.approx(1 - 0.8 * 0.9)
    assert brought.of([], approval, decision) is None


def test_mergeable__only_within_an_approval_that_goes_on_and_where_params_yaml_allows_it(fresh: Site) -> None:
    found = keeping.kept(fresh.hub(), "bikes")
    allowed = make_params(model="bikes", retrain={"standing_merge": True})
    assert keeping.mergeable(found, [], OUTDATED, PARAMS) is None
    assert keeping.mergeable(found, [], OUTDATED, allowed) == found[-1]
    assert keeping.mergeable(found, [keeping.Finish(1, "over")], OUTDATED, allowed) is None
    broken = OUTDATED.model_copy(update={"status": "data fault"})
    assert keeping.mergeable(found, [Nothing("it rests")], broken, allowed) is None
    older = OUTDATED.model_copy(update={"until": SINCE - timedelta(days=1)})
    assert keeping.mergeable(found, [], older, allowed) is None
    assert keeping.mergeable([], [], OUTDATED, allowed) is None
