"""Sends what waits in the outbox, and looks again when a cool-down ends. One runs in each worker."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from uuid import uuid4

import aiosmtplib
from sqlalchemy import Engine

from sentiment_api.alerts.mail import Composer
from sentiment_api.alerts.service import Rule, pause_before_retry
from sentiment_api.alerts.store import (
    Alert,
    Mail,
    Waiting,
    claim,
    cooldown_ended_unchecked,
    note_failed,
    note_sent,
    raise_alert_if_due,
    waiting,
)
from sentiment_api.clock import Clock
from sentiment_api.database import transaction
from sentiment_api.errors import DatabaseUnavailableError
from sentiment_api.logs import event
from sentiment_api.metrics import Metrics
from sentiment_api.settings import Settings

_log = logging.getLogger(__name__)

Send = Callable[[EmailMessage], Awaitable[None]]

# Above any VIGIE_SMTP_TIMEOUT_S: a mail is never sent by two while the first still tries.
_LEASE = timedelta(minutes=5)

_LONGEST_PAUSE_S = 30.0


class Outbox:
    """The outbox of this worker.

    Parameters
    ----------
    composer
        None where no mail goes out: alerts are still raised after a cool-down.
    send
        Hands one mail over, or raises `aiosmtplib.SMTPException`, OSError or TimeoutError.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        rule: Rule,
        composer: Composer | None,
        send: Send,
        interval_s: float,
        metrics: Metrics,
        now: Clock,
    ) -> None:
        self._engine = engine
        self._rule = rule
        self._composer = composer
        self._send = send
        self._interval_s = interval_s
        self._metrics = metrics
        self._now = now
        self._worker = uuid4().hex
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look now instead of at the next interval."""
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled."""
        failures = 0
        while True:
            self._woken.clear()
            try:
                await self.work()
            except DatabaseUnavailableError as error:
                self._metrics.database_up.set(0)
                if failures == 0:
                    event(_log, "outbox_unreachable", level=logging.WARNING, why=error)
                failures += 1
            except Exception:  # noqa: BLE001 - the loop outlives a fault of ours, which is logged whole
                _log.exception("outbox_failed")
                failures += 1
            else:
                if failures:
                    event(_log, "outbox_recovered")
                failures = 0
            await self._rest(failures)

    async def work(self) -> None:
        """Raise what a cool-down held back, then send every mail that is due.

        Raises
        ------
        DatabaseUnavailableError
            If the database does not answer.
        """
        raised = await asyncio.to_thread(self._look_again)
        if raised is not None:
            self._metrics.alerts.inc()
            event(_log, "alert_raised", id=raised.id, reports=raised.reports, mail=self._composer is not None)
        if self._composer is not None:
            while (mail := await asyncio.to_thread(self._claim)) is not None:
                await self._deliver(mail, self._composer)
        state = await asyncio.to_thread(self._count)
        self._metrics.database_up.set(1)
        self._metrics.outbox.set(state.mails)
        age = (self._now() - state.oldest).total_seconds() if state.oldest else 0
        self._metrics.outbox_age.set(age)

    async def _rest(self, failures: int) -> None:
        if failures:
            await asyncio.sleep(min(self._interval_s * 2 ** min(failures, 10), _LONGEST_PAUSE_S))
            return
        try:
            async with asyncio.timeout(self._interval_s):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _deliver(self, mail: Mail, composer: Composer) -> None:
        try:
            await self._send(composer.compose(mail))
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            why = _without_addresses(error)
            next_at = self._now() + pause_before_retry(mail.attempts, random.random())  # noqa: S311 - no secret
            event(
                _log,
                "mail_failed",
                level=logging.WARNING,
                id=mail.id,
                attempts=mail.attempts,
                why=why,
                next_at=next_at.isoformat(timespec="seconds"),
            )
            self._metrics.mails.labels("failed").inc()
            await asyncio.to_thread(self._note_failed, mail, next_at, why)
        else:
            event(_log, "mail_sent", id=mail.id, reports=mail.alert.reports, attempts=mail.attempts)
            self._metrics.mails.labels("sent").inc()
            await asyncio.to_thread(self._note_sent, mail)

    def _look_again(self) -> Alert | None:
        with transaction(self._engine) as connection:
            now = self._now()
            if not cooldown_ended_unchecked(connection, now):
                return None
            return raise_alert_if_due(connection, self._rule, now, mail=self._composer is not None)

    def _claim(self) -> Mail | None:
        with transaction(self._engine) as connection:
            return claim(connection, worker=self._worker, now=self._now(), lease=_LEASE)

    def _count(self) -> Waiting:
        with transaction(self._engine) as connection:
            return waiting(connection)

    def _note_sent(self, mail: Mail) -> None:
        with transaction(self._engine) as connection:
            note_sent(connection, mail, worker=self._worker, now=self._now())

    def _note_failed(self, mail: Mail, next_at: datetime, why: str) -> None:
        with transaction(self._engine) as connection:
            note_failed(connection, mail, worker=self._worker, next_at=next_at, why=why)


def _without_addresses(error: Exception) -> str:
    """Name a failure by its kind and the server's code; what the server says often quotes the recipient."""
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__


def smtp_sender(settings: Settings) -> Send:
    """Return what hands a mail to the configured server, within its timeout whatever the server does."""
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None

    async def send(message: EmailMessage) -> None:
        async with asyncio.timeout(settings.smtp_timeout_s):
            refused, _ = await aiosmtplib.send(
                message,
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_username,
                password=password,
                use_tls=settings.smtp_tls == "tls",
                start_tls=settings.smtp_tls == "starttls",
                timeout=settings.smtp_timeout_s,
            )
        if refused:
            # The others have it; sending again would reach them twice.
            event(_log, "mail_recipients_refused", level=logging.WARNING, recipients=len(refused))

    return send
