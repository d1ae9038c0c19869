"""Plug board of the help desk: its services, the question at the foot of each page, its pages for operators."""

from pathlib import Path

from django.apps import AppConfig


class HelpDeskConfig(AppConfig):
    name = "minjing.modules.help_desk"
    label = "help_desk"

    def ready(self) -> None:
        """Hang the help desk into the kernel and the portals."""
        from minjing.kernel.matters import plugs
        from minjing.kernel.matters.schema import Text
        from minjing.modules.help_desk import queries, rules
        from minjing.modules.help_desk.actions import call_from_machine
        from minjing.modules.help_desk.views.asking import address_of
        from minjing.portals.api import plugs as api
        from minjing.portals.citizen import plugs as citizen
        from minjing.portals.frame import plugs as frame
        from minjing.portals.kiosk import plugs as kiosk
        from minjing.portals.officer import plugs as officer

        api.router("/help", "minjing.modules.help_desk.views.api:help_desk")
        plugs.catalogue(Path(__file__).parent / "catalog")
        for code in rules.CODES:
            plugs.facts(code, queries.facts)
            plugs.question(code)
            citizen.begins_at(code, "help_desk:ask")
        kiosk.calls_help(call_from_machine)
        frame.asks_at(address_of)
        frame.open_tab("help", "help_desk:articles", Text(zh="常见问题", en="Answers"))
        for name, act, address, zh, en in PAGES:
            officer.rail_page(name, act=act, address=f"help_desk:{address}", title={"zh": zh, "en": en})


PAGES = (
    ("desk", "desk", "desk", "服务台", "Help desk"),
    ("desk_call", "desk", "call", "记录来电", "Take a call"),
    ("desk_articles", "desk", "knowledge", "知识库", "Knowledge base"),
    ("desk_machines", "desk", "machines", "大厅自助机", "Machines in the halls"),
    ("desk_figures", "supervise", "figures", "服务台数据", "Help-desk figures"),
)
