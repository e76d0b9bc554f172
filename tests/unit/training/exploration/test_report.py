"""The report: one page that needs nothing else, whatever the tweets hold."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from importlib import resources
from itertools import combinations

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sentiment_training.datasets import Rows
from sentiment_training.exploration.charts import short, ticks
from sentiment_training.exploration.clouds import cloud
from sentiment_training.exploration.exploration import Exploration, explore
from sentiment_training.exploration.ngrams import Typical
from sentiment_training.exploration.page import report
from sentiment_training.exploration.repeats import Repeated
from sentiment_training.progress import SilentProgress

pytest.importorskip("wordcloud", reason="word clouds need the extra explore")

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NASTY = "</style></title><script>hit()</script> \"q\" 'a' &amp; <img src=x onerror=hit()>"


class Page(HTMLParser):
    """What a browser would see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src", "action"}]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def explored(made: Rows, *, rows: int = 100) -> Exploration:
    return explore([made], SilentProgress(), rows=rows, seed=0)


@pytest.fixture(scope="module")
def found(rows: Callable[..., Rows]) -> Exploration:
    texts = [f"{'kind crew, thanks!' if i % 2 else 'lost bag, not nice'} {i % 9} {NASTY}" for i in range(62)]
    return explored(rows([*texts, "thanks", "thanks"], "-+" * 32))


def written(found: Exploration, title: str = "made-up") -> str:
    return report(found, title, NOON, {"marks": 1.25})


def test_nothing_in_a_tweet_becomes_a_tag_and_nothing_is_fetched(found: Exploration) -> None:
    page = Page(written(found, NASTY))

    assert not page.tags & {"script", "img", "iframe", "object", "link", "base", "form"}
    assert all(address.startswith("#") for address in page.addresses)
    assert any("<script>hit()</script>" in text for text in page.texts)


def test_scripts_and_addresses_are_forbidden_by_the_page_itself(found: Exploration) -> None:
    page = written(found)

    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    assert "url(http" not in page
    assert "@import" not in page


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80))
@example(text=NASTY)
@example(text="]]> <!-- \x00 \u202e")
def test_any_text_is_shown_as_it_is(found: Exploration, text: str) -> None:
    repeats = replace(found.repeats, most_repeated=[Repeated(text, [1, 2])])
    expected = short(text, 280)

    page = Page(written(replace(found, repeats=repeats), text))

    assert page.texts.count(expected) >= 2 or not expected
    assert not page.tags & {"script", "img"}


def test_what_is_shown_has_no_control_characters_and_one_line() -> None:
    assert short("a\x00b\n\tc\u202ed", 20) == "a b c d"
    assert short("abcdef", 4) == "abc…"


def test_every_part_says_what_came_out(found: Exploration) -> None:
    texts = " ".join(Page(written(found)).texts)

    for sentence in (
        "The classes are balanced: 50.0\xa0% negative, 50.0\xa0% positive.",
        "1 text occurs with more than one label: 2 rows",
        "Nothing tells when these texts were written",
        "Most typical of negative: “",
        "Negations: in 96.9\xa0% of negative texts, 0.0\xa0% of positive ones (only).",
        "Of a text’s ten nearest neighbours",
    ):
        assert sentence in texts


def told(found: Exploration, part: str) -> str:
    """The sentences of one part of the page."""
    parts = re.split(r'<section id="(\w+)"', written(found))
    return " ".join(Page(parts[parts.index(part) + 1]).texts)


def by_day(n: int, days: int) -> list[str]:
    return [f"2026-01-{1 + i % days:02}" for i in range(n)]


def test_texts_without_a_date_are_counted_and_the_dates_of_the_others_used(rows: Callable[..., Rows]) -> None:
    # Regression: the page said that nothing told when these texts were written.
    some = rows(
        ["good", "bad"] * 60, "+-" * 60, times=[*by_day(117, 3), "NaT", "NaT", "NaT"], order=range(120)
    )
    found = explored(some)

    drift = told(found, "drift")

    assert "Time goes by days, from 01 Jan 2026 to 03 Jan 2026." in drift
    assert "3 of 120 texts have no date: drift by date leaves them out, and training parts a file by" in drift
    assert "3 of 120 texts have no date" in told(found, "overview")


def test_one_text_without_a_date_is_one(rows: Callable[..., Rows]) -> None:
    some = rows(["good", "bad"], "+-", times=["NaT", "2026-01-01"])

    assert "1 of 2 texts has no date: drift by date leaves it out" in told(explored(some), "drift")


def test_strays_are_counted(rows: Callable[..., Rows]) -> None:
    some = rows(["good", "bad"] * 60, "+-" * 60, times=["1970-01-01", *by_day(119, 3)])

    assert "1 text is dated far from all others, and left out of the periods." in told(
        explored(some), "drift"
    )


@pytest.mark.parametrize(
    ("times", "order", "sentence"),
    [
        (None, None, "Nothing tells when these texts were written, so"),
        (None, [1, 2, 3, 4], "There are too few texts to part them by their order, so"),
        (["2026-01-01"] * 4, None, "The dates lie within one day, so"),
        (["2026-01-01", "2026-01-02"] * 2, None, "Too few periods have enough texts to tell whether lengths"),
    ],
)
def test_why_there_is_no_drift_is_said_as_it_is(
    rows: Callable[..., Rows], times: list[str] | None, order: list[int] | None, sentence: str
) -> None:
    drift = told(explored(rows(["good", "bad"] * 2, "+-" * 2, times=times, order=order)), "drift")

    assert sentence in drift
    assert "hold steady" not in drift


def test_blocks_are_said_to_stand_in_for_dates_of_one_day(rows: Callable[..., Rows]) -> None:
    some = rows(["good", "bad"] * 20, "+-" * 20, times=["2026-01-01"] * 40, order=range(40))

    assert "the file’s order, for its dates lie within one day" in told(explored(some), "drift")


def test_a_class_with_too_few_texts_a_period_does_not_hold_steady(rows: Callable[..., Rows]) -> None:
    some = rows(["bad"] * 60 + ["good"] * 4, "-" * 60 + "+" * 4, times=by_day(64, 3))

    drift = told(explored(some), "drift")

    assert "Lengths hold steady" in drift
    assert "Too few periods have enough positive texts to tell whether theirs drift." in drift


def test_a_period_stands_under_its_point(rows: Callable[..., Rows]) -> None:
    # Regression: names of the first and the last period were moved into the picture, away from their points.
    times = ["2026-01-01", "2026-01-01", *["2026-01-03"] * 20, *["2026-01-05"] * 20]
    page = written(explored(rows(["bad", "good"] * 21, "-+" * 21, times=times)))

    notches = re.findall(r'class="notch" d="M([\d.]+)', page)
    names = re.findall(r'class="tick" x="([\d.]+)" y="\d+" text-anchor="middle">\d\d Jan', page)
    dots = {float(each) for each in re.findall(r'class="dot" cx="([\d.]+)', page)}

    assert len(names) == 6  # three in each of two charts
    assert notches == names
    assert dots == {float(names[1]), float(names[2])}


def test_what_training_would_refuse_is_said_first(rows: Callable[..., Rows]) -> None:
    # Regression: a tile said that training would keep 63 texts of a file that it does not take.
    some = rows([f"bad {i}" for i in range(60)] + [f"good {i}" for i in range(3)], "-" * 60 + "+" * 3)
    found = explored(some)

    overview = told(found, "overview")

    assert re.search(r"none\s+training would keep", overview)
    refusal = "Training would refuse this: made-up: 63 rows are too few to hold out 0.1 of them by text with"
    assert refusal in overview
    assert refusal in told(found, "read")


def test_a_class_of_few_texts_is_compared_with_nothing(rows: Callable[..., Rows]) -> None:
    # Regression: of three texts it was said that their length gave them away, and more of the kind.
    texts = ["bad! " * (1 + i % 3) + f"{i}" for i in range(60)]
    found = explored(rows([*texts, *["so very good " * 9] * 3], "-" * 60 + "+" * 3))

    page = " ".join(Page(written(found)).texts)

    assert "There are only 3 positive texts: nothing can be compared with so few." in told(found, "overview")
    assert not re.search("gives the class away|equally long|times as many|Most typical of|nearest", page)
    for part in ("ngrams", "marks", "clouds", "maps"):
        assert "Fewer than two classes have 30 texts or more" in told(found, part)
    assert "Fewer than two classes" not in told(found, "overview")
    # Regression: lists and clouds compared them all the same.
    assert not re.search('class="(lists|cloud )', written(found))


def test_classes_with_enough_texts_are_compared_beside_a_rare_one(rows: Callable[..., Rows]) -> None:
    some = rows(["bad", "good, good!"] * 40 + ["so so"], "-+" * 40 + "0")
    found = explored(some)

    assert "There is only 1 neutral text: nothing" in told(found, "overview")
    assert "Length gives the class away: positive texts have" in told(found, "lengths")
    assert "Most typical of positive: “good”" in told(found, "ngrams")
    assert "Most typical of neutral" not in told(found, "ngrams")
    for part in ("ngrams", "clouds"):
        assert "There is only 1 neutral text: nothing can be compared" in told(found, part)
    assert written(found).count('<div class="lists">') == written(found).count('<svg class="cloud ') == 2
    assert "neutral ones" not in told(found, "marks")


def test_what_to_mind_about_lengths_is_among_what_to_know_first(rows: Callable[..., Rows]) -> None:
    # Regression: it stood in its own part only.
    found = explored(rows(["bad", "good good"] * 40, "-+" * 40))

    assert "Length gives the class away: positive texts have 2.0 words" in told(found, "overview")


def test_what_a_file_marks_itself_is_told_apart_from_what_its_texts_show(rows: Callable[..., Rows]) -> None:
    # Regression: the table counted both, and the sentences below said other numbers.
    some = rows(["bad", "good", "fine", "well", "poor"], "-++++")
    marks = {"duplicate": np.array([0, 1, 1, 0, 0], bool), "contradictory": np.array([0, 0, 0, 1, 0], bool)}

    found = explored(replace(some, **marks))

    assert "2 said again and 1 with both labels are so because the file itself" in told(found, "read")
    assert "the file itself" not in told(explored(some), "read")


def test_one_class_is_explored_too(rows: Callable[..., Rows]) -> None:
    found = explored(rows([f"thanks a lot {i}" for i in range(20)], "+" * 20))

    page = " ".join(Page(written(found)).texts)

    assert "There is one class only: every text is positive." in page
    assert "these are the most frequent ones" in page
    assert "lot" in [word.text for word in found.clouds[0]]
    assert "a" not in [word.text for word in found.clouds[0]]


def test_every_table_scrolls_by_itself_and_no_percent_sign_stands_alone(found: Exploration) -> None:
    # Regression: the table of the balance made a whole page of 360 pixels scroll sideways.
    page = written(found)

    assert page.count("<table>") == page.count('<div class="scroll"><table>') == 3
    assert not re.search(r"\d\s? %", " ".join(Page(page).texts[2:]).replace(NASTY, ""))


def test_what_scrolls_shades_its_edges() -> None:
    # Regression: on a phone, a table was cut with no sign that there was more of it.
    style = resources.files("sentiment_training.exploration").joinpath("report.css").read_text("utf-8")
    rule = style.split(".scroll {")[1].split("}")[0]

    assert rule.count(" local") == rule.count("var(--surface)") == 2
    assert rule.count(" scroll") == rule.count("var(--shade)") == 2
    assert style.count("--shade:") == 2  # in light and in dark


def test_only_what_the_font_has_is_kept_to_a_width_in_a_cloud(rows: Callable[..., Rows]) -> None:
    # Regression: emojis were squeezed to the width of the box that stands for what a font lacks.
    strange = ("\U0001f602", "\U0001f52c", "\u263a", "\u098f", "\U00020000")
    texts = [f"lovely {each}" for each in strange for _ in range(20)]
    found = explored(rows(texts, "+" * len(texts)))

    kept = re.findall(r'textLength="\d+" lengthAdjust="spacingAndGlyphs">(.+?)<title>', written(found))

    assert {each.text for each in found.clouds[0]} == {"lovely", *strange}
    assert kept == ["lovely"]


def test_words_of_a_cloud_keep_apart() -> None:
    # Regression: a pixel between them made "nowluggage" of two words.
    words = [Typical(f"{'luggage'[: 2 + i % 6]}{chr(97 + i % 26)}", 60.0 - i, 9, 0) for i in range(60)]

    placed = cloud(words, 0)

    assert len(placed) > 15
    for one, other in combinations(placed, 2):
        left, right = sorted([one, other], key=lambda each: each.x)
        assert left.width is not None
        # Letters without ascenders reach about half of a size above the line; `x` lies a little left of ink.
        beside = left.y - left.size / 2 < right.y and right.y - right.size / 2 < left.y
        assert not beside or right.x - (left.x + left.width) >= 6, (left, right)


def test_numbers_say_how_many_texts_hold_a_word(found: Exploration) -> None:
    page = written(found)

    assert re.search("<title>in 32 texts</title>", page)
    assert "Numbers say how many texts hold it: of the class : of all others." in page
    assert "times</title>" not in page


def test_no_word_of_a_cloud_is_paler_than_its_colour(found: Exploration) -> None:
    # Regression: small ones had a contrast of 3.1.
    assert "opacity" not in written(found).split('id="clouds"')[1].split("</section>")[0]


def test_a_list_without_entries_says_why(rows: Callable[..., Rows]) -> None:
    found = explored(rows(["bad", "good fun"] * 40, "-+" * 40))

    lists = told(found, "ngrams")

    assert "No negative text has pairs." in lists
    assert "No other class has pairs to compare with." in lists
    assert "No positive text has triples." in lists


def test_each_mark_has_one_sentence(rows: Callable[..., Rows]) -> None:
    # Regression: of three classes, exclamation marks took two sentences, and question marks got none.
    some = rows(["bad ? yes", "so", "good !!! :) #yes", "good!"] * 40, "-0++" * 40)

    marks = told(explored(some), "marks")

    assert marks.count("Exclamation marks: in") == 1
    assert marks.count("Question marks: in") == 1


@pytest.mark.parametrize("texts", [["x"], ["!", "?"], ["\u202e", "a"], ["नमस्ते दुनिया", "مرحبا"]])
def test_the_smallest_and_the_strangest_files_have_a_report(
    rows: Callable[..., Rows], texts: Sequence[str]
) -> None:
    page = written(explored(rows(texts, "+-"[: len(texts)])))

    assert "too few different texts to draw a map" in page


def test_neutral_texts_are_a_class_of_their_own(rows: Callable[..., Rows]) -> None:
    found = explored(rows(["good", "bad", "so so"] * 5, "+-0" * 5))

    assert [each.name for each in found.classes] == ["negative", "neutral", "positive"]
    assert written(found).count('class="mark"') == len(found.marks)


def test_the_same_seed_gives_the_same_page(rows: Callable[..., Rows]) -> None:
    made = rows([f"{'kind crew' if i % 2 else 'lost bag'} {i}" for i in range(60)], "-+" * 30)

    assert written(explored(made, rows=30)) == written(explored(made, rows=30))


def test_every_text_colour_stands_out_in_light_and_in_dark() -> None:
    style = resources.files("sentiment_training.exploration").joinpath("report.css").read_text("utf-8")
    moods = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", mood)) for mood in style.split("@media screen")[:2]
    ]

    for mood in moods:
        for text in ("ink", "muted", "accent", "negative", "neutral", "positive"):
            for ground in ("surface", "raised", "ground"):
                assert contrast(mood[text], mood[ground]) >= 4.5, (text, ground)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 10, [0, 5, 10]),
        (0, 0.19, [0, 0.05, 0.1, 0.15]),
        (13.2, 21.9, [14, 16, 18, 20]),
        (3, 3, [3]),
    ],
)
def test_axes_have_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == expected


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio of two ``#rrggbb`` colours."""

    def luminance(colour: str) -> float:
        channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted([luminance(one), luminance(other)], reverse=True)
    return (high + 0.05) / (low + 0.05)
