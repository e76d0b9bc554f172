import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "services/training/first_model.py"


@pytest.fixture(scope="module")
def first_model() -> ModuleType:
    spec = importlib.util.spec_from_file_location("first_model", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class FakeRegistry:
    """What the program asks of a registry."""

    found: list[SimpleNamespace]
    tags: dict[str, str] = field(default_factory=dict)
    name: str = "tweet-sentiment"

    def versions(self) -> list[SimpleNamespace]:
        return self.found

    def get_registered_model(self, _: str) -> SimpleNamespace:
        return SimpleNamespace(tags=self.tags)


def version(number: int, stage: str = "None", *aliases: str) -> SimpleNamespace:
    return SimpleNamespace(number=number, stage=stage, aliases=aliases)


@pytest.mark.parametrize(
    ("found", "tags", "reason"),
    [
        ([], {}, ""),
        ([version(2), version(1)], {}, ""),
        ([version(1, "Production")], {}, "version 1 is in stage Production"),
        ([version(2), version(1, "Archived")], {}, "version 1 is in stage Archived"),
        ([version(1, "Staging")], {}, "version 1 is in stage Staging"),
        ([version(1, "None", "champion")], {}, "version 1 has the alias champion"),
        ([version(1)], {"vigie.first_model": "1"}, "a first model was trained before"),
        ([], {"vigie.first_model": "1"}, ""),
    ],
    ids=[
        "an empty registry",
        "versions that nobody promoted",
        "one in Production",
        "one that a person archived",
        "one in Staging",
        "one with an alias",
        "the first model, its stage taken away",
        "every version deleted",
    ],
)
def test_a_first_model_is_trained_only_while_nobody_has_promoted_one(
    first_model: ModuleType, found: list[SimpleNamespace], tags: dict[str, str], reason: str
) -> None:
    registry = FakeRegistry(found, tags)

    assert first_model.promoted_before(registry, registry) == reason
