"""Tells people that a quota has passed a threshold: by SNS, by a webhook, or both.

In: a `Notice` of the quota engine, which only one agent of the fleet gets (it is claimed in the ledger first). Out: a
message. `notify` never blocks: messages wait in a queue of their own for each receiver, are tried again when it does
not take them, and are dropped, loudly, when the queue is full or after an hour.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from math import isinf
from time import monotonic, time
from typing import Final, Protocol

import httpx

from gwctl.agent.settings import AgentSettings
from gwctl.agent.sinks.backoff import Backoff, pause
from gwctl.agent.sinks.messages import Message
from gwctl.ledger.quotas.windows import window_at
from gwctl.ledger.quotas.writes import Notice
from gwctl.stores.interfaces import RefusedError, UnavailableError

log = logging.getLogger(__name__)

QUEUE: Final = 1000
MAX_AGE_SECONDS: Final = 3600.0
LAST_SECONDS: Final = 5.0
"""For how long what waits is still sent when the agent stops."""


class Receiver(Protocol):
    """Takes one message. Raises UnavailableError: try again; RefusedError: never."""

    name: str

    async def send(self, message: Message) -> None:
        """Returns when the message is safe with the receiver."""
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...


class Topic:
    """An SNS topic. People who subscribe by e-mail get words, programs get JSON."""

    def __init__(self, arn: str, region: str) -> None:
        from gwctl.stores.aws.topic import NotificationTopic

        self.name = arn
        self._topic = NotificationTopic(arn, region)

    async def send(self, message: Message) -> None:
        """See `Receiver.send`. One Publish."""
        await asyncio.to_thread(self._publish, message)

    async def close(self) -> None:
        """See `Receiver.close`."""
        await asyncio.to_thread(self._topic.close)

    def _publish(self, message: Message) -> None:
        at = f"at {message.percent} %" if message.passed else "has nothing left"
        subject = f"{message.deployment}: quota {message.quota} {at}"
        attributes: dict[str, str | int] = {
            "type": "quota_threshold",
            "quota": message.quota,
            "percent": message.percent,
        }
        self._topic.publish(subject, message.text, message.document, attributes)


class Webhook:
    """A URL that takes JSON by POST. 2xx: taken. 408, 429 and 5xx: try again. Everything else: not wanted."""

    def __init__(self, url: str) -> None:
        self.name = "the webhook"  # its URL may be a secret
        self._url = url
        self._client: httpx.AsyncClient | None = None

    async def send(self, message: Message) -> None:
        """See `Receiver.send`. One POST; redirects are not followed."""
        # To make one takes some 20 ms of CPU, for the certificates: once, and not before there is something to tell.
        self._client = self._client or await asyncio.to_thread(httpx.AsyncClient, timeout=10)
        try:
            answer = await self._client.post(self._url, json=message.document)
        except httpx.InvalidURL as error:
            raise RefusedError(f"{self.name} has no valid URL") from error
        except httpx.HTTPError as error:
            raise UnavailableError(f"{self.name} does not answer ({type(error).__name__})") from error
        if answer.status_code in {408, 429} or answer.status_code >= 500:
            raise UnavailableError(f"{self.name} answers {answer.status_code}")
        if not answer.is_success:
            raise RefusedError(f"{self.name} answers {answer.status_code}")

    async def close(self) -> None:
        """See `Receiver.close`."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None


class _Outbox:
    """The messages that wait for one receiver."""

    def __init__(self, receiver: Receiver, size: int, max_age: float, first_wait: float) -> None:
        self.receiver = receiver
        self.sent = 0
        self.dropped = 0
        self._size = size
        self._max_age = max_age
        self._first_wait = first_wait
        self._waiting: deque[tuple[float, Message]] = deque()
        self._some = asyncio.Event()

    def put(self, message: Message) -> None:
        if len(self._waiting) >= self._size:
            self._drop(self._waiting.popleft()[1], "too many wait")
        self._waiting.append((monotonic(), message))
        self._some.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Sends until it is cancelled, or, once `stopping` is set, there is nothing left."""
        backoff = Backoff(self._first_wait)
        stop = asyncio.create_task(stopping.wait())
        try:
            while self._waiting or not stopping.is_set():
                if self._waiting:
                    await self._send(backoff, stopping)
                    continue
                self._some.clear()
                some = asyncio.create_task(self._some.wait())
                await asyncio.wait([some, stop], return_when=asyncio.FIRST_COMPLETED)
                some.cancel()
        finally:
            stop.cancel()

    async def _send(self, backoff: Backoff, stopping: asyncio.Event) -> None:
        since, message = self._waiting[0]
        try:
            await self.receiver.send(message)
        except RefusedError as error:
            self._forget(message)
            self._drop(message, str(error))
        except UnavailableError as error:
            wait = backoff.failed()
            if monotonic() + wait - since > self._max_age:
                self._forget(message)
                self._drop(message, str(error))
            else:
                log.warning("a threshold of quota %s is not told yet: %s", message.quota, error)
                await (asyncio.sleep(wait) if stopping.is_set() else pause(wait, stopping))
        else:
            backoff.worked()
            self._forget(message)
            self.sent += 1

    def _forget(self, message: Message) -> None:
        # A full queue may have dropped it while it was being sent.
        if self._waiting and self._waiting[0][1] is message:
            self._waiting.popleft()

    def _drop(self, message: Message, why: str) -> None:
        self.dropped += 1
        log.error("nobody was told: %s (%s)", message.text, why)


class Thresholds:
    """One for each agent. `notify` belongs to the thread of the event loop: it is `QuotaEngine.on_threshold`."""

    def __init__(
        self,
        settings: AgentSettings,
        *,
        queue: int = QUEUE,
        max_age: float = MAX_AGE_SECONDS,
        first_wait: float = 0.5,
        clock: Callable[[], float] = time,
    ) -> None:
        receivers: list[Receiver] = []
        if settings.notifications_topic_arn:
            receivers.append(Topic(settings.notifications_topic_arn, settings.region))
        if settings.notifications_webhook:
            receivers.append(Webhook(settings.notifications_webhook))
        self._outboxes = [_Outbox(receiver, queue, max_age, first_wait) for receiver in receivers]
        self._deployment = settings.deployment
        self._clock = clock

    @property
    def sent(self) -> int:
        """Messages that were taken, since the start."""
        return sum(outbox.sent for outbox in self._outboxes)

    @property
    def dropped(self) -> int:
        """Messages that nobody took, since the start."""
        return sum(outbox.dropped for outbox in self._outboxes)

    def notify(self, notice: Notice) -> None:
        """Tells a threshold, some time. Never blocks or raises. Without a receiver it is written to the log."""
        message = self._message(notice)
        if not self._outboxes:
            log.warning("%s", message.text)
        for outbox in self._outboxes:
            outbox.put(message)

    async def run(self, stopping: asyncio.Event) -> None:
        """Sends until `stopping` is set, and for a few seconds more what waits then."""
        tasks = [asyncio.create_task(outbox.run(stopping), name=outbox.receiver.name) for outbox in self._outboxes]
        if not tasks:
            await stopping.wait()
            return
        await asyncio.wait([*tasks, asyncio.create_task(stopping.wait())], return_when=asyncio.FIRST_COMPLETED)
        _, late = await asyncio.wait(tasks, timeout=LAST_SECONDS)
        for task in late:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for outbox in self._outboxes:
            await outbox.receiver.close()
        for result in results:
            if isinstance(result, Exception):
                raise result

    def _message(self, notice: Notice) -> Message:
        quota = notice.quota
        window = window_at(quota.period, quota.timezone, self._clock())
        now = window.id == notice.key.window and not isinf(window.end)
        return Message(
            deployment=self._deployment,
            quota=notice.key.quota,
            scope=quota.scope,
            percent=notice.threshold,
            spent=notice.settled,
            limit=quota.limit,
            unit=quota.unit,
            period=quota.period,
            window=notice.key.window,
            resets_at=datetime.fromtimestamp(window.end, UTC).isoformat().replace("+00:00", "Z") if now else None,
            action=quota.action,
        )
