"""Asking, taking calls, and making articles of answers: one transaction each, its ledger entry inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Max

from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import limits
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import TooMany
from minjing.kernel.identity.limits import Limit
from minjing.kernel.identity.sealing import blind_index
from minjing.kernel.ledger.actions import append, entry
from minjing.kernel.matters import actions as matters
from minjing.kernel.matters.rules import Snapshot
from minjing.modules.help_desk import queries, rules
from minjing.modules.help_desk.errors import NotAllowed, Unknown, Wrong
from minjing.modules.help_desk.models import Article, Question
from minjing.modules.help_desk.queries import Answered
from minjing.modules.help_desk.rights import must_work_here

# Questions from one network address: a hall or a family asks, a machine does not.
ASKED_HERE = Limit(20, timedelta(hours=1))
GUESSED_HERE = Limit(30, timedelta(hours=1))
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0, 1, I, O: it is read aloud and typed in


@dataclass(frozen=True, slots=True)
class Taken:
    """What the one who asked is given: the number and, for who has no name here, the code that opens the answer."""

    number: str
    code: str
    matter_id: UUID


def ask(
    words: str,
    topic: str,
    *,
    route: str = "",
    phone: str = "",
    address: str = "",
    by: Actor | None,
    now: datetime,
    request_id: UUID,
) -> Taken:
    """Put a question from a page to the help desk; who has not said who they are gets a code.

    Raises matters' Wrong with what is wrong, TooMany beyond the limit of the network address.
    """
    if address:
        limits.spend("help-asked", address, ASKED_HERE, now)
    named = by if by is not None and by.is_resident and by.person_id is not None else None
    said = _said(words, topic, phone)
    return _asked(rules.QUESTION, said, topic, rules.PAGE, route=route, by=named, now=now, request_id=request_id)


def take_call(
    words: str,
    topic: str,
    *,
    phone: str = "",
    answer: str = "",
    by: Actor,
    now: datetime,
    request_id: UUID,
) -> Taken:
    """Write down a call at the desk line; with `answer` it was answered on the telephone and is closed at once."""
    must_work_here(by)
    with transaction.atomic():
        said = _said(words, topic, phone)
        taken = _asked(
            rules.QUESTION, said, topic, rules.PHONE, by=None, now=now, request_id=request_id, taken_by=by.account_id
        )
        if answer.strip() and not _is_closed(taken, by, now):
            _answered(taken.matter_id, answer, by=by, now=now)
    return taken


def call_from_machine(machine: str, words: str, *, now: datetime, request_id: UUID) -> str:
    """Call the help desk from a machine in a hall; return the number. Nobody's name is asked."""
    said = {"words": words.strip()[:300]}
    return _asked(
        rules.CALL, said, rules.MACHINE, rules.KIOSK, machine=machine, by=None, now=now, request_id=request_id
    ).number


def _said(words: str, topic: str, phone: str) -> dict[str, str]:
    said = {"words": words.strip(), "topic": topic, "phone": phone.strip()}
    return {name: value for name, value in said.items() if value}


@transaction.atomic
def _asked(
    code: str,
    said: Mapping[str, str],
    topic: str,
    channel: str,
    *,
    route: str = "",
    machine: str = "",
    by: Actor | None,
    now: datetime,
    request_id: UUID,
    taken_by: UUID | None = None,
) -> Taken:
    _one_at_a_time(request_id)
    earlier = _matter_of(request_id)
    before = queries.question_of(earlier) if earlier else None
    secret = "" if by is not None else _code(request_id)
    if before is not None:  # a button pressed twice
        return Taken(before.number, secret, before.matter_id)
    matter = matters.submit_whole(code, said, by=by or identity.nameless(now), now=now, request_id=request_id)
    asked = Question.objects.create(
        matter_id=matter.id,
        number=matter.number,
        topic=topic,
        channel=channel,
        route=rules.route_of(route),
        machine=machine,
        code_index=queries.code_index(matter.number, secret) if secret else None,
        taken_by=taken_by,
        asked_at=now,
    )
    known = {"matter": matter.id, "topic": topic, "channel": channel, "route": asked.route, "machine": machine}
    append(entry("help_desk:question:asked", {**known, "taken_by": taken_by}, at=now, subject_id=matter.person_id))
    return Taken(matter.number, secret, matter.id)


def _one_at_a_time(request_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"help:{request_id}"])


def _matter_of(request_id: UUID) -> UUID | None:
    from minjing.kernel.matters.queries import matter_of_request

    return matter_of_request(request_id)


def _code(request_id: UUID) -> str:
    """Return the code of a question: the same when the same request comes again, 40 bits to anybody else."""
    number = int.from_bytes(blind_index("help_request", str(request_id))[:8], "big")
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(8))


def _is_closed(taken: Taken, by: Actor, now: datetime) -> bool:
    from minjing.kernel.matters import queries as matters_queries

    return matters_queries.matter(taken.matter_id, by, now).closed_at is not None


def _answered(matter_id: UUID, answer: str, *, by: Actor, now: datetime) -> Snapshot:
    claimed = matters.act(matter_id, "claim", ver=1, by=by, now=now, request_id=new_id())
    return matters.act(matter_id, "answer", ver=claimed.ver, by=by, now=now, request_id=new_id(), note=answer)


def open_answer(number: str, code: str, *, address: str, now: datetime) -> Answered:
    """Return the question with this number to whoever has its code; the try is counted by network address.

    Raises Unknown, whatever is wrong, and beyond the limit of the address.
    """
    try:
        limits.spend("help-code", address, GUESSED_HERE, now)
    except TooMany:
        raise Unknown from None
    return queries.by_code(number, code, now)


# ---- articles --------------------------------------------------------------------------------------------

LENGTHS = {"title_zh": 80, "title_en": 160, "body_zh": 4_000, "body_en": 8_000}


@transaction.atomic
def write_article(
    texts: Mapping[str, str],
    topic: str,
    *,
    aliases: Sequence[str] = (),
    question: str = "",
    replaces: int | None = None,
    by: Actor,
    now: datetime,
) -> Article:
    """Write a draft of an article, or of a new wording of the one with the number `replaces`. Raises Wrong."""
    must_work_here(by)
    said = _checked(texts, topic)
    if replaces is not None:
        queries.article(replaces)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('help_desk_article', 0))")
    number = replaces or (Article.objects.aggregate(last=Max("number"))["last"] or 1000) + 1
    words = [alias.strip()[:40] for alias in aliases if alias.strip()][:20]
    made = Article.objects.create(
        id=new_id(),
        number=number,
        topic=topic,
        aliases=words,
        question=question[:20],
        written_by=by.account_id,
        written_at=now,
        **said,
    )
    append(entry("help_desk:article:written", {"article": made.id, "number": number, "by": by.account_id}, at=now))
    return made


def _checked(texts: Mapping[str, str], topic: str) -> dict[str, str]:
    if topic not in rules.TOPICS:
        raise Wrong("topic", "请选择一个主题。", "Choose a topic.", "topic")
    said = {name: texts.get(name, "").strip() for name in LENGTHS}
    for name, most in LENGTHS.items():
        if not said[name]:
            raise Wrong("empty", "中英文的标题和正文都要写。", "Title and text are needed in both languages.", name)
        if len(said[name]) > most:
            raise Wrong("long", f"最多 {most} 个字符。", f"At most {most} characters.", name)
        if rules.names_somebody(said[name]):
            raise Wrong(
                "personal",
                "文中有像手机号码或身份证号码的数字，公开前要去掉。",
                "It holds what looks like a mobile or an ID number; take it out before it is public.",
                name,
            )
    return said


@transaction.atomic
def publish_article(article_id: UUID, *, by: Actor, now: datetime) -> Article:
    """Publish a draft that another person wrote; the wording before it is withdrawn. Raises NotAllowed, Unknown."""
    must_work_here(by)
    row = Article.objects.select_for_update().filter(id=article_id, state=Article.DRAFT).first()
    if row is None:
        raise Unknown
    if row.written_by == by.account_id:
        raise NotAllowed(
            "same_person",
            "自己写的解答要由另一个人核对后发布。",
            "Another person checks and publishes what you wrote.",
        )
    before = queries.in_place_of(row)
    if before is not None:
        Article.objects.filter(id=before.id).update(state=Article.WITHDRAWN, withdrawn_at=now)
    row.state, row.checked_by, row.checked_at = Article.PUBLISHED, by.account_id, now
    row.save(update_fields=["state", "checked_by", "checked_at"])
    said = {"article": row.id, "number": row.number, "by": by.account_id, "replaces": before.id if before else None}
    append(entry("help_desk:article:published", said, at=now))
    transaction.on_commit(queries.forget_kept)
    return row


@transaction.atomic
def withdraw_article(article_id: UUID, *, by: Actor, now: datetime) -> None:
    """Take an article off the open portal, or throw a draft away. Raises Unknown."""
    must_work_here(by)
    rows = Article.objects.filter(id=article_id).exclude(state=Article.WITHDRAWN)
    if not rows.update(state=Article.WITHDRAWN, withdrawn_at=now):
        raise Unknown
    append(entry("help_desk:article:withdrawn", {"article": article_id, "by": by.account_id}, at=now))
    transaction.on_commit(queries.forget_kept)


@transaction.atomic
def judge_article(number: int, *, helped: bool, address: str, now: datetime) -> None:
    """Count what a reader says: it helped or it did not; once an hour from one address. Raises Unknown."""
    found = queries.article(number)
    try:
        limits.spend("help-judged", f"{address}|{number}", Limit(1, timedelta(hours=1)), now)
    except TooMany:
        return
    column = "helped" if helped else "not_helped"
    Article.objects.filter(id=found.id).update(**{column: F(column) + 1})
    append(entry("help_desk:article:judged", {"article": found.id, "helped": helped}, at=now))
