"""How telling people goes: figures by channel, the SMS providers, and the desk where letters are posted."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID
from xml.sax.saxutils import quoteattr

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_GET, require_POST

from minjing.base.clock import local_day
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import queries as matters
from minjing.kernel.notify import actions, letters, queries
from minjing.kernel.notify.rules import POST_LETTERS
from minjing.portals.frame.language import pick, t
from minjing.portals.officer.gate import OfficerRequest, missing, officer_page, refused
from minjing.portals.officer.permissions import Words, holds
from minjing.portals.officer.rail import show

SUPERVISE = "supervise"
DAYS = 14
SPANS = {"1": 1, "7": 7, "30": 30}
CHANNELS: dict[str, Words] = {
    "in_app": {"zh": "站内消息", "en": "In the app"},
    "sms": {"zh": "短信", "en": "SMS"},
    "wechat": {"zh": "微信", "en": "WeChat"},
    "email": {"zh": "电子邮件", "en": "E-mail"},
    "push": {"zh": "浏览器推送", "en": "Browser"},
    "letter": {"zh": "信函", "en": "Letters"},
}
CARRIERS: dict[str, Words] = {
    "house": {"zh": "本市短信网关", "en": "The city’s own gateway"},
    "aliyun": {"zh": "阿里云短信", "en": "Alibaba Cloud"},
    "tencent": {"zh": "腾讯云短信", "en": "Tencent Cloud"},
}


def may_see(actor: Actor) -> bool:
    """Say whether the actor watches over delivery: supervisors, the system administrator, who posts letters."""
    return any(holds(actor, act) for act in (SUPERVISE, "manage_catalogue", POST_LETTERS))


@officer_page()
@require_GET
def notices(request: OfficerRequest) -> HttpResponse:
    """Show how each channel does, with its trend, and how the SMS providers fare. Numbers only."""
    if not may_see(request.actor):
        return refused(request, {"zh": "您不能打开这一页。", "en": "You may not open this page."}, SUPERVISE)
    span = request.GET.get("days", "7")
    days = SPANS.get(span, 7)
    since = request.at - timedelta(days=days)
    trend = queries.by_day(request.at - timedelta(days=DAYS))
    last = [local_day(request.at) - timedelta(days=back) for back in reversed(range(DAYS))]
    figures = queries.figures(since, request.at)
    context = {
        "span": str(days),
        "spans": [
            (key, t(f"近 {n} 天", f"{n} days") if n > 1 else t("近 24 小时", "24 hours")) for key, n in SPANS.items()
        ],
        "rows": [
            {
                "figure": f,
                "title": CHANNELS[f.channel],
                "bars": bars(trend.get(f.channel, {}), last, pick(CHANNELS[f.channel])),
            }
            for f in figures
        ],
        "unreached": queries.unreached(since),
        "delivery": queries.delivery(request.at),
        "waiting_letters": queries.letters_waiting(),
        "carriers": [
            {"health": h, "title": CARRIERS.get(h.name, {"zh": h.name, "en": h.name})}
            for h in queries.carriers({n: s for n, s in settings.SMS_SHARES.items() if _used(n)}, request.at)
        ],
        "posts": holds(request.actor, POST_LETTERS),
    }
    return show(request, "officer/notices.html", context, page="notices")


@officer_page(POST_LETTERS)
@require_GET
def desk(request: OfficerRequest) -> HttpResponse:
    """Show the batches of letters, and how many wait for the next."""
    context = {"batches": queries.batches(request.actor), "waiting": queries.letters_waiting()}
    return show(request, "officer/letters.html", context, page="letters")


@officer_page(POST_LETTERS)
@require_GET
def batch(request: OfficerRequest, batch_id: UUID) -> HttpResponse:
    """Show one batch: its letters by number, to note which came back."""
    found = queries.batch(batch_id, request.actor)
    rows = queries.letters_of(found)
    numbers = matters.numbers([m.matter_id for _, m in rows if m.matter_id])
    listed = [
        {"letter": m, "number": number, "matter": numbers.get(m.matter_id) if m.matter_id else None}
        for number, m in rows
    ]
    return show(request, "officer/letter_batch.html", {"batch": found, "letters": listed}, page="letters")


@officer_page(POST_LETTERS)
@require_POST
def gather(request: OfficerRequest) -> HttpResponse:
    """Make a batch of what waits, without waiting for the morning."""
    batch_id = actions.make_batch(by=request.actor, now=request.at)
    if batch_id is None:
        messages.info(request, t("没有等待寄送的信函。", "No letter waits."))
        return HttpResponseRedirect(reverse("officer:letters"))
    return HttpResponseRedirect(reverse("officer:letter_batch", args=[batch_id]))


@officer_page(POST_LETTERS)
@require_POST
def print_batch(request: OfficerRequest, batch_id: UUID) -> HttpResponse:
    """Hand out a batch as PDF; that it left the house is on record first."""
    found = queries.batch(batch_id, request.actor)
    actions.downloaded(batch_id, by=request.actor, now=request.at)
    made = letters.typeset(batch_id, sender=matters.bureau_name(), now=request.at)
    answer = HttpResponse(made, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="letters-{found.number}.pdf"'
    return answer


@officer_page(POST_LETTERS)
@require_POST
def mark(request: OfficerRequest, batch_id: UUID) -> HttpResponse:
    """Note that a batch was printed or posted, or that a letter came back."""
    what: Any = request.POST.get("what")
    if what == "printed":
        actions.mark_printed(batch_id, by=request.actor, now=request.at)
    elif what == "posted":
        actions.mark_posted(batch_id, by=request.actor, now=request.at)
    elif what == "returned":
        try:
            actions.mark_returned(UUID(request.POST.get("letter", "")), by=request.actor, now=request.at)
        except ValueError:
            return missing(request)
    return HttpResponseRedirect(reverse("officer:letter_batch", args=[batch_id]))


WIDTH, HEIGHT, GAP = 168, 36, 2


def bars(days: dict[date, tuple[int, int]], shown: list[date], title: str) -> SafeString:
    """Return a small picture of the last days: what was sent, and on top in red what failed."""
    top = max(1, *(sum(days.get(day, (0, 0))) for day in shown))
    step = WIDTH / len(shown)
    said = t(f"{title}近 {len(shown)} 天", f"{title}, the last {len(shown)} days")
    parts = [f'<svg class="bars" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label={quoteattr(said)}>']
    for at, day in enumerate(shown):
        sent, failed = days.get(day, (0, 0))
        x, y = at * step, float(HEIGHT)
        for kind, count in (("sent", sent), ("failed", failed)):
            high = max(1.5, (HEIGHT - 2) * count / top) if count else 0.0
            y -= high
            parts.append(
                f'<rect class="bar-{kind}" x="{x:.1f}" y="{y:.1f}" width="{step - GAP:.1f}" height="{high:.1f}"/>'
            )
    parts.append(f'<line class="bar-ground" x1="0" y1="{HEIGHT}" x2="{WIDTH}" y2="{HEIGHT}"/></svg>')
    return mark_safe("".join(parts))  # noqa: S308 - made of numbers and a quoted title


def _used(name: str) -> bool:
    return bool({"house": settings.SMS_URL, "aliyun": settings.SMS_B_URL, "tencent": settings.SMS_C_URL}.get(name))
