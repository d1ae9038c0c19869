"""The machines in the halls, as the desk looks after them: registered, paired, given paper, taken out of use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from minjing.base.clock import CHINA
from minjing.kernel.matters import queries as matters
from minjing.modules.help_desk import queries as desk
from minjing.portals.frame.language import pick, t
from minjing.portals.kiosk import actions, queries
from minjing.portals.kiosk.errors import KioskError, Unknown
from minjing.portals.officer.gate import OfficerRequest, missing, officer_page
from minjing.portals.officer.rail import show

FIELDS = ("code", "unit", "spot_zh", "spot_en")


@officer_page("desk")
@require_http_methods(["GET", "POST"])
def index(request: OfficerRequest) -> HttpResponse:
    """Show the machines and what each needs; register one, pair it anew, give it paper, retire it."""
    said = {name: request.POST.get(name, "") for name in FIELDS}
    wrong: KioskError | None = None
    if request.method == "POST":
        try:
            _did(request, said)
            return HttpResponseRedirect(reverse("help_desk:machines"))
        except (Unknown, ValueError):
            return missing(request)
        except KioskError as error:
            wrong = error
    context = {"rows": _rows(request), "said": said, "wrong": wrong, "stations": matters.stations()}
    return show(request, "help_desk/machines.html", context, page="desk_machines", status=422 if wrong else 200)


def _did(request: OfficerRequest, said: Mapping[str, str]) -> None:
    by, now = request.actor, request.at
    if "register" in request.POST:
        unit_id = int(said["unit"]) if said["unit"].isdigit() else 0
        spot = {"zh": said["spot_zh"], "en": said["spot_en"]}
        machine, code = actions.register(said["code"], unit_id, spot, by=by, now=now)
        _tell_code(request, machine.code, code)
        return
    machine_id = UUID(request.POST.get("machine", ""))
    if "pair" in request.POST:
        _tell_code(request, queries.machine(machine_id).code, actions.pair_anew(machine_id, by=by, now=now))
    elif "retire" in request.POST:
        actions.retire(machine_id, by=by, now=now)
        messages.success(request, t("已停用。", "Taken out of use."))
    else:
        actions.set_paper(machine_id, out="paper_out" in request.POST, by=by, now=now)
        messages.success(request, t("已记下。", "Written down."))


def _tell_code(request: OfficerRequest, name: str, code: str) -> None:
    zh = f"{name} 的配对码是 {code}，15 分钟内在那台机器上输入。只显示这一次。"
    en = f"The pairing code of {name} is {code}: type it on that machine within 15 minutes. It is shown once."
    messages.success(request, t(zh, en))


def _rows(request: OfficerRequest) -> list[dict[str, object]]:
    today = request.at.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    served, waiting = queries.visits_since(today), queries.waiting_by_machine()
    calls = desk.calls_since(request.at - timedelta(days=1))
    units = matters.units()
    return [
        {
            "machine": machine,
            "unit": pick(units[machine.unit_id].name) if machine.unit_id in units else "",
            "served": served.get(machine.id, (0, 0))[0],
            "left_open": served.get(machine.id, (0, 0))[1],
            "waiting": waiting.get(machine.id, 0),
            "calls": calls.get(machine.code, 0),
        }
        for machine in queries.machines()
    ]
