"""Reading who acts, who holds what, and which doors stand open."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from minjing.base import idnumber, names
from minjing.kernel.identity import sealing
from minjing.kernel.identity.actor import Actor, Holding
from minjing.kernel.identity.errors import NotAllowed, Text, Unknown
from minjing.kernel.identity.models import Account, ApiToken, Appointment, Erasure, Person, Post, Session, Unit
from minjing.kernel.identity.plugs import plugs
from minjing.kernel.identity.reasons import Reason, parse, reasons
from minjing.kernel.identity.rules import WORDS, Proof, may_look, standing
from minjing.kernel.ledger.prepared import prepared_cursor

NAME, ID_NUMBER = "identity_person.name", "identity_person.id_number"
PHONE = "identity_account.phone"

# That an appointment `h` gives its post at the instant %(now)s.
HELD_NOW = """h.since <= %(now)s AND (h.until IS NULL OR h.until > %(now)s)
           -- a deputy has no more right than the one deputised for, who may have left the post meanwhile
           AND (h.deputy_for_id IS NULL OR EXISTS (
                 SELECT FROM identity_appointment own
                  WHERE own.account_id = h.deputy_for_id AND own.post_id = h.post_id AND own.unit_id = h.unit_id
                    AND own.deputy_for_id IS NULL
                    AND own.since <= %(now)s AND (own.until IS NULL OR own.until > %(now)s)))"""
# One query for the whole actor: the account, the resident's sealed name with its key, and the posts held now.
_ACTOR = """
SELECT a.id, a.kind, a.person_id, a.display_name, a.police_number, a.level, a.language, p.name_sealed, k.wrapped,
       (SELECT jsonb_agg(jsonb_build_array(h.post_id, u.id, u.path, u.level, u.org_id, o.acts,
                                           h.deputy_for_id, h.scope)
                         ORDER BY h.deputy_for_id IS NOT NULL, h.since, h.id)
          FROM identity_appointment h
          JOIN identity_unit u ON u.id = h.unit_id
          JOIN identity_post o ON o.code = h.post_id
         WHERE h.account_id = a.id AND <held>),
       (SELECT jsonb_agg(jsonb_build_array(e.id, e.level, e.taken_at, e.session_ref, encode(e.device_index, 'hex')))
          FROM identity_evidence e
         WHERE e.account_id = a.id AND e.ended_at IS NULL AND e.until > %(now)s AND a.kind = 'resident')
  FROM identity_account a
  LEFT JOIN identity_person p ON p.id = a.person_id AND a.kind = 'resident'
  LEFT JOIN identity_personkey k ON k.owner_id = p.id
""".replace("<held>", HELD_NOW)
_BY_ID = _ACTOR + " WHERE a.id = %(account_id)s AND a.is_active"
# What a page begins with: the session, and who sits there, by one query.
_SESSION = ("session_key", "session_data", "expire_date", "ref", "account_id", "started_at", "seen_at", "device")
_BY_SESSION = """
SELECT s.session_key, s.session_data, s.expire_date, s.ref, s.account_id, s.started_at, s.seen_at, s.device, actor.*
  FROM identity_session s
  LEFT JOIN LATERAL (<actor> WHERE a.id = s.account_id AND a.is_active) actor ON true
 WHERE s.session_key = %(session_key)s AND s.expire_date > %(now)s
""".replace("<actor>", _ACTOR)
_BY_TOKEN = (
    _ACTOR
    + """
  JOIN identity_apitoken t ON t.account_id = a.id
 WHERE t.hash = %(hash)s AND t.expires_at > %(now)s AND t.revoked_at IS NULL AND a.is_active
"""
)


def actor_of(account_id: UUID, now: datetime, *, session_ref: UUID | None = None, device: str = "") -> Actor:
    """Return the account with the posts it holds at `now`, by one query. Raises Unknown if none or disabled.

    `session_ref` and `device` (the browser's index in hex) say where somebody sits: a fresh check counts there alone.
    """
    row = _one(_BY_ID, {"account_id": account_id, "now": now})
    if row is None:
        raise Unknown
    return _actor(row, now, session_ref, device)


@dataclass(frozen=True, slots=True)
class Seat:
    """A session that lasts, and the row of the account that sits there: None before anyone has signed in."""

    session: Session
    row: tuple[Any, ...] | None

    def actor(self, now: datetime, session_ref: UUID | None, device: str) -> Actor | None:
        """Return who sits there; None when nobody does, or the account was shut."""
        return None if self.row is None else _actor(self.row, now, session_ref, device)


def seat(session_key: str, now: datetime) -> Seat | None:
    """Return the session with this key, as the table keeps it, and who sits there; None when it is none or over."""
    found = _one(_BY_SESSION, {"session_key": session_key, "now": now})
    if found is None:
        return None
    kept, row = found[: len(_SESSION)], found[len(_SESSION) :]
    return Seat(Session(**dict(zip(_SESSION, kept, strict=True))), None if row[0] is None else row)


def own_phone(person_id: UUID) -> str:
    """Return the mobile number of a resident's account, for the resident's own form; empty if there is none.

    Beside the form it goes to a relay that connects two people without showing either number to the other."""
    accounts = Account.objects.filter(person_id=person_id, kind=Account.RESIDENT, is_active=True)
    found = accounts.filter(phone_sealed__isnull=False).values_list("pk", "phone_sealed").first()
    if found is None:
        return ""
    (opened,) = sealing.unseal_many([(found[0], PHONE, bytes(found[1] or b""))])
    return opened.decode() if opened else ""


def actor_by_token(token: str, now: datetime) -> Actor | None:
    """Return whom the bearer token stands for, by one query; None if it is unknown, revoked or over."""
    row = _one(_BY_TOKEN, {"hash": token_hash(token), "now": now})
    return None if row is None else _actor(row, now)


def token_hash(token: str) -> bytes:
    """Return what is stored of a token: it is random enough that a plain hash keeps it."""
    return sha256(token.encode()).digest()


def _one(sql: str, params: Mapping[str, Any]) -> tuple[Any, ...] | None:
    with prepared_cursor() as cursor:
        cursor.execute(sql, params)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def _actor(row: tuple[Any, ...], now: datetime, session_ref: UUID | None = None, device: str = "") -> Actor:
    account_id, kind, person_id, display_name, police_number, level, language, name_sealed, wrapped, held, proved = (
        row
    )
    name = display_name
    if kind == Account.RESIDENT and name_sealed is not None and wrapped is not None:
        # Their own name on their own pages: the one read that is not a look.
        name = sealing.unseal_with(person_id, wrapped, NAME, name_sealed).decode()
    # The connection leaves jsonb as text: Django's own fields read it.
    held, proved = (json.loads(said) if isinstance(said, str) else said for said in (held, proved))
    evidence = None
    if kind == Account.RESIDENT:
        found = standing(level, map(_proof, proved or ()), session_ref=session_ref, device=device, now=now)
        level, evidence = found.level, found.evidence
    holdings = tuple(_holding(h) for h in held or ())
    return Actor(account_id, kind, person_id, name, police_number, level, language, holdings, evidence)


def _proof(row: list[Any]) -> Proof:
    evidence, level, taken_at, session_ref, device = row
    ref = UUID(session_ref) if session_ref else None
    return Proof(UUID(evidence), level, datetime.fromisoformat(taken_at), ref, device or "")


def _holding(row: list[Any]) -> Holding:
    post, unit_id, path, level, org_id, acts, deputy_for, scope = row
    return Holding(
        post,
        unit_id,
        path,
        level,
        org_id,
        frozenset(acts),
        UUID(deputy_for) if deputy_for else None,
        tuple(scope),
    )


def person_by_id_number(id_number: str) -> UUID | None:
    """Return the person with this ID number, found by blind index: says that they are known, nothing of them."""
    index = sealing.blind_index("id_number", idnumber.normalise(id_number))
    return Person.objects.filter(id_index=index).values_list("pk", flat=True).first()


def person_once_with(id_number: str) -> UUID | None:
    """Return the person with this ID number, now or before it was replaced: for what was written under the old one.

    Not for doors: there the number of today counts.
    """
    return people_by_id_numbers([id_number]).get(id_number)


def number_indexes(person_id: UUID) -> list[bytes]:
    """Return the blind indexes of the ID numbers that a person has or had: what may be written under any of them."""
    own = Person.objects.filter(pk=person_id).values_list("id_index", flat=True).first()
    before = plugs.numbers_before(person_id) if plugs.numbers_before is not None else ()
    return [*([bytes(own)] if own else []), *before]


def unit(unit_id: int) -> Unit:
    """Return one unit. Raises Unknown."""
    found = Unit.objects.filter(pk=unit_id).first()
    if found is None:
        raise Unknown
    return found


def post_names(codes: Iterable[str]) -> dict[str, Text]:
    """Return the names of posts by code."""
    return dict(Post.objects.filter(pk__in=set(codes)).values_list("pk", "name"))


def posts() -> list[Post]:
    """Return all posts, those of the bureau first."""
    order = {Unit.BUREAU: 0, Unit.BRANCH: 1, Unit.STATION: 2}
    return sorted(Post.objects.all(), key=lambda post: (order.get(post.level, 3), post.code))


def look_reasons() -> list[Reason]:
    """Return the reasons a record may be looked at without a matter in hand, in order; the last needs words."""
    return list(reasons().values())


def require_look(by: Actor, reason: str) -> str:
    """Return the key of the reason for a look at what is no person’s record. Raises NotAllowed: no right, no reason.

    Looks at people go by `actions.look`, which asks the same and writes the entry.
    """
    verdict = may_look(by)
    if not verdict.ok:
        raise NotAllowed(verdict.reason_key, WORDS[verdict.reason_key])
    return parse(reason)[0].key


def find_people(text: str, limit: int = 20) -> list[UUID]:
    """Return the people with exactly this ID number, now or once, or this full name: ids only, nothing is opened."""
    try:
        found = person_once_with(idnumber.parse(text).text)
        return [found] if found else []
    except idnumber.WrongIdNumber:
        pass
    try:
        index = sealing.blind_index("name", names.parse(text))
    except names.WrongName:
        return []
    return list(Person.objects.filter(name_index=index).order_by("pk").values_list("pk", flat=True)[:limit])


def people_by_id_numbers(id_numbers: Iterable[str]) -> dict[str, UUID]:
    """Return who of these are known, by the number as given: says that they are, nothing of them.

    A number that was replaced leads to the one who had it.
    """
    indexes = {sealing.blind_index("id_number", idnumber.normalise(n)): n for n in id_numbers if n}
    rows = Person.objects.filter(id_index__in=list(indexes)).values_list("id_index", "pk")
    found = {bytes(index or b""): pk for index, pk in rows}
    rest = indexes.keys() - found.keys()
    before = plugs.replaced_numbers(rest) if rest and plugs.replaced_numbers is not None else {}
    if before:
        here = set(Person.objects.filter(pk__in=before.values(), erased_at__isnull=True).values_list("pk", flat=True))
        found |= {index: pk for index, pk in before.items() if pk in here}
    return {indexes[index]: pk for index, pk in found.items()}


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as its holder sees it listed."""

    ref: UUID
    device: str
    started_at: datetime
    seen_at: datetime


def sessions_of(account_id: UUID, now: datetime) -> list[SessionRow]:
    """Return the sessions of an account that last, the one used last first."""
    rows = Session.objects.filter(account_id=account_id, expire_date__gt=now).order_by("-seen_at")
    return [SessionRow(row.ref, row.device, row.started_at, row.seen_at) for row in rows]


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An API token as its holder sees it listed; when it was last used is not kept."""

    ref: UUID
    made_at: datetime
    expires_at: datetime


def tokens_of(account_id: UUID, now: datetime) -> list[TokenRow]:
    """Return the API tokens of an account that last, the newest first."""
    rows = live_tokens(account_id, now).order_by("-created_at")
    return [TokenRow(token_ref(row.pk), row.created_at, row.expires_at) for row in rows]


def live_tokens(account_id: UUID, now: datetime) -> QuerySet[ApiToken]:
    """Return the rows of the API tokens that last."""
    return ApiToken.objects.filter(account_id=account_id, revoked_at__isnull=True, expires_at__gt=now)


def token_ref(stored: "bytes | memoryview[int]") -> UUID:
    """Return by what a token is named to its holder: half of what is stored of it, which opens nothing."""
    return UUID(bytes=bytes(stored)[:16])


def officers(by: Actor, *, text: str = "", after: str = "", limit: int = 50) -> list[Account]:
    """Return officers' accounts by login, for the security administrator; `text` narrows login, name and number."""
    require(by, "manage_accounts", "manage_appointments")
    rows = Account.objects.filter(kind=Account.OFFICER, login__gt=after)
    if text:
        rows = rows.filter(
            Q(login__icontains=text) | Q(display_name__icontains=text) | Q(police_number__icontains=text)
        )
    return list(rows.defer("password", "phone_sealed").order_by("login")[:limit])


def appointments(
    by: Actor, *, unit_id: int | None = None, account_id: UUID | None = None, now: datetime, limit: int = 200
) -> list[Appointment]:
    """Return the appointments that last or are to come, of a unit or an officer; one's own, or as administrator."""
    if account_id != by.account_id:
        require(by, "manage_accounts", "manage_appointments")
    rows = Appointment.objects.filter(Q(until__isnull=True) | Q(until__gt=now))
    if unit_id is not None:
        rows = rows.filter(unit_id=unit_id)
    if account_id is not None:
        rows = rows.filter(account_id=account_id)
    rows = rows.select_related("account", "unit", "post", "deputy_for").order_by("unit__path", "post_id", "since")
    return list(rows[:limit])


def deputies_of(account_id: UUID, now: datetime) -> list[Appointment]:
    """Return those who stand in for this officer, now or to come."""
    rows = Appointment.objects.filter(deputy_for_id=account_id, until__gt=now)
    return list(rows.select_related("account", "unit", "post").order_by("since"))


def standing_in(account_id: UUID, now: datetime) -> list[Appointment]:
    """Return for whom this officer stands in, now or to come."""
    rows = Appointment.objects.filter(account_id=account_id, deputy_for__isnull=False, until__gt=now)
    return list(rows.select_related("deputy_for", "unit", "post").order_by("since"))


def officer_by_number(police_number: str) -> Account | None:
    """Return the officer with this police number, which is public; None for nobody or a shut account."""
    if not police_number:
        return None
    return Account.objects.filter(kind=Account.OFFICER, is_active=True, police_number=police_number).first()


def officer(by: Actor, account_id: UUID) -> Account:
    """Return one officer's account, for the security administrator. Raises Unknown."""
    require(by, "manage_accounts", "manage_appointments")
    found = Account.objects.filter(kind=Account.OFFICER, pk=account_id).defer("password", "phone_sealed").first()
    if found is None:
        raise Unknown
    return found


def past_appointments(by: Actor, account_id: UUID, now: datetime, limit: int = 50) -> list[Appointment]:
    """Return the posts an officer held once, the latest first."""
    require(by, "manage_accounts", "manage_appointments")
    rows = Appointment.objects.filter(account_id=account_id, until__lte=now).select_related("unit", "post")
    return list(rows.order_by("-until")[:limit])


def holders_by_unit(now: datetime) -> dict[int, int]:
    """Return how many people hold a post in each unit now."""
    held = Appointment.objects.filter(Q(until__isnull=True) | Q(until__gt=now), since__lte=now)
    return dict(held.values_list("unit_id").annotate(Count("account_id", distinct=True)).order_by())


def erasures_waiting(by: Actor) -> list[Erasure]:
    """Return the erasures that were asked for and wait for another administrator, oldest first."""
    require(by, "ask_erasure", "confirm_erasure")
    return list(Erasure.objects.filter(done_at__isnull=True).select_related("asked_by").order_by("asked_at"))


def require(by: Actor, *acts: str) -> None:
    """Raise NotAllowed unless one of the actor's posts carries one of `acts`."""
    if not any(h.acts & set(acts) for h in by.holdings):
        raise NotAllowed("no_post", WORDS["no_post"])
