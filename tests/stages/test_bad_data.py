"""Bad data is a decision, with a count, and never a crash."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from driftloop.errors import DataError, ModelError

if TYPE_CHECKING:
    from workspace import Workspace

Change = Callable[[pd.DataFrame], pd.DataFrame]
WEEK = pd.Timestamp("2024-06-10")  # the newest one: data reaches 17 June
LABELS = pd.Timestamp("2024-06-03")  # the newest labelled week
MONITORED = ("collect", "prepare", "refit", "alarms", "monitor")


def rewrite(space: Workspace, change: Change) -> None:
    path = space.root / "rows.csv"
    rows = pd.read_csv(path, dtype=dict.fromkeys(("ts", "weekday", "weather"), object))
    change(rows).to_csv(path, index=False)


def newest(rows: pd.DataFrame, since: pd.Timestamp = WEEK) -> pd.Series:
    at = pd.to_datetime(rows["ts"])
    return (at >= since) & (at < since + pd.Timedelta(days=7))


def put(column: str, value: object, since: pd.Timestamp = WEEK) -> Change:
    """Put a value into a column of a week."""

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        rows[column] = rows[column].astype(object).mask(newest(rows, since), value)
        return rows

    return change


def twice(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([rows, rows[newest(rows)].head(50)])


def undated(rows: pd.DataFrame) -> pd.DataFrame:
    rows["ts"] = rows["ts"].where(~newest(rows) | (np.arange(len(rows)) % 2 == 0), "yesterday")
    return rows


# What happens at once: each column has one fault, and no fault hides another.
FAULTS: dict[str, list[tuple[Change, str, str]]] = {
    "of form": [
        (put("temperature", "warm"), "wrong-type", "temperature"),
        (put("humidity", "inf"), "infinite", "humidity"),
        (lambda rows: rows.drop(columns="windspeed"), "missing-column", "windspeed"),
        (put("weather", "fog"), "new-category", "weather"),
        (put("rentals", "many", LABELS), "missing-labels", "rentals"),
        (twice, "duplicate-keys", ""),
    ],
    "of values": [
        (put("temperature", None), "missing-values", "temperature"),
        (put("humidity", 0.5), "stuck", "humidity"),
        (put("windspeed", 451.0), "out-of-range", "windspeed"),
        (put("weather", None), "missing-values", "weather"),
        (put("rentals", None, LABELS), "missing-labels", "rentals"),
        (undated, "undated-rows", ""),
    ],
}


@pytest.mark.parametrize("faults", FAULTS)
def test_pipeline__calls_broken_data_a_data_fault(healthy: Workspace, faults: str) -> None:
    for change, _, _ in FAULTS[faults]:
        rewrite(healthy, change)
    healthy.run()
    found = {(finding.rule, finding.column) for finding in healthy.decision.findings}
    assert healthy.decision.status == "data fault"
    assert found >= {(rule, column) for _, rule, column in FAULTS[faults]}
    assert healthy.report.verdict.outcome != "promote"


def test_pipeline__finds_nothing_in_sound_data(healthy: Workspace) -> None:
    assert healthy.decision.status == "healthy"
    assert healthy.decision.findings == ()


@pytest.mark.parametrize("part", ["no rows in the window", "a few rows", "header only", "no byte"])
def test_pipeline__calls_too_few_rows_insufficient(healthy: Workspace, part: str) -> None:
    path = healthy.root / "rows.csv"
    match part:
        case "no rows in the window":
            rewrite(healthy, lambda rows: rows[~newest(rows)])
        case "a few rows":
            rewrite(healthy, lambda rows: rows[~newest(rows) | (np.arange(len(rows)) % 4 == 0)])
        case "header only":
            rewrite(healthy, lambda rows: rows.head(0))
        case "no byte":
            path.write_bytes(b"")
    healthy.run()
    assert healthy.decision.status == "insufficient data"
    assert healthy.report.verdict.outcome != "promote"


@pytest.mark.parametrize("share", ["some", "all"])
def test_pipeline__without_labels_judges_nothing(healthy: Workspace, share: str) -> None:
    def unlabelled(rows: pd.DataFrame) -> pd.DataFrame:
        since = pd.Timestamp("2024-05-01" if share == "some" else "2023-01-01")
        rows.loc[pd.to_datetime(rows["ts"]) >= since, "rentals"] = None
        return rows

    rewrite(healthy, unlabelled)
    healthy.run()
    assert healthy.decision.status == "data fault"
    assert healthy.report.verdict.outcome in ("not enough data", "keep production")


def test_pipeline__an_infinite_or_broken_value_does_not_reach_the_model(healthy: Workspace) -> None:
    rewrite(healthy, put("temperature", "inf", LABELS))
    healthy.run("collect", "prepare")
    rows = pd.read_parquet(healthy.root / "data/prepared/labelled.parquet")
    assert np.isfinite(rows["temperature"].dropna()).all()
    assert rows["temperature"].isna().sum() == 168


@pytest.mark.extended
@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_pipeline__takes_local_times_across_clock_changes(healthy: Workspace, zone: str) -> None:
    healthy.set(data={"timezone": zone}).run(*MONITORED)
    assert healthy.decision.status in ("healthy", "outdated")
    assert healthy.decision.findings == ()


@pytest.mark.extended
def test_pipeline__a_number_that_turns_into_a_float_stays_the_same_category(healthy: Workspace) -> None:
    def as_floats(rows: pd.DataFrame) -> pd.DataFrame:
        rows["weekday"] = rows["weekday"].where(~newest(rows), rows["weekday"].astype(float).astype(str))
        return rows

    rewrite(healthy, as_floats)
    healthy.run(*MONITORED)
    assert healthy.decision.findings == ()


def test_pipeline__a_fault_in_the_judged_weeks_stands_against_promotion(healthy: Workspace) -> None:
    rewrite(healthy, put("temperature", 451.0, pd.Timestamp("2024-05-27")))
    healthy.set(evaluate={"min_gain": 0.0}).run()
    assert healthy.decision.findings == ()  # the newest week is sound
    assert healthy.report.verdict.faults == ("data fault in the judged step from 27 May 2024",)
    assert healthy.report.verdict.outcome == "keep production"


def test_promote__a_first_model_on_faulty_data_has_to_be_forced(healthy: Workspace) -> None:
    rewrite(healthy, put("temperature", None))
    healthy.set(model="anew").run()
    with pytest.raises(ModelError, match="the data is faulty"):
        healthy.promote(first=True)
    healthy.promote(first=True, force=True)


@pytest.mark.extended
def test_pipeline__columns_that_go_with_the_calendar_bring_no_fault(healthy: Workspace) -> None:
    def with_month(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(month="m" + rows["ts"].str[5:7])

    rewrite(healthy, with_month)
    declared = ["weekday", "workingday", "holiday", "weather", "month"]
    healthy.set(model="anew", data={"categorical": declared}, source={"until": "2024-05-06T00:00Z"})
    healthy.run("collect", "prepare", "refit", "alarms", "train", "evaluate").promote(first=True)
    healthy.set(source={"until": "2024-06-17T00:00Z"}).run(*MONITORED)
    assert healthy.decision.findings == ()


@pytest.mark.extended
def test_pipeline__old_unreadable_times_are_old_news_in_any_order(healthy: Workspace) -> None:
    def backwards(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[200:230, "ts"] = "n/a"
        return rows.iloc[::-1]

    rewrite(healthy, backwards)
    healthy.run(*MONITORED)
    assert healthy.decision.findings == ()


def test_pipeline__a_stuck_sensor_is_seen_whatever_the_key(healthy: Workspace) -> None:
    rewrite(healthy, lambda rows: put("temperature", 11.5)(rows.assign(id=range(len(rows)))))
    healthy.set(data={"key": ["id"]}).run(*MONITORED)
    assert {finding.rule for finding in healthy.decision.findings} == {"stuck"}


@pytest.mark.extended
def test_pipeline__a_segment_without_any_value_is_no_crash(healthy: Workspace) -> None:
    rewrite(healthy, lambda rows: rows.assign(zone=None))
    declared = ["weekday", "workingday", "holiday", "weather", "zone"]
    healthy.set(data={"categorical": declared, "segments": ["workingday", "zone"]}).run()
    assert healthy.decision.pattern.worst is not None


def test_pipeline__a_column_that_never_was_there_is_a_mistake_in_params(healthy: Workspace) -> None:
    healthy.set(data={"numerical": ["hour", "temperature", "humidity", "windspeed", "temprature"]})
    with pytest.raises(DataError, match="got temprature; kept were"):
        healthy.run("collect")


@pytest.mark.extended
def test_pipeline__production_reads_names_that_params_now_take_for_numbers(healthy: Workspace) -> None:
    before = healthy.decision.error
    numbers = ["hour", "temperature", "humidity", "windspeed", "workingday", "weekday"]
    healthy.set(data={"numerical": numbers, "categorical": ["holiday", "weather"], "segments": []}).run(*MONITORED)
    assert healthy.decision.error == before


@pytest.mark.extended
def test_pipeline__a_day_is_compared_with_the_same_weekday(healthy: Workspace) -> None:
    rewrite(healthy, lambda rows: rows[pd.to_datetime(rows["ts"]).dt.dayofweek < 5])
    healthy.set(windows={"current_days": 1}, data={"categorical": ["weekday", "holiday", "weather"], "segments": []})
    healthy.run(*MONITORED)
    assert [finding.rule for finding in healthy.decision.findings] == ["too-few-rows"]  # Sunday: no row at all
    healthy.set(source={"until": "2024-06-15T00:00Z"}).run(*MONITORED)
    assert healthy.decision.findings == ()  # Friday


@pytest.mark.extended
def test_pipeline__more_missing_values_than_ever_are_a_fault_though_no_fixed_rule_is_broken(healthy: Workspace) -> None:
    def some_lost(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[newest(rows) & (np.arange(len(rows)) % 21 == 0), "temperature"] = None
        return rows

    rewrite(healthy, some_lost)
    healthy.set(evaluate={"min_gain": 0.0}).run()
    (alarm,) = healthy.decision.alarms
    assert (alarm.column, alarm.statistic, str(alarm.since)) == ("temperature", "null", "2024-06-10")
    assert [finding.rule for finding in healthy.decision.findings] == ["unusual-null"]
    assert (healthy.decision.status, healthy.decision.since) == ("data fault", alarm.since)
    assert healthy.decision.reasons == (alarm.text,)
    assert healthy.report.verdict.outcome == "keep production"
    assert alarm.text in healthy.report.verdict.faults
    assert healthy.decision.alarms_weeks > 0  # half a year of history: the rest is judged later
    assert healthy.decision.alarms_from is not None


def findings(space: Workspace) -> list[dict[str, str]]:
    """Prepare the rows, and give what was found in them."""
    found: list[dict[str, str]] = space.run("collect", "prepare").json("reports/quality.json")["findings"]
    return found


def text(space: Workspace, rule: str) -> str:
    """Give the words of a finding."""
    return {finding["rule"]: finding["text"] for finding in findings(space)}[rule]


def commas(rows: pd.DataFrame) -> pd.DataFrame:
    """Write the newest temperatures with a decimal comma."""
    written = rows["temperature"].map(lambda value: f"{value:.4f}".replace(".", ","))
    rows["temperature"] = rows["temperature"].astype(object).mask(newest(rows), written)
    return rows


UNREADABLE = [  # of three columns at once: the value, and what is said of it
    {
        "temperature": ("0,9811", "such as '0,9811'; set source.csv.decimal"),
        "humidity": ("1.170,5", "such as '1.170,5'; set source.csv.decimal and source.csv.thousands"),
        "windspeed": ("1,170,483", "such as '1,170,483'; set source.csv.thousands"),
    },
    {
        "temperature": ("1,170", "always '1,170'; if that means missing, set data.missing"),
        "humidity": ("?", "always '?'; if that means missing, set data.missing"),
        "windspeed": ("\x1b[1m" + "a" * 60, "always '[1m" + "a" * 37 + "…'; if that means missing, set data.missing"),
    },
]


@pytest.mark.parametrize("values", UNREADABLE)
def test_pipeline__shows_a_value_that_is_no_number(healthy: Workspace, values: dict[str, tuple[str, str]]) -> None:
    for column, (value, _) in values.items():
        rewrite(healthy, put(column, value))
    said = {f"{column} is not a number in 168 of 168 rows, {words}" for column, (_, words) in values.items()}
    assert {found["text"] for found in findings(healthy) if found["rule"] == "wrong-type"} == said


def test_pipeline__shows_the_first_of_several_values(healthy: Workspace) -> None:
    rewrite(healthy, commas)
    rewrite(healthy, put("temperature", "99,5", WEEK - pd.Timedelta(days=7)))  # another week
    smallest = min(f"{value}" for value in pd.read_csv(healthy.root / "rows.csv")["temperature"][lambda x: x.str.contains(",")] if value != "99,5")  # fmt: skip
    assert text(healthy, "wrong-type").endswith(f"such as '{smallest}'; set source.csv.decimal")


def test_pipeline__shows_no_remedy_that_is_not_certain(healthy: Workspace) -> None:
    def mixed(rows: pd.DataFrame) -> pd.DataFrame:
        rows = put("temperature", "0,9811")(rows)
        rows.loc[rows.index[newest(rows)][:5], "temperature"] = "off"
        return rows

    rewrite(healthy, mixed)
    assert text(healthy, "wrong-type").endswith("in 168 of 168 rows, such as '0,9811'")


def test_pipeline__shows_a_label_that_is_no_number(healthy: Workspace) -> None:
    rewrite(healthy, put("rentals", "2,6", LABELS))
    said = "168 of 168 labels that should be final (3 Jun to 9 Jun 2024) are missing or not numbers"
    assert text(healthy, "missing-labels") == f"{said}, such as '2,6'; set source.csv.decimal"


def test_pipeline__shows_a_new_category_and_its_share(healthy: Workspace) -> None:
    def some(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[rows.index[newest(rows)][:42], "weather"] = "fog"
        rows.loc[rows.index[newest(rows)][42:50], "weather"] = "ash"
        return rows

    rewrite(healthy, some)
    said = "weather has a new category in 50 of 168 rows, since 10 Jun 2024 (normal from 5 Aug 2024, if it stays beside the known ones), "
    said += "most often 'fog' (25.0 % of the rows)"
    assert text(healthy, "new-category") == said


UNDATED = {
    "day first": ("31/12/2018 0:15", "such as '31/12/2018 0:15'; set data.timestamp_format"),
    "seconds": ("1404875760", "such as '1404875760'; set data.timestamp_format"),
    "words": ("yesterday", "such as 'yesterday'"),
}


def unread(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    """Write the newest timestamps in another way."""
    return rows.assign(ts=rows["ts"].where(~newest(rows), value))


@pytest.mark.parametrize("case", UNDATED)
def test_pipeline__shows_a_timestamp_that_cannot_be_read(healthy: Workspace, case: str) -> None:
    value, said = UNDATED[case]
    rewrite(healthy, lambda rows: unread(rows, value))
    assert text(healthy, "undated-rows") == f"168 of 168 rows have no readable timestamp, {said}"


def test_pipeline__timestamps_that_cannot_be_read_are_not_too_few_rows(healthy: Workspace) -> None:
    """Which is what comes of it."""
    value, said = UNDATED["seconds"]
    rewrite(healthy, lambda rows: unread(rows, value))
    healthy.run()
    assert healthy.decision.status == "data fault"
    assert [finding.rule for finding in healthy.decision.findings] == ["undated-rows"]
    assert healthy.report.verdict.faults[0].endswith(said)


def test_pipeline__shows_nothing_of_private_columns(healthy: Workspace) -> None:
    private = ["ts", "temperature", "weather", "rentals"]
    rewrite(healthy, put("temperature", "secret 1"))
    rewrite(healthy, put("weather", "secret 2"))
    rewrite(healthy, put("rentals", "secret 3", LABELS))
    rewrite(healthy, lambda rows: rows.assign(ts=rows["ts"].where(np.arange(len(rows)) < len(rows) - 400, "secret 4")))
    rewrite(healthy, lambda rows: rows.assign(ts=rows["ts"].mask(np.arange(len(rows)) < 40, "1970-01-01 00:00")))
    healthy.set(data={"private": private}).run(*MONITORED)
    rules = {finding.rule for finding in healthy.decision.findings}
    assert {"undated-rows", "wrong-type", "new-category"} & rules
    assert healthy.decision.warnings
    said = f"{healthy.json('reports/quality.json')} {healthy.decision}"
    assert "secret" not in said
    assert "1970" not in said


def test_pipeline__a_stray_timestamp_is_said_and_left_out(healthy: Workspace) -> None:
    before = {name: (healthy.root / f"data/prepared/{name}").read_bytes() for name in ("profile.parquet", "labelled.parquet")}  # fmt: skip
    strays = pd.DataFrame({"ts": ["1970-01-01 00:00:00", "2001-02-03 04:05:06"]})
    rewrite(healthy, lambda rows: pd.concat([rows, rows.tail(2).assign(ts=strays["ts"].tolist())]))
    healthy.run(*MONITORED)
    assert healthy.decision.warnings == (
        "2 rows are dated long before all others (the oldest on 1970-01-01), and left out: correct the timestamps",
    )
    assert healthy.decision.status == "healthy"
    assert healthy.json("metrics/data.json")["undated_rows"] == 2
    for name, content in before.items():
        assert (healthy.root / f"data/prepared/{name}").read_bytes() == content


@pytest.mark.extended
def test_pipeline__many_new_rows_with_a_stray_timestamp_are_a_fault(healthy: Workspace) -> None:
    rewrite(healthy, lambda rows: rows.assign(ts=rows["ts"].where(~newest(rows), "1970-01-01 00:00")))
    healthy.run(*MONITORED)
    assert [finding.text for finding in healthy.decision.findings] == [
        "168 of 168 new rows are dated long before all others, and are left out"
    ]
    assert healthy.decision.status == "data fault"


@pytest.mark.extended
def test_pipeline__a_code_for_missing_is_a_warning(healthy: Workspace) -> None:
    rewrite(
        healthy, lambda rows: rows.assign(temperature=rows["temperature"].mask(np.arange(len(rows)) % 30 == 7, -200))
    )
    healthy.run(*MONITORED)
    (warning,) = healthy.decision.warnings
    assert warning.startswith("temperature is -200 in ")
    assert warning.endswith("if it means missing, set data.missing")
    assert healthy.decision.findings == ()


@pytest.mark.extended
def test_pipeline__an_identifier_that_changes_its_form_is_a_fault(healthy: Workspace) -> None:
    """A column of thousands of names, some of them new each week, as customers are."""

    def customers(rows: pd.DataFrame) -> pd.DataFrame:
        random = np.random.default_rng(0)
        old = random.integers(0, 400 + np.arange(len(rows)) // 2)  # one joins every other hour
        return rows.assign(customer=[f"c{number:05d}" for number in old])

    def broken(rows: pd.DataFrame) -> pd.DataFrame:
        rows["customer"] = rows["customer"].mask(newest(rows), rows["customer"].str.upper())
        return rows

    declared = ["weekday", "workingday", "holiday", "weather", "customer"]
    rewrite(healthy, customers)
    healthy.set(data={"categorical": declared, "private": ["customer"]}).run(*MONITORED)
    assert not healthy.decision.findings
    rewrite(healthy, broken)
    said = text(healthy, "new-names")
    assert said.startswith("customer has names never seen before in 168 of 168 rows, at most ")
    healthy.run("refit", "alarms", "monitor")
    assert [finding.rule for finding in healthy.decision.findings] == ["new-names"]
    assert healthy.decision.status == "data fault"


@pytest.mark.extended
def test_pipeline__an_outage_before_the_promotion_does_not_raise_what_is_normal(healthy: Workspace) -> None:
    healthy.run("evaluate")
    before = healthy.report
    rewrite(healthy, put("temperature", 451.0, pd.Timestamp("2024-05-27")))
    rewrite(healthy, put("rentals", 90_000, pd.Timestamp("2024-05-27")))
    healthy.run()
    after = healthy.report
    assert len(after.judged) == len(before.judged) - 7
    assert after.normal_error["mae"] < 2 * before.normal_error["mae"]
