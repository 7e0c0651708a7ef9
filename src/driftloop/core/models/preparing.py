"""What an estimator is given of the columns: by a table of what estimators support, or as `train.encoding` says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from driftloop.core.models.encoding import Coarse, Codes

if TYPE_CHECKING:
    from sklearn.compose import ColumnTransformer

    from driftloop.core.models.recipe import Recipe

ORDINAL = "ordinal"  # a number per category; missing numbers stay missing where the estimator takes them
ONE_HOT = "one_hot"  # a column per category, missing numbers imputed

TREE_LIBRARIES = ("catboost", "lightgbm", "xgboost")


def encoding_of(recipe: Recipe, estimator: Any) -> str:
    """Return the encoding that the recipe names, or, where it is `auto`, the one that suits the estimator."""
    if recipe.encoding != "auto":
        return recipe.encoding
    return ORDINAL if _splits(estimator) else ONE_HOT


def _splits(estimator: Any) -> bool:
    """Whether the estimator splits columns in two, so that the order of the numbers of categories matters little.

    Histogram boosting could be told that they are categories, but then the model holds a function (`functools.partial`),
    and model files are trusted to hold data alone.
    """
    from sklearn import ensemble, tree

    trees = (
        tree.DecisionTreeClassifier, tree.DecisionTreeRegressor,
        ensemble.RandomForestClassifier, ensemble.RandomForestRegressor,
        ensemble.ExtraTreesClassifier, ensemble.ExtraTreesRegressor,
        ensemble.GradientBoostingClassifier, ensemble.GradientBoostingRegressor,
        ensemble.HistGradientBoostingClassifier, ensemble.HistGradientBoostingRegressor,
    )  # fmt: skip
    libraries = {kind.__module__.partition(".")[0] for kind in type(estimator).__mro__}
    return isinstance(estimator, trees) or not libraries.isdisjoint(TREE_LIBRARIES)


def takes_missing(estimator: Any) -> bool:
    """Whether the estimator says that it takes NaN; forests do so since scikit-learn 1.4, for some criteria."""
    from sklearn.utils import get_tags

    libraries = {kind.__module__.partition(".")[0] for kind in type(estimator).__mro__}
    return not libraries.isdisjoint(TREE_LIBRARIES) or bool(get_tags(estimator).input_tags.allow_nan)


def columns_for(recipe: Recipe, estimator: Any) -> ColumnTransformer:
    """Assemble what prepares the columns: numbers first, then categories; private ones are coarse in each encoding."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    encoding = encoding_of(recipe, estimator)
    private = [name for name in recipe.numerical if name in recipe.private]
    steps: list[tuple[str, Any]] = [("coarse", Coarse(private))] if private else []
    if encoding == ONE_HOT or not takes_missing(estimator):
        steps.append(("impute", SimpleImputer(strategy="median", keep_empty_features=True)))
    steps.append(
        ("scale", StandardScaler())
    )  # for trees too: in single precision a time in seconds would lose its minutes
    names: list[tuple[str, Any]] = [
        ("number", Codes(private=[name for name in recipe.categorical if name in recipe.private]))
    ]
    if encoding == ONE_HOT:
        names.append(("encode", OneHotEncoder(handle_unknown="ignore", sparse_output=False)))
    return ColumnTransformer(
        [
            ("numerical", Pipeline(steps), list(recipe.numerical)),
            ("categorical", Pipeline(names), list(recipe.categorical)),
        ]
    )
