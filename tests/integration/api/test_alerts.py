"""Alerts and the outbox on both databases, with a clock that the test moves."""

import asyncio
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import EmailMessage

import pytest
from api_fakes import RULE, Clock, a_report_by, report_ten
from sqlalchemy import Engine, select

from sentiment_api.alerts.dispatcher import Outbox, Send
from sentiment_api.alerts.mail import Composer
from sentiment_api.alerts.store import claim
from sentiment_api.database import alert, outbox
from sentiment_api.feedback.service import FeedbackService
from sentiment_api.metrics import Metrics

COMPOSER = Composer("vigie@air.example", ["ops@air.example"], "https://vigie.air.example", "tweet-sentiment")


class Platform:
    """One worker: reports come in, mails go out."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.clock = clock
        self.mails: list[EmailMessage] = []
        self.fault: Exception | None = None
        self._visitor = 0
        self._feedback = FeedbackService(engine=engine, rule=RULE, mail=True, metrics=Metrics(), now=clock)
        self.outbox = an_outbox(engine, clock, self._send)
        self._engine = engine

    async def _send(self, message: EmailMessage) -> None:
        if self.fault is not None:
            raise self.fault
        self.mails.append(message)

    async def report(self, count: int = 1, *, expected: str = "negative") -> None:
        for _ in range(count):
            self._visitor += 1
            self._feedback.record(a_report_by(str(self._visitor), expected), None)
        await self.outbox.work()

    async def report_again(self) -> None:
        """Send the same report as the same visitor."""
        self._visitor -= 1
        await self.report()

    async def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.outbox.work()

    def alerts(self) -> list[int]:
        with self._engine.begin() as connection:
            return list(connection.execute(select(alert.c.reports).order_by(alert.c.created_at)).scalars())


def an_outbox(engine: Engine, clock: Clock, send: Send) -> Outbox:
    return Outbox(
        engine=engine, rule=RULE, composer=COMPOSER, send=send, interval_s=1, metrics=Metrics(), now=clock
    )


@pytest.fixture
def platform(engine: Engine) -> Platform:
    return Platform(engine, Clock())


async def test_the_third_report_within_the_window_sends_one_mail(platform: Platform) -> None:
    await platform.report(2)
    assert platform.mails == []
    await platform.wait(299)
    await platform.report()

    assert [mail["Subject"] for mail in platform.mails] == ["Vigie: 3 wrong predictions reported"]


async def test_right_predictions_and_repeated_reports_do_not_count(platform: Platform) -> None:
    await platform.report(5, expected="positive")
    await platform.report(2)
    platform._visitor -= 1
    await platform.report()

    assert platform.alerts() == []


async def test_reports_that_are_too_old_never_count_again(platform: Platform) -> None:
    for _ in range(10):
        await platform.report()
        await platform.wait(151)

    assert platform.alerts() == []


async def test_the_fourth_report_right_after_a_mail_sends_no_other(platform: Platform) -> None:
    await platform.report(3)
    await platform.report(1)
    await platform.wait(901)
    await platform.wait(901)

    assert len(platform.mails) == 1


async def test_a_burst_during_the_cooldown_is_mailed_once_when_it_ends(platform: Platform) -> None:
    await platform.report(3)
    await platform.wait(60)
    await platform.report(4)
    await platform.wait(600)
    await platform.report(3)
    assert len(platform.mails) == 1

    await platform.wait(241)
    assert platform.alerts() == [3, 7]
    assert [mail["Subject"] for mail in platform.mails][1:] == ["Vigie: 7 wrong predictions reported"]

    await platform.wait(5_000)
    assert len(platform.mails) == 2


async def test_a_burst_in_the_cooldown_survives_a_restart_hours_later(
    platform: Platform, engine: Engine
) -> None:
    await platform.report(3)
    await platform.report(3)

    restarted = Platform(engine, Clock(platform.clock.time))
    await restarted.wait(36_000)

    assert restarted.alerts() == [3, 3]
    assert len(restarted.mails) == 1


async def test_without_anybody_to_mail_alerts_are_raised_all_the_same(engine: Engine) -> None:
    service = FeedbackService(engine=engine, rule=RULE, mail=False, metrics=Metrics(), now=Clock())
    for visitor in range(3):
        service.record(a_report_by(str(visitor)), None)

    with engine.begin() as connection:
        assert len(connection.execute(select(alert)).all()) == 1
        assert connection.execute(select(outbox)).all() == []


async def test_a_mail_that_fails_waits_longer_each_time_and_arrives_in_the_end(platform: Platform) -> None:
    platform.fault = ConnectionRefusedError()
    await platform.report(3)
    for _ in range(30):
        await platform.wait(3_600)
    assert platform.mails == []

    platform.fault = None
    await platform.wait(3_600)
    await platform.wait(3_600)
    assert len(platform.mails) == 1


async def test_a_mail_is_not_tried_again_before_its_pause_is_over(platform: Platform, engine: Engine) -> None:
    platform.fault = TimeoutError()
    await platform.report(3)
    await platform.wait(1)
    await platform.wait(1)

    with engine.begin() as connection:
        row = connection.execute(select(outbox)).one()
    assert row.attempts == 1
    assert row.last_error == "TimeoutError"


async def test_a_mail_whose_worker_died_while_sending_is_sent_by_another_under_the_same_id(
    platform: Platform, engine: Engine
) -> None:
    lost: list[EmailMessage] = []

    async def die(message: EmailMessage) -> None:
        lost.append(message)
        raise asyncio.CancelledError

    dying = Platform(engine, platform.clock)
    dying.outbox = an_outbox(engine, platform.clock, die)
    with pytest.raises(asyncio.CancelledError):
        await dying.report(3)

    await platform.wait(1)
    assert platform.mails == []
    await platform.wait(301)
    assert [mail["Message-ID"] for mail in platform.mails] == [lost[0]["Message-ID"]]


async def test_of_many_workers_one_sends(platform: Platform, engine: Engine) -> None:
    platform.fault = ConnectionRefusedError()
    await platform.report(3)
    platform.clock.advance(60)
    now = platform.clock.time

    def attempt(index: int) -> bool:
        with engine.begin() as connection:
            lease = timedelta(minutes=5)
            return claim(connection, worker=str(index), now=now, lease=lease) is not None

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(attempt, range(16))).count(True) == 1


def test_reports_to_several_processes_at_once_raise_exactly_one_alert(
    engine: Engine, database_url: str
) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=report_ten, args=(database_url, number * 10)) for number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0

    with engine.begin() as connection:
        assert connection.execute(select(alert.c.reports)).scalars().all() == [3]
        assert len(connection.execute(select(outbox)).all()) == 1
