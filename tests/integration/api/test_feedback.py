"""Feedback on both databases: masked, once, and on the disk before anybody hears so."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from api_fakes import Clock
from sqlalchemy import Engine, func, inspect, select, text

from sentiment_api.alerts.service import Rule
from sentiment_api.database import alert, feedback, metadata, open_engine
from sentiment_api.errors import DatabaseUnavailableError, IdempotencyConflictError
from sentiment_api.feedback.schemas import FeedbackBody
from sentiment_api.feedback.service import FeedbackService
from sentiment_api.metrics import Metrics
from sentiment_api.migrate import migrate

RULE = Rule(reports=3, window=timedelta(seconds=300), cooldown=timedelta(seconds=900))


def a_body(**changes: object) -> FeedbackBody:
    values: dict[str, object] = {
        "text": "four hours late, great job",
        "predicted_label": "positive",
        "probability": 0.87,
        "model_version": "7",
        "expected_label": "negative",
    }
    return FeedbackBody.model_validate(values | changes)


def a_service(engine: Engine) -> FeedbackService:
    return FeedbackService(engine=engine, rule=RULE, mail=True, metrics=Metrics(), now=Clock())


def rows(engine: Engine) -> int:
    with engine.begin() as connection:
        return connection.execute(select(func.count()).select_from(feedback)).scalar_one()


def test_the_migrations_make_the_tables_that_the_code_uses(engine: Engine) -> None:
    found = inspect(engine)
    assert set(metadata.tables) | {"alembic_version"} == set(found.get_table_names())
    for name, table in metadata.tables.items():
        shown = {column["name"]: column["nullable"] for column in found.get_columns(name)}
        assert {column.name: column.nullable for column in table.columns} == shown
        assert {index.name for index in table.indexes} <= {index["name"] for index in found.get_indexes(name)}


def test_migrating_twice_at_once_is_the_same_as_once(database_url: str) -> None:
    engines = [open_engine(database_url, timeout_s=30) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(migrate, engines[:1]))
        list(pool.map(migrate, engines))
    assert rows(engines[0]) == 0
    for engine in engines:
        engine.dispose()


def test_text_and_comment_are_masked_before_they_are_stored(engine: Engine) -> None:
    body = a_body(
        text="@jean call +33 6 12 34 56 78\x00", comment="jean@example.com https://x.example", visitor="v1"
    )
    a_service(engine).record(body, None)

    with engine.begin() as connection:
        row = connection.execute(select(feedback)).one()
    assert row.text == "@user call [phone] "
    assert row.comment == "[email] [url]"
    assert "v1" not in str(row)


def test_the_same_feedback_counts_once_and_another_visitors_counts_too(engine: Engine) -> None:
    service = a_service(engine)
    first = service.record(a_body(visitor="a"), None)
    again = service.record(a_body(visitor="a"), None)
    other = service.record(a_body(visitor="b"), None)

    assert (first.duplicate, again.duplicate, other.duplicate) == (False, True, False)
    assert first.id == again.id != other.id
    assert rows(engine) == 2


def test_what_differs_only_in_what_is_masked_is_the_same(engine: Engine) -> None:
    service = a_service(engine)
    first = service.record(a_body(text="@anna late"), None)
    assert service.record(a_body(text="@bob late"), None).id == first.id


def test_a_key_names_a_feedback_and_another_body_with_it_is_a_conflict(engine: Engine) -> None:
    service = a_service(engine)
    first = service.record(a_body(), "key")
    assert service.record(a_body(), "key").id == first.id
    assert not service.record(a_body(), "other key").duplicate
    with pytest.raises(IdempotencyConflictError):
        service.record(a_body(comment="other"), "key")
    assert rows(engine) == 2


def test_twenty_at_once_are_stored_once_and_each_gets_the_same_id(engine: Engine) -> None:
    services = [a_service(engine) for _ in range(4)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda index: services[index % 4].record(a_body(), "key"), range(20)))

    assert len({answer.id for answer in answers}) == 1
    assert [answer.duplicate for answer in answers].count(False) == 1
    assert rows(engine) == 1


def test_many_wrong_predictions_at_once_raise_one_alert(engine: Engine) -> None:
    services = [a_service(engine) for _ in range(4)]
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda index: services[index % 4].record(a_body(visitor=str(index)), None), range(20)))

    with engine.begin() as connection:
        assert connection.execute(select(func.count()).select_from(alert)).scalar_one() == 1
    assert rows(engine) == 20


def test_without_tables_nothing_is_stored_and_the_answer_says_what_to_run(database_url: str) -> None:
    engine = open_engine(database_url, timeout_s=2)
    with pytest.raises(DatabaseUnavailableError, match="vigie-api migrate"):
        a_service(engine).record(a_body(), None)
    engine.dispose()


def test_a_database_that_holds_a_lock_for_ever_is_given_up_in_time(engine: Engine, database_url: str) -> None:
    impatient = open_engine(database_url, timeout_s=1)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alert_state SET id = 1"))
        with pytest.raises(DatabaseUnavailableError):
            a_service(impatient).record(a_body(), None)
    a_service(impatient).record(a_body(), None)
    impatient.dispose()
    assert rows(engine) == 1


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://x:y@127.0.0.1:9/none", "sqlite:////proc/none/vigie.db"]
)
def test_a_database_that_is_not_there_is_said_and_never_a_success(url: str) -> None:
    engine = open_engine(url, timeout_s=2)
    with pytest.raises(DatabaseUnavailableError):
        a_service(engine).record(a_body(), None)
    engine.dispose()
