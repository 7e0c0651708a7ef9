"""Evidently's page: it is made whatever the data holds, its bytes repeat, and nothing private is in it."""

import hashlib
import json
import os
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from driftloop.core.columns import PREDICTION, PROBABILITY
from driftloop.report.evidently import rendering
from driftloop.report.evidently.input import PageInput
from driftloop.report.evidently.rendering import Failed, Rendered, render

SCRIPT = '</script><script>document.title="owned"</script>'
UUID = "550e8400-e29b-41d4-a716-446655440000"
LABELS = np.array(["high", "low", "mid"])


def make_frame(rows: int, *, shift: float = 0.0, seed: int = 0) -> pd.DataFrame:
    stream = np.random.default_rng([seed, rows])
    return pd.DataFrame(
        {
            "temperature": stream.normal(shift, 1, rows),
            "wind": stream.normal(0, 1, rows),
            "weather": stream.choice(["clear", "mist", "rain", "snow"], rows),
            "holiday": stream.choice(["no", "yes"], rows),
        }
    )


def make_awkward() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Columns that crash Evidently, mislead it or end its page, beside four good ones."""
    current, reference = make_frame(400, shift=1), make_frame(1500)
    for frame in (current, reference):
        frame["empty now"] = frame["text now"] = frame["infinite"] = frame["gappy"] = frame["wind"]
        frame["nullable"] = frame["wind"].astype("Float64")
        frame["flag"] = frame["wind"] > 0
        frame["steady"] = 1e15
        frame["constant"] = 1.0
        frame["odd words"] = frame["weather"].where(frame["weather"] != "rain", "nan")
        frame["identifier"] = [f"row {i}" for i in range(len(frame))]
        frame["street"] = frame["weather"].map(lambda weather: f"secret-{weather}")
        frame["salary"] = 987654.25
        frame[PREDICTION] = frame["temperature"] * 10
    current["empty now"] = np.nan
    current["text now"] = "n/a"
    current["steady"] += np.arange(400) % 2 / 8
    current.loc[0, "infinite"] = np.inf
    current.loc[:199, "gappy"] = np.nan
    current.loc[0, "nullable"] = pd.NA
    current.loc[:49, "weather"] = SCRIPT
    current.loc[50:59, "weather"] = UUID
    current.loc[:9, ["holiday", "odd words"]] = None
    reference["gone"] = 1.0
    return current, reference


def make_outcomes(rows: int = 500) -> pd.DataFrame:
    stream = np.random.default_rng(rows)
    rides = stream.gamma(2, 100, rows)
    return pd.DataFrame({"rides": rides, PREDICTION: rides + stream.normal(0, 20, rows)})


def render_awkward() -> Rendered | Failed:
    current, reference = make_awkward()
    categorical = ["weather", "holiday", "odd words", "identifier", "street"]
    known = {*categorical, PREDICTION}
    return render(
        current,
        reference,
        make_outcomes(),
        numerical=[str(name) for name in reference if name not in known],
        categorical=categorical,
        target="rides",
        task="regression",
        private=["street", "salary"],
        title="bikes & more: until 2025-03-31",
    )


def make_risk() -> tuple[Any, pd.DataFrame]:
    stream = np.random.default_rng(0)
    chances = stream.dirichlet([1, 1, 1], 600)
    truth = [stream.choice(LABELS, p=row) for row in chances]
    outcomes = pd.DataFrame({"risk": truth, PREDICTION: LABELS[chances.argmax(axis=1)]})
    return chances, outcomes.assign(
        **{f"{PROBABILITY}{label}": chances[:, place] for place, label in enumerate(LABELS)}
    )


def render_risk() -> Rendered | Failed:
    stream = np.random.default_rng(0)
    current, reference = (make_frame(rows).assign(**{PREDICTION: stream.choice(LABELS, rows)}) for rows in (300, 1000))
    return render(
        current,
        reference,
        make_risk()[1],
        numerical=["wind"],
        categorical=[],
        target="risk",
        task="classification",
        title="risk",
    )


def digest(page: Rendered | Failed) -> str:
    assert isinstance(page, Rendered), page
    return hashlib.sha256((page.html + json.dumps([page.json, page.drifted, page.notes])).encode()).hexdigest()


def rendered(*frames: Any, **options: Any) -> Rendered:
    page = render(*frames, **options)
    assert isinstance(page, Rendered), page
    return page


def values(page: Rendered) -> dict[str, Any]:
    return {metric["config"]["type"].rpartition(":")[2]: metric["value"] for metric in page.json["metrics"]}


@pytest.fixture(scope="module")
def awkward() -> Rendered:
    page = render_awkward()
    assert isinstance(page, Rendered), page
    return page


@pytest.fixture(scope="module")
def risk() -> Rendered:
    page = render_risk()
    assert isinstance(page, Rendered), page
    return page


def test_render__columns_that_evidently_cannot_take_are_left_out(awkward: Rendered) -> None:
    assert awkward.left_out == {
        "empty now": "fewer than 2 values in the current window",
        "text now": "not numeric in the current window",
        "steady": "its values differ in their last digits only",
        "gone": "missing in the current window",
        "identifier": "1,500 different values in the reference window",
        "street": "private",
        "salary": "private",
    }


def test_render__what_misleads_evidently_is_told(awkward: Rendered) -> None:
    assert awkward.notes == (
        "infinite: infinite or huge values counted as missing: 1",
        "gappy: 50% missing now, 0% in the reference; drift ignores missing values",
    )


def test_render__share_and_flags_agree_with_evidently(awkward: Rendered) -> None:
    assert {name for name, drifted in awkward.drifted.items() if drifted} == {"temperature", "weather", PREDICTION}
    assert values(awkward)["DriftedColumnsCount"] == {"count": 3.0, "share": awkward.drift_share}
    assert awkward.drift_share == pytest.approx(3 / 11)
    assert len(awkward.drifted) == 11
    assert "Drift is detected for 27.273% of columns (3 out of 11)." in awkward.html


def test_render__errors_of_the_model_are_those_of_its_outcomes(awkward: Rendered) -> None:
    outcomes = make_outcomes()
    assert values(awkward)["MAE"]["mean"] == pytest.approx((outcomes["rides"] - outcomes[PREDICTION]).abs().mean())
    assert "Regression Model Performance. Target: 'rides" in awkward.html


def test_render__header_says_what_the_page_shows(awkward: Rendered) -> None:
    assert "<title>bikes &amp; more: until 2025-03-31</title>" in awkward.html
    header = re.search("<header.*</header>", awkward.html)
    assert header is not None
    assert "400 current rows, 1,500 reference rows, 500 rows with known outcomes." in header[0]
    assert "<li>empty now is left out: fewer than 2 values in the current window</li>" in header[0]
    assert "<li>gappy: 50% missing now" in header[0]


def test_render__private_values_appear_nowhere(awkward: Rendered) -> None:
    for text in (awkward.html, json.dumps(awkward.json)):
        assert "secret-" not in text
        assert "987654" not in text


def test_render__categories_stay_data(awkward: Rendered) -> None:
    assert SCRIPT not in awkward.html
    assert SCRIPT.replace("<", r"\u003c").replace('"', r"\"") in awkward.html
    assert UUID in awkward.html
    counts = {
        m["config"].get("column"): m["value"] for m in awkward.json["metrics"] if "UniqueValue" in m["metric_name"]
    }
    assert counts["weather"]["counts"][SCRIPT] == 50
    assert counts["odd words"]["counts"]["'nan'"] > 0


def test_render__labels_are_in_order_and_missing_is_none_of_them(awkward: Rendered) -> None:
    summary = awkward.html.partition('"header": "holiday"')[2].partition('"graph"')[0]
    assert re.findall(r'"label": "(.*?)"', summary) == ["count", "missing", "no", "yes"]


def test_render__page_loads_nothing(awkward: Rendered) -> None:
    assert re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=", awkward.html) == []
    assert re.findall(r"url\((?!data:)[^)]*\)", awkward.html.partition("<body>")[0]) == []


def test_render__json_holds_plain_values(awkward: Rendered) -> None:
    assert json.loads(json.dumps(awkward.json, allow_nan=False)) == awkward.json


@pytest.mark.extended
@pytest.mark.parametrize("seed", ["1"])
def test_render__bytes_repeat_under_another_hash_seed(seed: str, awkward: Rendered, risk: Rendered) -> None:
    env = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, __file__], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [digest(awkward), digest(risk)]


def test_render__probabilities_give_the_usual_figures(risk: Rendered) -> None:
    chances, outcomes = make_risk()
    truth, guess = outcomes["risk"], outcomes[PREDICTION]
    assert risk.notes == ()
    assert set(risk.drifted) == {"wind", PREDICTION}
    assert values(risk)["Accuracy"] == pytest.approx((truth == guess).mean())
    assert values(risk)["RocAuc"] == pytest.approx(roc_auc_score(truth, chances, multi_class="ovr"))
    assert values(risk)["LogLoss"] == pytest.approx(log_loss(truth, chances))
    recall = {label: (guess[truth == label] == label).mean() for label in LABELS}
    assert values(risk)["RecallByLabel"] == pytest.approx(recall)


def test_render__two_classes_with_a_threshold_of_their_own() -> None:
    stream = np.random.default_rng(0)
    chance = stream.random(500)
    truth = np.where(stream.random(500) < chance, "yes", "no")
    outcomes = pd.DataFrame({"churn": truth, PREDICTION: np.where(chance > 0.8, "yes", "no")})
    outcomes[f"{PROBABILITY}yes"], outcomes[f"{PROBABILITY}no"] = chance, 1 - chance
    page = rendered(
        make_frame(100),
        make_frame(1000),
        outcomes,
        numerical=["wind"],
        categorical=["weather"],
        target="churn",
        task="classification",
        title="churn",
    )
    assert page.notes == (
        "only 100 current rows: small samples lie far apart without any drift",
        "precision and recall are those of class yes",
        "probabilities are not shown: the predicted class is not always the likeliest",
    )
    assert values(page)["Precision"] == pytest.approx((truth[chance > 0.8] == "yes").mean())
    assert "LogLoss" not in values(page)


def test_render__own_thresholds_decide_and_a_section_may_fail() -> None:
    outcomes = pd.DataFrame({"rides": np.zeros(50), PREDICTION: np.arange(50.0)})
    page = rendered(
        make_frame(400, shift=1),
        make_frame(500),
        outcomes,
        numerical=["temperature", "wind"],
        categorical=["weather"],
        target="rides",
        task="regression",
        title="zeros",
        thresholds={"temperature": 2, "wind": 0.001, "weather": 0.5, "unknown": 1},
    )
    assert page.drifted == {"temperature": False, "wind": True, "weather": False}
    assert page.drift_share == pytest.approx(1 / 3)
    assert [note.partition(":")[0] for note in page.notes] == ["no performance section"]
    assert "Drift is told by the thresholds of this project." in page.html
    assert "Dataset Summary" in page.html


def test_render__predictions_of_a_private_target_are_private() -> None:
    frame = make_frame(300).assign(**{PREDICTION: 987654.25})
    page = rendered(
        frame,
        frame,
        make_outcomes().assign(**{PREDICTION: 987654.25}),
        numerical=["wind"],
        categorical=[],
        target="rides",
        task="regression",
        private=["rides"],
        title="private",
    )
    assert page.left_out == {PREDICTION: "private"}
    assert page.notes == ("no performance section: the target is private",)
    assert "987654" not in page.html + json.dumps(page.json)
    assert page.drift_share == 0


@pytest.mark.parametrize("rows", [0, 1])
def test_render__too_few_rows(rows: int) -> None:
    short, long = make_frame(rows), make_frame(300)
    for name, current, reference in (("current", short, long), ("reference", long, short)):
        failed = render(
            current, reference, None, numerical=["wind"], categorical=[], target="y", task="regression", title=""
        )
        assert failed == Failed(f"{name} window: expected at least 2 rows, got {rows}")


def test_render__nothing_to_compare() -> None:
    frame = make_frame(300).assign(wind=np.nan)
    failed = render(frame, frame, None, numerical=["wind"], categorical=["x"], target="y", task="regression", title="")
    assert failed == Failed(
        "no column can be compared: wind: fewer than 2 values in the current window; x: missing in the current window"
    )


def test_in_child__an_exception_of_evidently_is_one_line() -> None:
    job = PageInput("y", "regression", None, numerical=["wind", "absent"])  # no frame does this by itself
    job.current = job.reference = {"wind": pd.Series([1.0, 2.0])}
    assert rendering._in_child(job) == "KeyError: 'absent'"  # noqa: SLF001


if __name__ == "__main__":  # for the test of hash seeds
    print(digest(render_awkward()), digest(render_risk()))  # noqa: T201
