"""What the clients of the three houses have in common on the wire: time, the HTTP client, files that are streamed."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import httpx

from minjing.kernel.pay.providers import Attempt, NotReady, StatementRow, Told, Unavailable

CHINA = timezone(timedelta(hours=8))
TIMEOUT = httpx.Timeout(15.0, connect=3.0)
LOCAL = ("127.0.0.1", "localhost", "::1")
ANSWER_BYTES_MAX = 2_000_000
BILL_BYTES_MAX = 2_000_000_000
BILL_HOUR = 12  # a bill that is not there at noon of the next day will not come: nothing happened that day
# A gateway may finish what a payer began in the last second: so long after an order's end nothing is certain.
ALLOWANCE = timedelta(minutes=5)

Clock = Callable[[], datetime]


def unprepared(folder: Path) -> bool:
    """Tell whether the demo's gateway has made no keys here yet, so that there is nobody to pay at."""
    from django.conf import settings

    return settings.DEMO and not folder.exists()


def now() -> datetime:
    """Return the present instant; a client is given another clock by tests only."""
    return datetime.now(UTC)


def client(url: str) -> httpx.Client:
    """Return an HTTP client for one house. On this machine no proxy stands between us and the gateway."""
    return httpx.Client(timeout=TIMEOUT, trust_env=not is_local(url), follow_redirects=False)


def is_local(url: str) -> bool:
    """Tell whether the address is on this machine."""
    return urlsplit(url).hostname in LOCAL


def send(http: httpx.Client, request: httpx.Request, most: int = ANSWER_BYTES_MAX) -> httpx.Response:
    """Send and read the answer whole. Raises Unavailable for silence, a 5xx, "too many", more than `most` bytes."""
    try:
        answer = http.send(request, stream=True)
        try:
            pieces, size = [], 0
            for piece in answer.iter_bytes():
                size += len(piece)
                if size > most:
                    raise Unavailable("endless")
                pieces.append(piece)
        finally:
            answer.close()
    except httpx.TimeoutException:
        raise Unavailable("timeout") from None
    except httpx.HTTPError:
        raise Unavailable("unreachable") from None
    if answer.status_code >= 500 or answer.status_code == 429:
        raise Unavailable(f"http_{answer.status_code}", _wait(answer))
    # Read again by the caller, already decoded.
    return httpx.Response(answer.status_code, headers=_plain(answer), content=b"".join(pieces), request=request)


@contextmanager
def fetched(http: httpx.Client, request: httpx.Request) -> Iterator[IO[bytes]]:
    """Give a file on disk with the body of the answer, as it came. Raises Unavailable."""
    with tempfile.TemporaryFile() as kept:
        try:
            with http.stream(request.method, request.url, headers=request.headers) as answer:
                if answer.status_code != 200:
                    raise Unavailable(f"http_{answer.status_code}")
                size = 0
                for piece in answer.iter_raw(65_536):
                    size += len(piece)
                    if size > BILL_BYTES_MAX:
                        raise ValueError("The bill is larger than any bill may be.")
                    kept.write(piece)
        except httpx.TimeoutException:
            raise Unavailable("timeout") from None
        except httpx.HTTPError:
            raise Unavailable("unreachable") from None
        kept.seek(0)
        yield kept


def their_time(answer: httpx.Response) -> datetime | None:
    """Return the gateway's clock as the head of its answer shows it."""
    try:
        return parsedate_to_datetime(answer.headers.get("Date", "")).astimezone(UTC)
    except (TypeError, ValueError):
        return None


def is_over(attempt: Attempt, ours: datetime, theirs: datetime | None) -> bool:
    """Tell whether by both clocks the attempt's end lies so far back that the gateway can take no money for it."""
    return theirs is not None and min(ours, theirs) > attempt.expires_at + ALLOWANCE


def ended(told: Told, over: bool) -> Told:
    """Return `closed` for what is merely open or unknown once the order's time is over."""
    return Told(told.number, "closed") if over and told.state in ("open", "unknown") else told


def no_bill(day: date, at: datetime) -> Iterator[StatementRow]:
    """A house that has no bill for the day: too early, or nothing happened. Raises NotReady while it is too early."""
    if at < datetime.combine(day + timedelta(days=1), time(BILL_HOUR), CHINA):
        raise NotReady(day.isoformat())
    return iter(())


def _plain(answer: httpx.Response) -> dict[str, str]:
    return {k: v for k, v in answer.headers.items() if k not in ("content-encoding", "content-length")}


def _wait(answer: httpx.Response) -> timedelta | None:
    asked = answer.headers.get("Retry-After", "")
    return timedelta(seconds=min(int(asked), 3600)) if asked.isdigit() and len(asked) < 9 else None
