"""Addresses of the help desk."""

from django.urls import URLPattern, URLResolver, path

from minjing.modules.help_desk.views import articles, asking, desk, figures, knowledge, machines

app_name = "help_desk"
urlpatterns: list[URLPattern | URLResolver] = [
    path("help/", asking.ask, name="ask"),
    path("help/suggest/", asking.suggest, name="suggest"),
    path("help/answer/", asking.answer, name="answer"),
    path("open/help/", articles.index, name="articles"),
    path("open/help/<int:number>/", articles.one, name="article"),
    path("open/help/<int:number>/helped/", articles.helped, name="helped"),
    path("officer/desk/", desk.desk, name="desk"),
    path("officer/desk/call/", desk.call, name="call"),
    path("officer/desk/suggest/", desk.suggest, name="desk_suggest"),
    path("officer/desk/articles/", knowledge.index, name="knowledge"),
    path("officer/desk/articles/new/", knowledge.write, name="write"),
    path("officer/desk/articles/<uuid:article_id>/", knowledge.one, name="draft"),
    path("officer/desk/machines/", machines.index, name="machines"),
    path("officer/desk/figures/", figures.report, name="figures"),
]
