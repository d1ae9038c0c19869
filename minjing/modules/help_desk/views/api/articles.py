"""Articles for everybody: found by words in either language, judged by their readers."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Path, Query, Router

from minjing.base.clock import now
from minjing.kernel.identity import clients
from minjing.modules.help_desk import actions, queries
from minjing.modules.help_desk.models import Article
from minjing.modules.help_desk.views.api.door import OPEN
from minjing.portals.api.shapes import ErrorOut, Shape, TextOut

router = Router(tags=["help"], auth=OPEN)
FOUND_MAX = 20
NUMBER_MAX = 2**31 - 1
Number = Annotated[int, Path(ge=1, le=NUMBER_MAX)]
Asked = Annotated[str, Query(max_length=300)]
REFUSED = {404: ErrorOut, 422: ErrorOut}


class ArticleOut(Shape):
    """An answer for everybody."""

    number: int
    topic: str
    title: TextOut
    body: TextOut

    @staticmethod
    def of(article: Article) -> ArticleOut:
        return ArticleOut(
            number=article.number,
            topic=article.topic,
            title=TextOut(zh=article.title_zh, en=article.title_en),
            body=TextOut(zh=article.body_zh, en=article.body_en),
        )


class ArticleJudgedIn(Shape):
    """Whether the article helped."""

    helped: bool


@router.get("/articles", response=list[ArticleOut])
def listed(request: HttpRequest, q: Asked = "") -> list[ArticleOut]:
    """Return the articles that fit the words, best first, or all by topic."""
    found = queries.search(q, FOUND_MAX) if q.strip() else queries.published()
    return [ArticleOut.of(article) for article in found]


@router.get("/articles/{number}", response={200: ArticleOut, **REFUSED})
def one(request: HttpRequest, number: Number) -> ArticleOut:
    """Return the article in force with this number."""
    return ArticleOut.of(queries.article(number))


@router.post("/articles/{number}/judgements", response={200: ArticleJudgedIn, **REFUSED})
def judge(request: HttpRequest, number: Number, said: ArticleJudgedIn) -> ArticleJudgedIn:
    """Count what a reader says of an article; once an hour from one address."""
    actions.judge_article(number, helped=said.helped, address=clients.address(request), now=now())
    return said
