"""Reading questions and articles: an answer for who has the code, articles for everybody, figures of nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count

from minjing.base.clock import CHINA, local_day
from minjing.kernel.identity.actor import RESIDENT, Actor
from minjing.kernel.identity.sealing import blind_index
from minjing.kernel.matters import figures as matters_figures
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.errors import Unknown as UnknownMatter
from minjing.kernel.matters.queries.kept import Kept
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Service, Text
from minjing.modules.help_desk import finding, rules
from minjing.modules.help_desk.errors import Unknown
from minjing.modules.help_desk.models import Article, Question
from minjing.modules.help_desk.rights import must_supervise, must_work_here
from minjing.modules.help_desk.rules import Asked, Figures

KEPT_S = 30
ARTICLES_MAX = 5_000


def topics() -> dict[str, Text]:
    """Return the topics with their words, as the service's own form has them."""
    return {option.value: Text(zh=option.zh, en=option.en) for option in service().fields["topic"].options}


def service() -> Service:
    """Return the service by which a question is asked."""
    return matters.service(rules.QUESTION)[1].service


# ---- articles --------------------------------------------------------------------------------------------


def _read_published() -> tuple[dict[str, Article], finding.Index]:
    rows = list(Article.objects.filter(state=Article.PUBLISHED).order_by("topic", "number")[:ARTICLES_MAX])
    texts = [finding.Text(str(a.number), (a.title_zh, a.title_en), a.aliases, (a.body_zh, a.body_en)) for a in rows]
    return {str(a.number): a for a in rows}, finding.build(texts)


_published = Kept(_read_published, KEPT_S)


def forget_kept() -> None:
    """Read the articles anew at the next call."""
    _published.forget()


def published() -> list[Article]:
    """Return the articles in force, by topic."""
    return list(_published.get()[0].values())


def search(words: str, limit: int = 5) -> list[Article]:
    """Return the articles that fit the words, best first: Chinese, pinyin, initials or English."""
    articles, index = _published.get()
    return [articles[key] for key in index.find(words[:300], limit)]


def article(number: int) -> Article:
    """Return the article in force with this number. Raises Unknown."""
    found = Article.objects.filter(number=number, state=Article.PUBLISHED).first()
    if found is None:
        raise Unknown
    return found


def any_article(article_id: UUID, by: Actor) -> Article:
    """Return an article in any state, for the desk. Raises NotAllowed, Unknown."""
    must_work_here(by)
    found = Article.objects.filter(id=article_id).first()
    if found is None:
        raise Unknown
    return found


def to_check(by: Actor) -> list[Article]:
    """Return the drafts that wait for a second person, oldest first. Raises NotAllowed."""
    must_work_here(by)
    return list(Article.objects.filter(state=Article.DRAFT).order_by("written_at"))


def in_place_of(draft: Article) -> Article | None:
    """Return the article in force that a draft would replace."""
    return Article.objects.filter(number=draft.number, state=Article.PUBLISHED).exclude(id=draft.id).first()


# ---- questions -------------------------------------------------------------------------------------------


def code_index(number: str, code: str) -> bytes:
    """Return what is stored of the code under which somebody without a name reads the answer."""
    return blind_index("help_code", f"{number.strip().upper()}|{code.strip().upper()}")


@dataclass(frozen=True, slots=True)
class Answered:
    """A question as the one who asked reads it."""

    matter: Snapshot
    question: Question
    words: str
    answer: str
    by: Actor


def by_code(number: str, code: str, now: datetime) -> Answered:
    """Return the question with this number to whoever has its code. Raises Unknown, whatever is wrong."""
    found = Question.objects.filter(number=number.strip().upper(), code_index=code_index(number, code)).first()
    if found is None:
        raise Unknown
    by = asker(found, now)
    matter = matters.matter(found.matter_id, by, now)
    notes = [note.get("note", "") for _, note in sorted(matters.notes(matter, by, now).items())]
    said = matters.answers(matter, by, now)
    return Answered(matter, found, str(said["words"]), notes[-1] if notes else "", by)


def stars_given(matter: Snapshot) -> int | None:
    """Return the stars that the one who asked has given, None while none are."""
    found = matters.rating(matter)
    return found.stars if found else None


def asker(question: Question, now: datetime) -> Actor:
    """Return the one who asked, for whoever has shown the code of the question."""
    from minjing.kernel.identity import queries as people

    account_id = matters.applicant_account(question.matter_id)
    actor = people.actor_of(account_id, now)
    return Actor(actor.account_id, RESIDENT, actor.person_id, level=actor.level, language=actor.language)


def question_of(matter_id: UUID) -> Question | None:
    """Return how a question came."""
    return Question.objects.filter(matter_id=matter_id).first()


def questions_of(matter_ids: Iterable[UUID]) -> dict[UUID, Question]:
    """Return how some questions came, by matter."""
    return {q.matter_id: q for q in Question.objects.filter(matter_id__in=list(matter_ids))}


def calls_since(since: datetime) -> dict[str, int]:
    """Return how many help calls came from each machine since then, by its code."""
    rows = Question.objects.filter(org_id=0, asked_at__gte=since, channel=rules.KIOSK).values_list("machine")
    return dict(rows.annotate(n=Count("matter_id")).order_by())


CHANNELS = {
    rules.PAGE: Text(zh="网页", en="A page"),
    rules.PHONE: Text(zh="电话", en="The telephone"),
    rules.KIOSK: Text(zh="自助机", en="A machine"),
}


def facts(
    *, matter: Snapshot, answers: Mapping[str, Any], now: datetime
) -> tuple[Text, Sequence[tuple[Text, str, Text]]]:
    """Return what an operator reads beside the words: how they came, and what has been answered before."""
    found = question_of(matter.id)
    rows: list[tuple[Text, str, Text]] = []
    if found is not None:
        rows.append((Text(zh="来自", en="Came by"), "", CHANNELS[found.channel]))
        if found.route:
            rows.append((Text(zh="页面", en="Page"), "", _as_is(f"/{found.route.lstrip('/')}")))
        if found.machine:
            rows.append((Text(zh="机器", en="Machine"), "", _as_is(found.machine)))
    for fits in search(str(answers.get("words", "")), 3):
        title = Text(
            zh=f"{fits.title_zh}（/open/help/{fits.number}/）", en=f"{fits.title_en} (/open/help/{fits.number}/)"
        )
        rows.append((Text(zh="可能有用的解答", en="An article that may help"), "", title))
    return Text(zh="服务台", en="Help desk"), rows


def _as_is(words: str) -> Text:
    return Text(zh=words, en=words)


# ---- figures ---------------------------------------------------------------------------------------------

WEEKS = 12


@dataclass(frozen=True, slots=True)
class Report:
    """The supervisor's figures of the last weeks: all, by topic, by channel, by week."""

    all: Figures
    by_topic: Sequence[tuple[str, Figures]]
    by_channel: Sequence[tuple[str, Figures]]
    by_week: Sequence[tuple[Any, Figures]]  # Monday, figures; oldest first
    rated: int
    stars: float | None


def report(by: Actor, now: datetime) -> Report:
    """Return what was asked and answered in the last twelve weeks, to supervisors. Raises NotAllowed."""
    must_supervise(by)
    today = local_day(now)
    monday = today - timedelta(days=today.weekday())
    first = monday - timedelta(weeks=WEEKS - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=CHINA)
    asked = _asked(since)
    weeks = [first + timedelta(weeks=n) for n in range(WEEKS)]
    week_of = {id(q): local_day(q.asked_at) - timedelta(days=local_day(q.asked_at).weekday()) for q in asked}
    rated, stars = matters_figures.stars_of(rules.CODES, since)
    return Report(
        all=rules.count(asked),
        by_topic=[(t, rules.count(q for q in asked if q.topic == t)) for t in rules.TOPICS],
        by_channel=[(c, rules.count(q for q in asked if q.channel == c)) for c in rules.CHANNELS],
        by_week=[(w, rules.count(q for q in asked if week_of[id(q)] == w)) for w in weeks],
        rated=rated,
        stars=stars,
    )


def _asked(since: datetime) -> list[Asked]:
    courses = matters_figures.courses_of(rules.CODES, since)
    rows = Question.objects.filter(org_id=0, asked_at__gte=since).values_list("matter_id", "topic", "channel")
    return [
        Asked(topic, channel, courses[pk].submitted_at, courses[pk].closed_at, courses[pk].outcome)
        for pk, topic, channel in rows
        if pk in courses
    ]


def waiting(by: Actor, now: datetime, limit: int = 50) -> list[tuple[Snapshot, Question | None]]:
    """Return the questions that wait for an operator or lie with this one, most urgent first. Raises NotAllowed."""
    must_work_here(by)
    found = [m for name in ("claimed", "to_claim") for m in matters.queue(by, name, now, limit=limit)]
    mine = [m for m in found if m.code in rules.CODES]
    came = questions_of(m.id for m in mine)
    return [(m, came.get(m.id)) for m in mine]


def closed(by: Actor, number: str, now: datetime) -> tuple[Snapshot, str]:
    """Return an answered question with its answer, for the operator who makes an article of it.

    Raises NotAllowed, Unknown.
    """
    must_work_here(by)
    try:
        matter = matters.matter(number, by, now)
    except UnknownMatter:
        raise Unknown from None
    if matter.code != rules.QUESTION or matter.closed_at is None:
        raise Unknown
    notes = matters.notes(matter, by, now, "after_closing")
    return matter, next((n.get("note", "") for _, n in sorted(notes.items(), reverse=True)), "")
