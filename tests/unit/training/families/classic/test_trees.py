"""A forest walked as arithmetic goes where scikit-learn's goes."""

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from sklearn.ensemble import RandomForestClassifier

from sentiment_training.families.classic.trees import Trees


@pytest.fixture(scope="module")
def grown() -> tuple[RandomForestClassifier, onnxruntime.InferenceSession]:
    generator = np.random.default_rng(3)
    features = generator.normal(size=(400, 6)).round(2)
    labels = features[:, 0] * features[:, 1] + 0.3 * generator.normal(size=400) > 0
    forest = RandomForestClassifier(n_estimators=9, max_depth=12, random_state=0).fit(features, labels)
    nodes, constants = Trees.of(forest).graph("features", "probability")
    graph = helper.make_graph(
        nodes,
        "trees",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 6])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["batch"])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return forest, onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


@given(rows=st.lists(st.lists(st.floats(-4, 4, width=32), min_size=6, max_size=6), min_size=1, max_size=20))
def test_it_answers_as_scikit_learn_does(
    rows: list[list[float]], grown: tuple[RandomForestClassifier, onnxruntime.InferenceSession]
) -> None:
    forest, session = grown
    features = np.array(rows, np.float32)
    (given_answers,) = session.run(["probability"], {"features": features})
    assert given_answers == pytest.approx(forest.predict_proba(features)[:, 1], abs=1e-6)


def test_a_feature_right_at_its_threshold_goes_the_same_way(
    grown: tuple[RandomForestClassifier, onnxruntime.InferenceSession],
) -> None:
    """Thresholds are rounded to single precision, and must round to the side that changes no comparison."""
    forest, session = grown
    rows = []
    for each in forest.estimators_:
        inner = each.tree_.feature >= 0
        for feature, threshold in zip(
            each.tree_.feature[inner], each.tree_.threshold[inner].astype(np.float32), strict=True
        ):
            for beside in (-np.inf, np.inf):
                row = np.zeros(6, np.float32)
                row[feature] = np.nextafter(threshold, np.float32(beside))
                rows.append(row)
            rows.append(np.where(np.arange(6) == feature, threshold, 0))
    features = np.array(rows, np.float32)
    (given_answers,) = session.run(["probability"], {"features": features})
    assert given_answers == pytest.approx(forest.predict_proba(features)[:, 1], abs=1e-6)


def test_a_forest_that_is_all_root_answers_with_the_share() -> None:
    forest = RandomForestClassifier(n_estimators=2, bootstrap=False, random_state=0)
    trees = Trees.of(forest.fit(np.zeros((4, 1)), [True, False, False, False]))
    assert trees.depth == 0
    assert trees.value.tolist() == [0.25, 0.25]
