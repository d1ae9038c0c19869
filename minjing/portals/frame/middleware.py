"""What no page can make sense of is turned away at the door, and what a page may load is said; each in one place."""

from collections.abc import Callable

from csp.constants import HEADER
from csp.utils import build_policy
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers

NUL = "\x00"  # no text of a person has it, and PostgreSQL stores none
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")  # what Django reads as a form, of a POST alone
Answer = Callable[[HttpRequest], HttpResponse]


class ContentPolicy:
    """Says what a page may load: the policy of the settings, the same for every page, written out once.

    django-csp's own middleware builds it anew for each answer, for nonces that no page of ours needs.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response
        self.policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the policy, unless the answer has one of its own."""
        response = self.get_response(request)
        response.headers.setdefault(HEADER, self.policy)
        return response


class Language:
    """Sets the language of the reader: the one chosen, kept in a cookie, else the browser's.

    Django's own middleware looks in the address too, before and after each answer; no address of ours names one.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer in that language, and say which one it is."""
        language = translation.get_language_from_request(request)
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = self.get_response(request)
        patch_vary_headers(response, ("Accept-Language",))
        response.headers.setdefault("Content-Language", language)
        return response


class CleanInput:
    """Answers 400 to an address or a form with a NUL character; JSON and files are checked where they are read."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Look at the address, and at the form of a POST."""
        refuse_nul(request)
        return self.get_response(request)


class FormsOnly:
    """Gives a page of its own to who opens an address that takes forms alone: Django answers 405 with nothing."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Say so on a page; what a machine asked, or a view said in words of its own, stays as it is."""
        response = self.get_response(request)
        if response.status_code != 405 or request.method != "GET" or response.content:
            return response
        page = render(request, "405.html", status=405)
        page["Allow"] = response["Allow"]
        return page


def refuse_nul(request: HttpRequest) -> None:
    """Raise BadRequest for a NUL character in the address or in a form."""
    if NUL in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        raise BadRequest("NUL in the address")
    if request.content_type in FORMS and any(NUL in value for _, said in request.POST.lists() for value in said):
        raise BadRequest("NUL in the form")
