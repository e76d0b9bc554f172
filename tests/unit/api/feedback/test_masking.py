import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sentiment_api.feedback.masking import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("@AirParadis thanks!", "@user thanks!"),
        ("thanks @jean_dupont, great", "thanks @user, great"),
        ("(\uff20jean) hi@jean", "(@user) [email]"),
        ("write to jean.dupont+tag@example.co.uk please", "write to [email] please"),
        ("see https://t.co/AbC123 now", "see [url] now"),
        ("see http://user:secret@host.example/path?q=1#x", "see [url]"),
        ("see HTTPS://EXAMPLE.COM", "see [url]"),
        ("www.example.com is down", "[url] is down"),
        ("go to bit.ly/3xYz or airparadis.com today", "go to [url] or [url] today"),
        ("call +33 6 12 34 56 78 now", "call [phone] now"),
        ("call 0033 612345678", "call [phone]"),
        ("appelez le 06 12 34 56 78", "appelez le [phone]"),
        ("06.12.34.56.78", "[phone]"),
        ("my number:0612345678", "my number:[phone]"),
        ("+1 (555) 123-4567", "[phone]"),
        ("(555) 123-4567 or 555-123-4567", "[phone] or [phone]"),
        ("1-800-555-0199", "[phone]"),
        ("+44 20 7946 0958", "[phone]"),
        ("020 7946 0958", "[phone]"),
        ("+4915112345678", "[phone]"),
        ("+81-3-1234-5678", "[phone]"),
        ("+91 98765 43210", "[phone]"),
        ("a\x00b @jean\x07x", "a b @user x"),
        ("mail jean\x00@example.com", "mail jean @user.com"),
    ],
)
def test_what_could_name_somebody_is_masked(text: str, masked: str) -> None:
    assert masked == mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "flight AF1234 was late",
        "AF 1234 and BA2490",
        "I paid $1,299.00 for this",
        "1 299,00 € for 2 bags",
        "since 2019, and again in 2026",
        "on 2026-11-21 at 10:30",
        "on 21/11/2026 or 21.11.26",
        "from 01.02.2026 10:30 to 03.02.2026",
        "01/02/2026 10h30",
        "2026-11-21 2026-11-25",
        "seat 34A, gate B22, 3 hours, 45 minutes",
        "100% late, 5/5 stars, 24/7",
        "1000000 people",
        "3.14159265358979",
        "thanks.it was great",
        "a.m./p.m. and/or",
        "so good!!! :) <3 #travel",
        "👨‍👩‍👧 voyage à Zürich",
        "line one\nline two",
    ],
)
def test_what_names_nobody_survives(text: str) -> None:
    assert text == mask(text)


# Pieces from which everything that is masked can be put together, beside any text at all.
_PIECES = st.sampled_from(
    ["@", "\uff20", "a", "jean", ".", "-", "+", "://", "http", "www.", ".com", "/", "0", "33", "612345678",
     " ", "[url]", "[email]", "@user", "[phone]", "\x00", "\u0301",
     "\u200b", "(", ")", "555", "1234", "é", "_", "\n"]
)  # fmt: skip
_TEXTS = st.one_of(st.text(), st.lists(_PIECES, max_size=20).map("".join))


@settings(max_examples=1_500)
@given(_TEXTS)
@example("a@b@c.com")
@example("@a@b")
@example("x@user@user.com")
@example("00000000+00000000")
def test_masking_what_is_masked_changes_nothing(text: str) -> None:
    assert mask(text) == mask(mask(text))


@settings(max_examples=1_500)
@given(_TEXTS)
def test_no_mention_no_address_and_no_link_survives_any_text(text: str) -> None:
    masked = mask(text)
    assert not [found for found in re.findall(r"[@\uff20\ufe6b]\w+", masked) if found != "@user"]
    assert not re.search(r"[\w.+-]+@[\w-]+\.\w+", masked)
    assert not re.search(r"[a-zA-Z]://\S", masked)
    assert not re.search(r"www\.\S", masked, re.IGNORECASE)
    assert "\x00" not in masked


@settings(max_examples=300)
@given(
    st.emails(domains=st.sampled_from(["example.com", "mail.example.org", "sub.example.co.uk"])),
    st.sampled_from(["", "hello ", "(", "mail:", "é "]),
    st.sampled_from(["", " thanks", ")", ",", "!"]),
)
def test_no_valid_mail_address_survives_between_words(address: str, before: str, after: str) -> None:
    _, _, domain = address.partition("@")
    masked = mask(f"{before}{address}{after}")
    assert address not in masked
    assert f"@{domain}" not in masked


@settings(max_examples=300)
@given(st.from_regex(r"\+[1-9]\d{0,2}([ .-]?\d{2,3}){4}", fullmatch=True))
def test_no_international_number_survives(number: str) -> None:
    assert mask(f"call {number} now") == "call [phone] now"
