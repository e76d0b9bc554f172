"""A visitor with a real browser, through the real proxy, with a real version."""

import json
import re
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(400)]

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 780}


class Visitor:
    """A fresh browser profile, and what it noticed."""

    def __init__(
        self, browser: Browser, address: str, size: dict[str, int], mood: str = "light", script: str = ""
    ) -> None:
        self.context: BrowserContext = browser.new_context(viewport=size, color_scheme=mood)
        self.context.add_init_script(script)
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        own = (address, address.replace("http", "ws"), "blob:", "data:")
        self.page.on(
            "request", lambda sent: None if sent.url.startswith(own) else self.foreign.append(sent.url)
        )
        self.page.goto(address)
        try:
            expect(self.page.locator(".vg-status-ready")).to_be_visible(timeout=30_000)
        except AssertionError as error:
            if any("ERR_NETWORK_CHANGED" in said for said in self.errors):
                pytest.fail(
                    "Chromium dropped the page, as it does whenever a network interface of the machine comes "
                    "or goes; run these tests while no container is being started or stopped"
                )
            shown = self.page.inner_text("body")[:500]
            raise AssertionError(f"{error}\nconsole: {self.errors}\npage: {shown!r}") from error

    def read(self, tweet: str) -> None:
        self.page.get_by_role("textbox", name="Tweet").fill(tweet)
        self.page.get_by_role("button", name="Read this tweet").click()
        expect(self.page.locator(".vg-result blockquote")).to_have_text(tweet)


@pytest.fixture
def visitor(browser: Browser, address: str) -> Iterator[Visitor]:
    visitor = Visitor(browser, address, DESKTOP)
    yield visitor
    visitor.context.close()


def stored_reports(address: str) -> int:
    """How often the API said 201 to a report; 200 is one that it knew already."""
    counter = r'^vigie_requests_total\{.*route="/v1/feedback",status="201"\} (\d+)'
    with urllib.request.urlopen(f"{address}/api/metrics") as answer:  # noqa: S310 - http, ours
        counted = re.findall(counter, answer.read().decode(), re.MULTILINE)
    return int(counted[0]) if counted else 0


def width_is_kept(page: Page) -> bool:
    return bool(page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth <= e.clientWidth"))


def test_good_and_bad_tweets_are_told_apart(visitor: Visitor) -> None:
    visitor.read("Thank you for the wonderful flight, the crew was great!")
    expect(visitor.page.locator(".vg-result.vg-positive h2")).to_have_text("Positive")

    visitor.read("Worst airline ever, my bag is lost and nobody answers.")
    expect(visitor.page.locator(".vg-result.vg-negative h2")).to_have_text("Negative")
    expect(visitor.page.locator(".vg-facts")).to_contain_text("tweet-sentiment, version 1")
    expect(visitor.page.locator(".vg-history li")).to_have_count(2)


def test_a_report_is_thanked_for_and_stored_once_even_on_a_double_click(
    visitor: Visitor, address: str
) -> None:
    visitor.read("Never had a better flight: no queue, no stress! (double)")
    before = stored_reports(address)
    visitor.page.get_by_role("textbox", name="Comment (optional)").fill("praise")
    visitor.page.get_by_role("button", name="Send the report").dblclick()

    expect(visitor.page.locator(".vg-thanks")).to_be_visible()
    expect(visitor.page.locator(".vg-reported")).to_have_count(1)
    assert stored_reports(address) == before + 1


def test_the_history_survives_a_reload_and_can_be_cleared_for_good(visitor: Visitor) -> None:
    visitor.read("Lovely crew, thanks!")
    # Regression: on a busy machine, a reload within moments of the answer beat the browser's memory.
    visitor.page.wait_for_function("localStorage.getItem('vigie.history')?.includes('Lovely crew')")
    visitor.page.reload()
    expect(visitor.page.locator(".vg-history li")).to_have_count(1)

    visitor.page.get_by_role("button", name="Clear history").click()
    expect(visitor.page.locator(".vg-empty")).to_be_visible()
    visitor.page.reload()
    expect(visitor.page.locator(".vg-empty")).to_be_visible()


def test_another_visitor_sees_nothing_of_it(visitor: Visitor, browser: Browser, address: str) -> None:
    visitor.read("Only mine")
    other = Visitor(browser, address, DESKTOP)

    expect(other.page.locator(".vg-empty")).to_be_visible()
    other.context.close()


def test_markup_in_a_tweet_is_text(visitor: Visitor) -> None:
    visitor.read("<script>window.hit = 1</script><img src=x onerror='window.hit = 1'> awful")

    assert visitor.page.locator(".vg-result img").count() == 0
    assert visitor.page.locator("body").evaluate("() => window.hit === undefined")


def test_the_counter_follows_what_is_typed_and_what_the_page_puts_in(visitor: Visitor) -> None:
    visitor.page.get_by_role("textbox", name="Tweet").press_sequentially("hello ✈")
    expect(visitor.page.locator("output")).to_have_text("7 / 1,000")

    visitor.page.get_by_role("button", name="Lost bag").click()
    expect(visitor.page.locator("output")).to_have_text(re.compile(r"^8\d / 1,000$"))


def test_a_text_that_is_too_long_is_said_while_typing_and_when_sent(visitor: Visitor) -> None:
    visitor.page.get_by_role("textbox", name="Tweet").fill("x" * 1002)
    expect(visitor.page.locator("output")).to_have_text("2 too many")

    visitor.page.get_by_role("button", name="Read this tweet").click()
    expect(visitor.page.get_by_role("alert")).to_contain_text("Shorten it by 2.")


def test_the_counter_counts_though_its_field_is_drawn_after_it(browser: Browser, address: str) -> None:
    # As a busy machine does it: the field is not there when the counter looks for it first.
    late = """
        const find = document.querySelector.bind(document);
        let looked = 0;
        document.querySelector = (wanted) =>
            wanted.endsWith("textarea") && (looked += 1) < 4 ? null : find(wanted);
    """
    visitor = Visitor(browser, address, DESKTOP, script=late)
    expect(visitor.page.locator("output")).to_have_text("0 / 1,000")
    visitor.page.get_by_role("textbox", name="Tweet").press_sequentially("hello")
    expect(visitor.page.locator("output")).to_have_text("5 / 1,000")
    visitor.context.close()


@pytest.mark.parametrize("mood", ["light", "dark"])
def test_on_a_phone_nothing_is_cut_off_and_the_answer_comes_into_view(
    browser: Browser, address: str, mood: str
) -> None:
    visitor = Visitor(browser, address, PHONE, mood)
    assert width_is_kept(visitor.page)

    visitor.read("W" * 120 + " the worst flight I have ever had in my life")
    expect(visitor.page.locator(".vg-verdict")).to_be_in_viewport()
    assert width_is_kept(visitor.page)

    for button in visitor.page.get_by_role("button").all():
        box = button.bounding_box()
        assert box is None or box["height"] >= 44, button.inner_text()
    visitor.context.close()


def test_nothing_leaves_the_house_no_cookie_is_set_and_no_policy_is_broken(visitor: Visitor) -> None:
    visitor.read("Thank you!")

    assert visitor.foreign == []
    assert visitor.context.cookies() == []
    assert visitor.errors == []


def test_streamlits_own_chrome_is_gone(visitor: Visitor) -> None:
    for name in ("stHeader", "stToolbar", "stDecoration", "stStatusWidget"):
        expect(visitor.page.get_by_test_id(name)).not_to_be_visible()
    assert visitor.page.title() == "Vigie · tweet sentiment"


def test_mlflow_opens_under_the_same_address(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/mlflow/#/models/tweet-sentiment")

    expect(page.get_by_text("tweet-sentiment").first).to_be_visible(timeout=30_000)
    page.close()


def test_the_api_answers_under_the_same_address(address: str) -> None:
    request = urllib.request.Request(  # noqa: S310 - http, ours
        f"{address}/api/v1/predict", b'{"text": "thanks!"}', {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - http, ours
        assert {"label", "probability", "model_version"} == set(json.load(answer))
