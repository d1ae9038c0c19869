"""What a program asks goes straight to the API, past the layers that only pages need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import ResolverMatch, URLPattern, URLResolver
from django.urls.resolvers import RoutePattern

from minjing.portals.api.urls import urlpatterns
from minjing.portals.api.views import api
from minjing.portals.frame.middleware import refuse_nul

PREFIX = "/api/"
NO_SUCH_ADDRESS = {
    "key": "no_such_address",
    "message": {
        "zh": "没有这个接口地址，请查看接口说明 /api/docs。",
        "en": "The API has no such address; its description is at /api/docs.",
    },
}
HAS_NUL = {
    "key": "malformed",
    "message": {
        "zh": "地址或表单含有不能使用的字符。",
        "en": "The address or the form has a character that cannot be used.",
    },
}


class Programs:
    """Hands a request that shows a token and brings no cookie to the API at once.

    The layers behind this one keep the sessions, forms and messages of pages, and to find an address among all of the
    API's takes longer than to answer it. A browser's request brings its cookies and goes the pages' way.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.addresses = by_first_word()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a program; let everybody else pass."""
        if not _is_of_program(request):
            return self.get_response(request)
        request.actor = None  # type: ignore[attr-defined]
        try:
            refuse_nul(request)
            request.resolver_match = match = found(request.path_info, self.addresses)
            answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
        except Http404:
            return api.create_response(request, NO_SUCH_ADDRESS, status=404)
        except BadRequest:
            return api.create_response(request, HAS_NUL, status=400)
        return answer


def _is_of_program(request: HttpRequest) -> bool:
    shown = request.META
    return "HTTP_AUTHORIZATION" in shown and not shown.get("HTTP_COOKIE") and request.path_info.startswith(PREFIX)


def by_first_word() -> Mapping[str, URLResolver]:
    """Return the API's addresses by the first word of each."""
    (outer,) = urlpatterns
    words: dict[str, list[URLPattern | URLResolver]] = defaultdict(list)
    for address in outer.url_patterns:
        words[_first_word(str(address.pattern))].append(address)
    return {word: _below_prefix(same, outer) for word, same in words.items()}


def _below_prefix(addresses: list[URLPattern | URLResolver], outer: URLResolver) -> URLResolver:
    """Return what finds these addresses as the house does; a resolver's own part is no part of the route it gives."""
    api_ = URLResolver(RoutePattern(PREFIX[1:]), addresses, app_name=outer.app_name, namespace=outer.namespace)
    return URLResolver(RoutePattern(""), [api_])


def _first_word(path: str) -> str:
    return path.partition("/")[0]


def found(path: str, addresses: Mapping[str, URLResolver]) -> ResolverMatch:
    """Return what answers at a path of the API. Raises Http404 where nothing does."""
    same = addresses.get(_first_word(path.removeprefix(PREFIX)))
    if same is None:
        raise Http404(path)
    return same.resolve(path[1:])
