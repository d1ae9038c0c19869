"""Sessions in the database: the key only as a hash, with idle and absolute limits, listed and revocable."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.http import HttpRequest

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity.models import Account, Session
from minjing.kernel.identity.queries.accounts import Seat, seat

# 30 minutes without a page: a phone or a desk left alone; shorter would lose half-filled forms.
IDLE = {Account.RESIDENT: timedelta(minutes=30), Account.OFFICER: timedelta(minutes=30)}
# An officer's day of duty is 12 hours at most; a resident signs in afresh each day (ASVS 5.0 §7.3.2).
ABSOLUTE = {Account.RESIDENT: timedelta(hours=24), Account.OFFICER: timedelta(hours=12)}
# Before anyone has signed in a session holds a language and a code on its way.
NOBODY = timedelta(hours=1)
# Seen instants are written at most this often: one small update a minute, not one a page.
TOUCH_AFTER = timedelta(minutes=1)

ACCOUNT = "_auth_user_id"  # Django's own key of who signed in
KIND, STARTED, REF, DEVICE, SECOND = "kind", "started", "ref", "device", "second"
ELDER = "elder"  # the account wants large type; a switch on the page outdoes it


class SessionStore(DatabaseStore):
    """Django's database sessions over our own table."""

    seat: Seat | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Return the table of sessions."""
        return Session

    def _get_session_from_db(self) -> Session | None:
        self.seat = seat(_hashed(self.session_key), clock.now())
        if self.seat is None:
            self._session_key = None
            return None
        return self.seat.session

    def exists(self, session_key: str) -> bool:
        """Say whether a session has this key."""
        return Session.objects.filter(session_key=_hashed(session_key)).exists()

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row that stands for this session now."""
        now = clock.now()
        started = datetime.fromisoformat(data[STARTED]) if STARTED in data else now
        account = data.get(ACCOUNT)
        return Session(
            session_key=_hashed(self._get_or_create_session_key()),  # type: ignore[attr-defined]
            session_data=self.encode(data),
            expire_date=_expires(data.get(KIND, ""), started, now),
            ref=UUID(data[REF]) if REF in data else new_id(),
            account_id=UUID(account) if account else None,
            started_at=started,
            seen_at=now,
            device=data.get(DEVICE, ""),
        )

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        """Return when this session ends if nothing more happens; the cookie says the same."""
        now = clock.now()
        started = datetime.fromisoformat(self[STARTED]) if STARTED in self else now
        return _expires(self.get(KIND, ""), started, now)

    def get_expiry_age(self, **kwargs: Any) -> int:
        """Return the seconds until then."""
        return int((self.get_expiry_date() - clock.now()).total_seconds())

    def delete(self, session_key: str | None = None) -> None:
        """Delete the session with this key, or this one."""
        key = session_key or self.session_key
        if key:
            Session.objects.filter(session_key=_hashed(key)).delete()

    def touch(self, now: datetime) -> None:
        """Move the idle limit on, at most once a minute, and never beyond the absolute one."""
        if self.seat is None or now - self.seat.session.seen_at < TOUCH_AFTER:
            return
        row = self.seat.session
        kind = self.get(KIND, "")
        row.seen_at, row.expire_date = now, _expires(kind, row.started_at, now)
        Session.objects.filter(pk=row.pk).update(seen_at=row.seen_at, expire_date=row.expire_date)


def begin(request: HttpRequest, account: Account, device: str, now: datetime, *, second: bool) -> None:
    """Write into the session who sits here and since when; Django's login has just given it a new key."""
    request.session[KIND] = account.kind
    request.session[STARTED] = now.isoformat()
    request.session[REF] = str(new_id())
    request.session[DEVICE] = device[:40]
    request.session[SECOND] = second
    request.session[ELDER] = account.elder_mode


def ref_of(request: HttpRequest) -> UUID | None:
    """Return what names this sign-in, None before anyone has signed in."""
    ref = request.session.get(REF)
    return UUID(ref) if ref else None


def _expires(kind: str, started: datetime, now: datetime) -> datetime:
    if kind not in IDLE:
        return now + NOBODY
    return min(now + IDLE[kind], started + ABSOLUTE[kind])


def _hashed(key: str | None) -> str:
    return sha256((key or "").encode()).hexdigest()
