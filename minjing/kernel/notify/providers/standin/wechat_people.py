"""The made-up people of the stand-in for WeChat."""

from datetime import timedelta, timezone

CHINA = timezone(timedelta(hours=8))
# By the name under which the phone shows them; the openid is made of it.
PEOPLE = {"lin": ("林女士", "Ms Lin"), "chen": ("陈先生", "Mr Chen"), "li": ("李女士", "Ms Li")}
ACCOUNT_NAME = ("民生警务", "Minjing")


def openid_of(name: str) -> str:
    """Return the openid of a person at this account."""
    return f"oDemo{name:0>8}"
