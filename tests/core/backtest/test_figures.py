"""What is compared, and what is recommended."""

from __future__ import annotations

from typing import Any

from factories import make_params

from driftloop.core.backtest.figures import Figures, few_rules, is_own, own_rules, rules
from driftloop.core.backtest.recommendation import recommend


def make_line(policy: str = "avoidable_loss", **over: Any) -> Figures:
    given: dict[str, Any] = {
        "name": policy, "policy": policy, "alert_at_days": 8.0, "calendar_days": 91, "standing_days": 0, "actions_a_year": 0.0,
        "train_days": "all", "loss": 1.0, "above_always": 0.0, "below_never": 0.0, "alerts": 0, "alerts_a_year": 0.0,
        "degraded_a_year": 0.0, "data_a_year": 0.0, "promotions_a_year": 0.0, "refused": 0, "useful": None,
        "useful_live": None, "fits": 1, "delays": {}, "log": (), "steps": {},
    }  # fmt: skip
    return Figures(**given | over)


ENDS = [make_line("always", loss=1.0), make_line("never", loss=2.0)]


def test_rules__the_setting_of_params_yaml_is_among_them() -> None:
    params = make_params(monitor={"alert_at_days": 5.0, "calendar_days": 60})
    names = [rule.name for rule in rules(params)]
    assert names[:2] == ["always", "never"]
    assert {"avoidable loss, 5 days", "calendar, 60 days"} <= set(names)
    assert len(names) == len(set(names))
    assert own_rules(params)[-1].settings.alert_at_days == 5.0


def test_few_rules__the_two_ends_and_what_params_yaml_says_come_first() -> None:
    for own in ({"policy": "calendar", "calendar_days": 60}, {"alert_at_days": 5.0}, {"alert_at_days": 8.0}):
        params = make_params(monitor=own)
        found = few_rules(params)
        assert [rule.name for rule in found[:2]] == ["always", "never"]
        assert [is_own(rule, params) for rule in found] == [False, False, True] + [False] * (len(found) - 3)
        thresholds = {rule.settings.alert_at_days for rule in found if rule.policy == "avoidable_loss"}
        assert {4.0, 8.0, 16.0} <= thresholds
        assert [rule.standing_days for rule in found] == [0] * (len(found) - 2) + [91, 91]
    assert [rule.policy for rule in few_rules(make_params(monitor={"refit": False}))] == ["always", "never", "loss"]


def test_recommend__the_smallest_loss_within_the_budget() -> None:
    lines = [
        *ENDS,
        make_line(alert_at_days=2.0, loss=1.1, alerts_a_year=9.0),
        make_line(alert_at_days=8.0, loss=1.2, alerts_a_year=4.0),
        make_line(alert_at_days=16.0, loss=1.4, alerts_a_year=2.0),
    ]
    found = recommend(lines, make_params(data={"target_unit": "kWh"}), alerts_a_year=6)
    assert found.monitor == {"policy": "avoidable_loss", "alert_at_days": 8.0}
    assert "1.2 kWh at 4.0 questions a year" in found.reason
    assert "80 % of what retraining can save" in found.reason
    assert recommend(lines, make_params(), alerts_a_year=20).monitor["alert_at_days"] == 2.0


def test_recommend__fewer_alerts_where_losses_are_alike() -> None:
    lines = [
        *ENDS,
        make_line(alert_at_days=4.0, loss=1.2, alerts_a_year=5.0),
        make_line("calendar", calendar_days=91, loss=1.205, alerts_a_year=4.0, degraded_a_year=0.5),
    ]
    assert recommend(lines, make_params(), alerts_a_year=6).monitor == {"policy": "calendar", "calendar_days": 91}


def test_recommend__what_params_say_where_nothing_speaks_for_another() -> None:
    alike = [
        make_line("loss", loss=1.99),
        make_line(alert_at_days=4.0, loss=1.99),
        make_line(alert_at_days=8.0, loss=1.995),
    ]
    found = recommend([*ENDS, *alike], make_params(), alerts_a_year=6)
    assert found.monitor == {"policy": "avoidable_loss", "alert_at_days": 8.0}
    calendar = make_params(monitor={"policy": "calendar", "calendar_days": 91})
    yearly = make_line("calendar", calendar_days=365, loss=1.98)
    found = recommend([*ENDS, *alike, yearly, make_line("calendar", calendar_days=91)], calendar, alerts_a_year=6)
    assert found.monitor == {"policy": "calendar", "calendar_days": 91}


def test_recommend__not_another_window_and_no_merges_that_are_not_allowed() -> None:
    lines = [
        *ENDS,
        make_line(loss=1.01, alerts_a_year=1.0, standing_days=91, merged=True),
        make_line(loss=0.9, alerts_a_year=1.0, train_days="auto"),
        make_line("loss", loss=1.3, alerts_a_year=3.0),
    ]
    found = recommend(lines, make_params(), alerts_a_year=6)
    assert (found.monitor, found.keep_fresh) == ({"policy": "loss"}, False)


def test_recommend__merges_by_the_loop_where_params_yaml_allows_them() -> None:
    params = make_params(retrain={"standing_merge": True})
    kept = rules(params)[-2:]
    assert [each.name for each in kept] == [
        "keep-fresh, the loop merges",
        "keep-fresh from the first day, the loop merges",
    ]
    assert all(each.merged for each in kept)
    lines = [*ENDS, make_line(loss=1.01, standing_days=91, merged=True), make_line("loss", loss=1.3)]
    assert recommend(lines, params, alerts_a_year=6).keep_fresh


def test_recommend__a_standing_approval_where_it_is_best() -> None:
    lines = [*ENDS, make_line(loss=1.5), make_line(loss=1.1, alerts_a_year=4.0, standing_days=91)]
    found = recommend(lines, make_params(), alerts_a_year=6)
    assert (found.monitor, found.keep_fresh) == ({"policy": "avoidable_loss", "alert_at_days": 8.0}, True)
    assert "at 4.0 questions a year" in found.reason
    assert found.warning is None
    assert not found.from_start
    earlier = make_line(loss=1.05, alerts_a_year=4.1, standing_days=91, from_start=True)
    now = recommend([*lines, earlier], make_params(), alerts_a_year=6)
    assert now.from_start
    assert [each.partition(":")[0] for each in now.advice] == ["run driftloop approve now"]


def test_recommend__warns_where_retraining_rarely_is_worse_than_never() -> None:
    rare = make_line(name="calendar, 91 days", policy="calendar", loss=2.5)
    found = recommend([*ENDS, rare, make_line(loss=1.5)], make_params(), alerts_a_year=6)
    assert str(found.warning).startswith("calendar, 91 days: 25.0 % more error than without any retraining.")


def test_recommend__says_when_no_rule_fits_or_nothing_matters() -> None:
    lines = [*ENDS, make_line(alerts_a_year=9.0), make_line("loss", alerts_a_year=7.0)]
    assert "no rule stays within 6 questions a year" in recommend(lines, make_params(), alerts_a_year=6).reason
    worse = [*ENDS, make_line(loss=2.1, alerts_a_year=1.0)]
    assert "beat never retraining: " in recommend(worse, make_params(), alerts_a_year=6).reason
    little = [*ENDS, make_line(loss=1.99, alerts_a_year=1.0), make_line("loss", loss=2.0)]
    assert "beat never retraining by more than 1 %: " in recommend(little, make_params(), alerts_a_year=6).reason
    calm = [make_line("always"), make_line("never"), make_line()]
    assert "retraining hardly mattered" in recommend(calm, make_params(), alerts_a_year=6).reason
