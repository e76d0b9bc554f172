"""The page that reads one tweet. Streamlit runs this file from top to bottom at every click."""

import uuid
from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from sentiment_ui import cards, texts
from sentiment_ui.brand import MARK_SVG, data_uri
from sentiment_ui.browser import character_counter, exchange_history
from sentiment_ui.client import ApiClient, Label, ModelInfo, Report
from sentiment_ui.errors import AlreadyReportedError, ForeignTextError, PageError, RejectedError
from sentiment_ui.history import LIMIT, Entry, History, new_entry
from sentiment_ui.settings import UiSettings
from sentiment_ui.theme import style_sheet

_LABELS: Final[tuple[Label, ...]] = ("negative", "positive")
_LONGEST_COMMENT: Final = 500
_STATUS_INTERVAL_S: Final = 10


@st.cache_resource(show_spinner=False)
def _api() -> ApiClient:
    return ApiClient(UiSettings().api_url)


@st.cache_data(ttl=2, show_spinner=False)
def _model() -> ModelInfo:
    return _api().model()


def _model_or_none() -> ModelInfo | None:
    try:
        return _model()
    except PageError:
        return None  # the status pill says so


def _zone() -> tzinfo:
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _begin() -> None:
    """Give a new visitor an empty state."""
    state = st.session_state
    state.setdefault("visitor", uuid.uuid4().hex)  # known to this session alone, so it tracks nobody
    state.setdefault("history", History())
    state.setdefault("memory_read", False)
    state.setdefault("current", None)
    state.setdefault("problem", None)
    state.setdefault("report_problem", None)
    state.setdefault("first_tries", {})
    state.setdefault("tweet", "")


def _read_tweet() -> None:
    """Ask the API about what is in the text field; keep the answer or the reason why there is none."""
    state = st.session_state
    text = str(state.tweet)
    state.current, state.problem, state.report_problem = None, None, None
    model = _model_or_none()
    if not text.strip():
        state.problem = (texts.TEXT_PROBLEM_TITLE, texts.EMPTY)
        return
    if model and len(text) > model.max_text_length:
        limit = model.max_text_length
        message = texts.TOO_LONG.format(length=len(text), limit=limit, excess=len(text) - limit)
        state.problem = (texts.TEXT_PROBLEM_TITLE, message)
        return
    try:
        prediction = _api().predict(text)
    except ForeignTextError as error:
        state.problem = (texts.FOREIGN_TITLE, str(error))
        return
    except RejectedError as error:
        state.problem = (texts.TEXT_PROBLEM_TITLE, str(error))
        return
    except PageError as error:
        state.problem = (texts.PROBLEM_TITLE, str(error))
        return
    if model and model.version != prediction.model_version:
        _model.clear()  # another version took over a moment ago
    state.history = state.history.with_new(new_entry(text, prediction, datetime.now(UTC)))
    state.current = state.history.entries[0].id


def _read_example(text: str) -> None:
    st.session_state.tweet = text
    _read_tweet()


def _send_report(entry: Entry) -> None:
    """Hand in the report; sent twice it is still one, since the entry's id is its key."""
    state = st.session_state
    expected: Label = state[f"expected-{entry.id}"]
    comment = str(state[f"comment-{entry.id}"]).strip()
    report = Report(
        text=entry.text,
        predicted_label=entry.label,
        probability=entry.probability,
        model_version=entry.model_version,
        expected_label=expected,
        comment=comment or None,
        visitor=state.visitor,
    )
    first_try: Label = state.first_tries.setdefault(entry.id, expected)
    try:
        _api().report(report, idempotency_key=entry.id)
    except AlreadyReportedError:
        expected = first_try  # its answer was lost, and the visitor has changed something since
    except PageError as error:
        state.report_problem = str(error)
        return
    state.report_problem = None
    state.history = state.history.with_report(entry.id, expected)


def _clear_history() -> None:
    st.session_state.history = History()
    st.session_state.current = None


@st.fragment(run_every=_STATUS_INTERVAL_S)
def _status() -> None:
    st.html(cards.status(_model_or_none()))


def _compose(limit: int | None) -> None:
    with st.container(key="compose"):
        with st.form("tweet-form", border=False, enter_to_submit=False):
            st.text_area(texts.TWEET_LABEL, key="tweet", placeholder=texts.TWEET_PLACEHOLDER, height=132)
            with st.container(key="send", horizontal=True, horizontal_alignment="distribute"):
                problem = st.session_state.problem
                failed = problem is not None and problem[0] == texts.PROBLEM_TITLE
                label = texts.RETRY if failed else texts.PREDICT
                st.form_submit_button(label, key="read", type="primary", on_click=_read_tweet)
                character_counter("tweet", st.session_state.tweet, limit)
        st.html(f'<p class="vg-small">{texts.EXAMPLES_TITLE}</p>')
        with st.container(key="examples", horizontal=True, gap="small"):
            for name, text in texts.EXAMPLES.items():
                st.button(name, on_click=_read_example, args=(text,))


def _answer(entry: Entry | None, model: ModelInfo | None) -> None:
    problem = st.session_state.problem
    if problem:
        st.html(cards.notice(*problem))
    elif entry is None:
        st.html(cards.waiting())
    else:
        st.html(cards.result(entry, model, _zone()))
        _report(entry)


def _report(entry: Entry) -> None:
    if entry.expected:
        st.html(cards.thanks(entry.label, entry.expected))
        return
    with st.container(key="report-card"):
        st.html(cards.section_title(texts.REPORT_TITLE, texts.REPORT_HINT))
        if st.session_state.report_problem:
            reason = f"{st.session_state.report_problem} {texts.RETRY_REPORT}"
            st.html(cards.notice(texts.REPORT_PROBLEM_TITLE, reason))
        with st.form("report-form", border=False, enter_to_submit=False):
            st.radio(
                texts.EXPECTED,
                _LABELS,
                index=1 - _LABELS.index(entry.label),
                format_func=texts.LABELS.__getitem__,
                horizontal=True,
                key=f"expected-{entry.id}",
            )
            st.text_area(
                texts.COMMENT,
                key=f"comment-{entry.id}",
                placeholder=texts.COMMENT_PLACEHOLDER,
                max_chars=_LONGEST_COMMENT,
                height=80,
            )
            st.form_submit_button(texts.SEND_REPORT, on_click=_send_report, args=(entry,))


def _history(history: History) -> None:
    with st.container(key="history-card"):
        note = texts.HISTORY_NOTE.format(limit=LIMIT) if history.entries else ""
        st.html(cards.section_title(texts.HISTORY_TITLE, note))
        st.html(cards.history(history.entries, _zone()))
        if history.entries:
            st.button(texts.CLEAR_HISTORY, on_click=_clear_history)


def _remember() -> None:
    """Trade histories with the browser: once in, then out after every change."""
    state = st.session_state
    earlier = exchange_history(state.history, read=state.memory_read, shown=state.current)
    if earlier is not None:
        state.history = state.history.with_older(earlier)
        state.memory_read = True
        st.rerun()


def main() -> None:
    """Draw the page."""
    st.set_page_config(page_title=texts.PAGE_TITLE, page_icon=data_uri(MARK_SVG), layout="wide")
    st.html(style_sheet())
    _begin()
    state = st.session_state
    model = _model_or_none()
    with st.container(key="top", horizontal=True, horizontal_alignment="distribute"):
        st.html(cards.header(), width="content")
        with st.container(width="content"):
            _status()
    st.html(cards.lead())
    layout = st.container(key="layout")
    # Before the answer is drawn, though it stands below: what a visitor has seen must survive a reload.
    _remember()
    with layout:
        reading, side = st.columns([7, 5], gap="medium")
        with reading:
            _compose(model.max_text_length if model else None)
            _answer(
                next((entry for entry in state.history.entries if entry.id == state.current), None), model
            )
        with side:
            _history(state.history)
            with st.container(key="privacy-card"):
                st.html(cards.section_title(texts.PRIVACY_TITLE))
                st.html(cards.privacy())


main()
