"""Whose WeChat or Alipay a browser is: noted at the door, sealed in the session, gone with it.

An account has at most one WeChat bound; the one that is open may be another's (a daughter pays for her mother), and
paying inside WeChat works with the WeChat that is open only.
"""

from django.http import HttpRequest

from minjing.kernel.identity import sealing

HERE = "door_here"
CONCEALED = "session.door"


def conceal(kind: str, subject: str) -> str:
    """Return the openid or user id sealed, to be kept in a session."""
    return sealing.conceal(CONCEALED, f"{kind}|{subject}")


def reveal(kind: str, concealed: str) -> str:
    """Return the openid or user id, "" when there is none or it is of another platform."""
    held, _, subject = sealing.reveal(CONCEALED, concealed).partition("|") if concealed else ("", "", "")
    return subject if held == kind else ""


def note(request: HttpRequest, kind: str, subject: str) -> None:
    """Note who has come in, by that platform's own answer."""
    request.session[HERE] = conceal(kind, subject)


def here(request: HttpRequest, kind: str) -> str:
    """Return whose WeChat or Alipay this browser is, "" when it has not come through the door."""
    return reveal(kind, request.session.get(HERE, ""))
