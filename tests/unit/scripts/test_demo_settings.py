from pathlib import Path

import pytest
from demo.errors import SettingError
from demo.settings import ROOT, read


def test_without_any_setting_the_demo_knows_where_to_be() -> None:
    settings = read({})

    assert (settings.port, settings.home, settings.address) == (
        8080,
        ROOT / ".vigie",
        "http://127.0.0.1:8080",
    )


def test_a_home_of_ones_own_is_taken_as_it_is(tmp_path: Path) -> None:
    assert tmp_path == read({"VIGIE_HOME": str(tmp_path)}).home


def test_a_home_that_starts_with_a_tilde_is_the_persons_own() -> None:
    assert Path.home() / "vigie" == read({"VIGIE_HOME": "~/vigie"}).home


@pytest.mark.parametrize("value", ["eighty", "0", "65536", "-1", "8080.0", "80 80", "٨٠٨٠"])
def test_a_port_that_is_none_is_named_in_one_sentence(value: str) -> None:
    with pytest.raises(SettingError, match=r"^VIGIE_PORT is .*; it must be a number from 1 to 65535"):
        read({"VIGIE_PORT": value})
