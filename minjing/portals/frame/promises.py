"""The ledger's promises in the answer itself: for acts and looks of programs and pages alike."""

from base64 import b64encode
from collections.abc import Callable, Sequence

from django.http import HttpRequest, HttpResponse

from minjing.kernel.ledger.actions import Promised, keeping

HEADER = "Ledger-Promise"
# What servers in front of us take without a word: nginx gives the whole head of an answer 4 or 8 KB.
HEADER_MAX = 2_048


class Promises:
    """Adds what was promised while the answer was made: signed notes in base64, with commas between.

    Of a page that shows many people the one note over all their looks may be too long for a head; then it is left
    to the journal, and to each of them on their own page "who looked at my data".
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and hand out the promises with it."""
        with keeping() as promises:
            response = self.get_response(request)
        text = _that_fit(promises)
        if text:
            response.headers[HEADER] = text
        return response


def _that_fit(promises: Sequence[Promised]) -> str:
    text = ""
    for promise in promises:
        if len(text) + len(promise.words) > HEADER_MAX:  # not even its words would fit: it need not be signed
            continue
        longer = f"{text}{', ' if text else ''}{b64encode(promise.note.encode()).decode()}"
        if len(longer) <= HEADER_MAX:
            text = longer
    return text
