import pytest

from sentiment_ui.__main__ import parse, streamlit_command


@pytest.mark.parametrize(
    "option",
    [
        "--browser.gatherUsageStats=false",
        "--client.showErrorDetails=none",
        "--server.enableXsrfProtection=false",
        "--server.enableCORS=true",
        "--server.headless=true",
        "--logger.hideWelcomeMessage=true",
        "--server.port=8600",
        "--server.address=127.0.0.1",
        "--server.allowedHosts=vigie.example.org",
    ],
)
def test_the_server_is_started_without_statistics_cookies_or_look_ups(option: str) -> None:
    assert option in streamlit_command("127.0.0.1", 8600, ["vigie.example.org"])


def test_the_command_line_knows_several_names() -> None:
    arguments = parse(["--host", "::1", "--port", "9", "--allowed-host", "a", "--allowed-host", "b"])

    assert (arguments.host, arguments.port, arguments.allowed_host) == ("::1", 9, ["a", "b"])
