"""The public face of the ledger: how large it is, how to verify it, and the proof of a single entry."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from minjing.base import clock
from minjing.kernel.ledger import queries
from minjing.kernel.ledger.providers import keys
from minjing.kernel.ledger.providers.policy import policy
from minjing.kernel.ledger.rules.note import BadNote
from minjing.kernel.ledger.rules.public import parse_public
from minjing.kernel.watch import queries as watch
from minjing.kernel.watch.rules import is_closed
from minjing.portals.frame.kinds import kind_in_words, witness_in_words

LATEST = 10  # checkpoints listed
MONTH = timedelta(days=30)  # in which break-glass is counted


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the ledger stands, as pages show it."""

    size: int
    root: str  # hex
    at: datetime
    lag_s: float
    checkpoint_text: str


@never_cache
@require_GET
def head(request: HttpRequest) -> HttpResponse:
    """Show the signed head and how to verify the ledger oneself."""
    at = clock.now()
    latest = [(c.at, c.size, c.root.hex()) for c in queries.checkpoints(LATEST)]
    shown = {
        "tab": "ledger",
        "standing": standing(clock.now()),
        "vkey": _vkey(),
        "latest": latest,
        "witnesses": _witnesses(),
        "need": policy().need(),
        "base_url": settings.BASE_URL,
        "behind": watch.behind_s(at),
        "shut": is_closed(watch.behind_s(at)),
        "glass_count": watch.glass_count(at - MONTH, at + timedelta(seconds=1)),
    }
    return render(request, "open/ledger.html", shown)


@never_cache
@require_GET
def checkpoint(request: HttpRequest) -> HttpResponse:
    """Hand out the newest checkpoint as it was signed (C2SP tlog-checkpoint)."""
    signed = queries.head()
    if signed is None:
        raise Http404
    return HttpResponse(signed.checkpoint_text, content_type="text/plain; charset=utf-8")


@require_GET
def vkey(request: HttpRequest) -> HttpResponse:
    """Hand out the key under which checkpoints verify (C2SP signed-note)."""
    key = _vkey()
    if not key:
        raise Http404
    return HttpResponse(f"{key}\n", content_type="text/plain; charset=utf-8")


@never_cache
@require_GET
def entry(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Prove to the reader that one entry stands in the ledger, or say why that cannot be done."""
    proof = queries.proof(entry_id)
    if proof is None:
        waiting = queries.entry_of(entry_id) is not None
        shown: dict[str, Any] = {"tab": "ledger", "waiting": waiting}
        return render(request, "open/entry.html", shown, status=200 if waiting else 404)
    public = parse_public(proof.entry)
    return render(
        request,
        "open/entry.html",
        {
            "tab": "ledger",
            "proof": proof,
            "holds": proof.holds(),
            "public": {"kind": public.kind, "commitment": public.commitment.hex()},
            "kind": kind_in_words(public.kind),
            "at": public.at,
            "leaf": proof.leaf_hash.hex(),
            "root": proof.root.hex(),
            "path": [step.hex() for step in proof.path],
        },
    )


@never_cache
@require_GET
def entry_receipt(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Hand out the receipt of an entry: it names nobody, so it is anybody's who has the entry's id."""
    text = queries.receipt(entry_id)
    if text is None:
        raise Http404
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{str(entry_id)[-12:]}.tlog-proof"'
    return response


def standing(now: datetime) -> Standing | None:
    """Return where the ledger stands, None before its first signed head."""
    signed = queries.head()
    if signed is None:
        return None
    return Standing(signed.size, signed.root.hex(), signed.at, queries.lag_s(now), signed.checkpoint_text)


def _witnesses() -> list[tuple[dict[str, str], str, datetime | None]]:
    """Return each witness of the policy, its key's name, and when it saw the newest checkpoint."""
    signed, rules = queries.head(), policy()
    try:
        seen = rules.seen_by(signed.checkpoint_text) if signed else {}
    except BadNote:
        seen = {}  # a file that was tampered with vouches for nobody
    return [
        (
            witness_in_words(witness.name),
            witness.verifier.name,
            _instant(seen[witness.name]) if witness.name in seen else None,
        )
        for witness in rules.witnesses
    ]


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _vkey() -> str:
    key = keys.verifier()
    return str(key) if key else ""
