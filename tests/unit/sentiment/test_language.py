"""A text in a language that a model does not know is told, and a text that it may know never is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment import LANGUAGE_NAMES, foreign_language, language_names

ENGLISH = frozenset({"en"})
EIGHT = frozenset({"ar", "de", "en", "es", "fr", "hi", "it", "pt"})

TOLD = {
    "nl": "mijn vlucht was weer drie uur te laat en niemand zei iets",
    "sv": "mitt flyg var försenat igen och ingen sa något till oss",
    "pl": "mój lot był znowu opóźniony i nikt nic nie powiedział",
    "tr": "uçağım yine gecikti ve kimse bir şey söylemedi",  # noqa: RUF001 - Turkish
    "ro": "zborul meu a întârziat din nou și nimeni nu a spus nimic",
    "cs": "můj let měl zase zpoždění a nikdo nic neřekl",
    "hu": "megint késett a járatom és senki nem szólt semmit",
    "fi": "lentoni oli taas myöhässä eikä kukaan sanonut mitään",
    "id": "penerbangan saya terlambat lagi dan tidak ada yang memberi tahu",
    "tl": "na-delay na naman ang flight ko at walang nagsabi sa amin",
    "vi": "chuyến bay của tôi lại bị trễ và không ai nói gì cả",
    "ru": "спасибо большое, самолёт прилетел вовремя и экипаж был очень вежливым",
    "uk": "мій рейс знову затримали і ніхто нічого не сказав",  # noqa: RUF001 - Ukrainian
    "el": "η πτήση μου καθυστέρησε πάλι και κανείς δεν είπε τίποτα",
    "he": "הטיסה שלי שוב התעכבה ואף אחד לא אמר כלום",
    "fa": "پروازم باز هم تاخیر داشت و هیچکس چیزی نگفت",
    "ja": "フライトがまた遅れました",
    "zh": "我的航班又晚点了没有人告诉我们",
    "ko": "비행기가 또 지연되었는데 아무도 말해주지 않았어요",
    "th": "เที่ยวบินของฉันล่าช้าอีกแล้ว",
}
KNOWN = {
    "en": "my flight was three hours late again and nobody said a word",
    "fr": "mon vol avait encore trois heures de retard et personne n'a rien dit",
    "es": "mi vuelo llegó otra vez tres horas tarde y nadie dijo nada",
    "pt": "o meu voo atrasou três horas de novo e ninguém disse nada",
    "it": "il mio volo aveva di nuovo tre ore di ritardo e nessuno ha detto niente",
    "de": "mein Flug hatte schon wieder drei Stunden Verspätung und niemand sagte etwas",
    "ar": "رحلتي تأخرت ثلاث ساعات مرة أخرى ولم يقل أحد شيئا",
    "hi": "मेरी उड़ान फिर तीन घंटे देर से थी और किसी ने कुछ नहीं कहा",
}


@pytest.mark.parametrize("code", TOLD)
@pytest.mark.parametrize("known", [ENGLISH, EIGHT], ids=["english", "eight"])
def test_a_language_that_is_not_known_is_told(code: str, known: frozenset[str]) -> None:
    assert code == foreign_language(TOLD[code], known)


@pytest.mark.parametrize("code", KNOWN)
def test_a_language_is_only_foreign_to_who_does_not_know_it(code: str) -> None:
    assert foreign_language(KNOWN[code], EIGHT) is None
    assert foreign_language(KNOWN[code], ENGLISH) == (None if code == "en" else code)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "merci",
        "ok",
        "LOL",
        "\U0001f621\U0001f621\U0001f621\U0001f621",
        "100% 3.5 12:30",
        "@user http://t.co/x #fail",
        "sooooo goooood!!!",
        "omg lol wtf",
        "gr8 svc thx 4 nothin",
        "Paris Madrid Roma",
        "THANK YOU SO MUCH",
    ],
)
def test_what_is_short_or_no_language_is_not_called_foreign(text: str) -> None:
    assert foreign_language(text, ENGLISH) is None


def test_mentions_links_and_hashtags_do_not_decide() -> None:
    assert foreign_language("@mijnvlucht great, thank you #bedanktvoorallesvandaag", ENGLISH) is None


@given(st.text(max_size=200))
def test_any_text_gets_a_code_or_nothing(text: str) -> None:
    assert foreign_language(text, ENGLISH) in {None, *LANGUAGE_NAMES} - ENGLISH


def test_half_a_surrogate_pair_is_no_fault() -> None:
    assert foreign_language("\ud800 what a lovely flight", ENGLISH) is None


def test_without_languages_that_can_be_told_nothing_is_foreign() -> None:
    assert foreign_language(TOLD["nl"], frozenset()) is None
    assert foreign_language(TOLD["nl"], frozenset({"en", "tlh"})) is None


def test_languages_are_named_as_a_person_would() -> None:
    assert "English" == language_names(["en"])
    assert "English, French and German" == language_names(["en", "fr", "de"])
