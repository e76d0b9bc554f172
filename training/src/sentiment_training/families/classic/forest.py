"""Random forest on the n-grams that tell the classes apart best."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from onnx import NodeProto, TensorProto, helper
from sklearn.ensemble import RandomForestClassifier

from sentiment import Bundle, Provenance, write_bundle
from sentiment_training.families.classic.family import FromCounts
from sentiment_training.families.classic.features import (
    FEATURE_OPTIONS,
    MARK_UNIT,
    Counted,
    FeatureOptions,
    Features,
    Vocabulary,
    Weighting,
)
from sentiment_training.families.classic.tokens import IntArray, padded
from sentiment_training.families.classic.trees import Trees
from sentiment_training.families.family import (
    Examples,
    FloatArray,
    Number,
    Trial,
    Work,
)
from sentiment_training.graph_writing import IDS, PROBABILITY, GraphWriter
from sentiment_training.machine import usable_cores


@dataclass(frozen=True)
class ForestOptions(FeatureOptions):
    """Every choice of this family. The defaults are a compromise of accuracy, size and minutes."""

    bucket_bits: int = 18
    min_count: int = 10
    best: int = 3_000
    trees: int = 100
    depth: int = 100
    leaves: int = 4_000
    leaf_rows: int = 2
    rows: int = 50_000


_OPTIONS = FEATURE_OPTIONS | {
    "best": Number(int, 10, 30_000, "n-grams that are features: those with the largest chi-squared"),
    "trees": Number(int, 1, 1_000, "trees"),
    "depth": Number(int, 1, 200, "comparisons from a root to a leaf at most"),
    "leaves": Number(int, 2, 20_000, "leaves of a tree at most"),
    "leaf_rows": Number(int, 1, 10_000, "rows in a leaf at least"),
    "rows": Number(int, 10, 10_000_000, "rows that the forest learns from at most, drawn at random"),
}


class ForestFamily(FromCounts[ForestOptions]):
    """Random forest."""

    name = "forest"
    needs_validation = False
    defaults = ForestOptions()
    known = _OPTIONS

    def suggest(self, trial: Trial, _fixed: Mapping[str, str], /) -> Mapping[str, str]:
        """Choose options for one trial of a search."""
        return {
            "features": trial.suggest_categorical("features", ("counts", "tfidf")),
            "ngrams": str(trial.suggest_int("ngrams", 1, 2)),
            "best": str(trial.suggest_int("best", 500, 5_000, log=True)),
            "depth": str(trial.suggest_int("depth", 20, 100)),
            "leaf_rows": str(trial.suggest_int("leaf_rows", 1, 20, log=True)),
        }

    def fit(
        self,
        train: Examples,
        validation: Examples,  # noqa: ARG002 - nothing here is chosen by it
        options: Mapping[str, str],
        work: Work,
    ) -> "ForestModel":
        """Train; the seed decides which rows and features each tree sees."""
        chosen = self.chosen(options)
        counted = Vocabulary.learn(train, chosen, work.progress)
        return self.fit_counted(counted, None, options, work, jobs=usable_cores())

    def fit_counted(
        self,
        train: Counted,
        validation: Counted | None,  # noqa: ARG002 - nothing here is chosen by it
        options: Mapping[str, str],
        work: Work,
        *,
        jobs: int = 1,
    ) -> "ForestModel":
        """Train on what was counted; the same whatever the number of jobs."""
        chosen = self.chosen(options)
        with work.progress.step("choose"):
            columns = train.best(chosen.best)
            train = train.columns(columns)
            weighting = Weighting.learn(chosen.features, train.counts, train.vocabulary.mark_columns)
        forest = RandomForestClassifier(
            n_estimators=chosen.trees,
            max_depth=chosen.depth,
            max_leaf_nodes=chosen.leaves,
            min_samples_leaf=chosen.leaf_rows,
            random_state=work.seed,
            n_jobs=jobs,
        )
        # A tree's time grows much faster than its rows, what it learns much slower.
        n = train.counts.shape[0]
        drawn = np.random.default_rng(work.seed).choice(n, min(chosen.rows, n), replace=False)
        train = train.rows(np.sort(drawn))
        with work.progress.step("fit"):
            forest.fit(weighting.matrix(train.counts), train.labels, sample_weight=train.weights)
        return ForestModel(chosen, Features(train.vocabulary, weighting), forest, columns)


@dataclass(frozen=True)
class ForestModel:
    """A fitted pipeline: tokens → chosen n-grams → forest.

    Attributes
    ----------
    columns
        Those chosen of what was counted in training.
    """

    options: ForestOptions
    features: Features
    forest: RandomForestClassifier
    columns: IntArray
    tolerance: ClassVar[float] = 1e-5

    @property
    def parameters(self) -> Mapping[str, str | int | float]:
        """Every choice that made it, and what came of it."""
        grown = [each.tree_ for each in self.forest.estimators_]
        return (
            asdict(self.options)
            | self.features.vocabulary.tables
            | {
                "nodes": sum(tree.node_count for tree in grown),
                "deepest": max(tree.max_depth for tree in grown),
            }
        )

    def probabilities(self, texts: Sequence[str]) -> FloatArray:
        """Score texts with scikit-learn: probability of *positive*, shape (n,)."""
        return np.asarray(self.forest.predict_proba(self.features.matrix(texts))[:, 1], np.float64)

    def probabilities_of(self, counted: Counted) -> FloatArray:
        """Score texts that the vocabulary of the training has counted."""
        matrix = self.features.weighting.matrix(counted.counts[:, self.columns])
        return np.asarray(self.forest.predict_proba(matrix)[:, 1], np.float64)

    def export(self, folder: Path, golden_texts: Sequence[str], provenance: Provenance) -> Bundle:
        """Write the bundle into a new folder and open it."""
        return write_bundle(
            folder,
            family=ForestFamily.name,
            tokenizer=padded(self.features.vocabulary.tokenizer),
            graph=forest_graph(self.features, Trees.of(self.forest)),
            golden_texts=golden_texts,
            provenance=provenance,
        )


def forest_graph(features: Features, trees: Trees) -> bytes:
    """Count the chosen n-grams into one dense row a text, weigh them, walk the trees.

    What is no feature is counted too, in a last column that no tree looks at.
    """
    vocabulary, steps = features.vocabulary, features.weighting.idf_steps
    k = len(vocabulary.used)
    feature = np.full(vocabulary.ngrams.columns, k, np.uint16)
    feature[vocabulary.used] = np.arange(k)
    node = helper.make_node
    nodes: list[NodeProto] = []
    constants: dict[str, np.ndarray] = {
        "feature_of_column": feature,
        "row_length": np.array([k + 1]),
        "one": np.array(1, np.float32),
    }
    ids = "ids"
    if vocabulary.marks is not None:
        ids = "plain_ids"
        counting, tables = vocabulary.marks.graph("ids", ids, "mark_counts")
        nodes += counting
        constants |= tables
    lookup, tables = vocabulary.ngrams.graph(ids, "columns")
    nodes += lookup
    constants |= tables
    nodes += [
        node("Gather", ["feature_of_column", "columns"], ["short_feature"]),
        node("Cast", ["short_feature"], ["feature"], to=TensorProto.INT64),
        node("Shape", ["columns"], ["occurrences"]),
        node("Expand", ["one", "occurrences"], ["ones"]),
        node("Shape", ["columns"], ["batch"], end=1),
        node("Concat", ["batch", "row_length"], ["dense_shape"], axis=0),
        node("ConstantOfShape", ["dense_shape"], ["empty"]),
        node("ScatterElements", ["empty", "feature", "ones"], ["counts"], axis=1, reduction="add"),
    ]
    row = "counts"
    if steps is not None:
        nodes += [
            node("Min", ["counts", "one"], ["presence"]),
            node("Mul", ["presence", "idf_steps"], ["idf"]),
            node("ReduceSumSquare", ["idf"], ["squared_length"], axes=[1], keepdims=1),
            node("Sqrt", ["squared_length"], ["length"]),
            node("Max", ["length", "one"], ["divisor"]),
            node("Div", ["idf", "divisor"], ["tfidf"]),
        ]
        constants["idf_steps"] = np.append(steps, 0).astype(np.float32)
        row = "tfidf"
    if vocabulary.marks is not None:
        # The marks follow the features: the column of all else gives way to them.
        nodes += [
            node("Slice", [row, "from_0", "width", "column_axis"], ["ngram_row"]),
            node("Add", ["mark_counts", "one"], ["marks_shifted"]),
            node("Log", ["marks_shifted"], ["marks_as_logs"]),
            node("Mul", ["marks_as_logs", "mark_unit"], ["marks_as_features"]),
            node("Concat", ["ngram_row", "marks_as_features"], ["joined_row"], axis=1),
        ]
        constants |= {
            "from_0": np.array([0]),
            "width": np.array([k]),
            "column_axis": np.array([1]),
            "mark_unit": np.array(MARK_UNIT),
        }
        row = "joined_row"
    walking, tables = trees.graph(row, "probability")
    return GraphWriter([*nodes, *walking], {**constants, **tables}).served("forest", PROBABILITY, [IDS])
