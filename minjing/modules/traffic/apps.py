"""Plug board of traffic: its registers, services, effects and pages."""

from pathlib import Path

from django.apps import AppConfig


class TrafficConfig(AppConfig):
    name = "minjing.modules.traffic"
    label = "traffic"

    def ready(self) -> None:
        """Hang traffic into the kernel; each corner of the module has its own lines."""
        from minjing.kernel.matters import plugs
        from minjing.kernel.notify import plugs as notify
        from minjing.kernel.pay import plugs as pay
        from minjing.modules.traffic import catalogue
        from minjing.modules.traffic import checks as _checks  # noqa: F401 - registers itself
        from minjing.modules.traffic.actions import money
        from minjing.modules.traffic.queries import objections
        from minjing.portals.api import plugs as api

        api.router("/traffic", "minjing.modules.traffic.views.api:traffic")
        notify.texts(Path(__file__).parent / "texts")
        pay.on_settled(money.settled)
        pay.on_expired(money.expired)
        plugs.excludes("traffic.reviewed_it", objections.reviewed_it)
        plugs.catalogue(Path(__file__).parent / "catalog")
        catalogue.hang()
        self._penalties()
        self._registers()
        self._yielding()

    def _penalties(self) -> None:
        from minjing.kernel.matters.schema import Text
        from minjing.portals.citizen import plugs as citizen
        from minjing.portals.officer import plugs as officer

        citizen.own_page(
            "traffic:violations",
            title=Text(zh="我的违法和记分", en="My violations and points"),
            about=Text(
                zh="每条为什么这样处罚、怎样会不同；缴款和异议", en="Why each costs what it does; pay or object"
            ),
        )
        officer.rail_page(
            "violations",
            act="review_violations",
            address="traffic:review",
            title={"zh": "违法审核", "en": "Violations"},
        )

        for name, act, address, zh, en in COUNTER_PAGES:
            officer.rail_page(name, act=act, address=f"traffic:{address}", title={"zh": zh, "en": en})

    def _registers(self) -> None:
        from minjing.kernel.files import plugs as files
        from minjing.kernel.matters import plugs
        from minjing.kernel.matters.schema import Text
        from minjing.modules.traffic.queries import evidence
        from minjing.modules.traffic.queries.accidents import file_holders
        from minjing.modules.traffic.queries.stars import stars_of
        from minjing.portals.citizen import plugs as citizen
        from minjing.portals.officer import plugs as officer

        officer.rail_page(
            "accidents",
            act="handle_accidents",
            address="traffic:accident_desk",
            title={"zh": "事故处理", "en": "Accidents"},
        )
        plugs.stars(stars_of)
        files.also_holds(file_holders)
        files.also_holds(evidence.file_holders)
        citizen.begins_at("JT0401", "traffic:accident_new")
        citizen.own_page(
            "traffic:cars",
            title=Text(zh="我的车", en="My cars"),
            about=Text(
                zh="检验、保险、谁在使用、绑定和星级", en="Inspection, insurance, who uses them, bindings and stars"
            ),
        )
        citizen.own_page(
            "traffic:licence",
            title=Text(zh="我的驾驶证", en="My driving licence"),
            about=Text(zh="有效期、状态、电子驾驶证", en="Until when, its state, the electronic licence"),
        )
        citizen.own_page(
            "traffic:moves",
            title=Text(zh="一键挪车", en="Moving a car"),
            about=Text(zh="车主的回复、中间号码、通话", en="The owner’s answer, the number in between, the calls"),
        )
        citizen.own_page(
            "traffic:accident_new",
            title=Text(zh="事故快处", en="Settle an accident"),
            about=Text(zh="小事故，两部手机拍照、定责、签字", en="A small one: photos, liability, two signatures"),
        )

    def _yielding(self) -> None:
        from minjing.kernel.matters.schema import Text
        from minjing.portals.citizen import plugs as citizen
        from minjing.portals.officer import plugs as officer

        for name, act, address, zh, en in OFFICERS_PAGES:
            officer.rail_page(name, act=act, address=f"traffic:{address}", title={"zh": zh, "en": en})
        citizen.own_page(
            "traffic:made_way",
            title=Text(zh="我给救护车让过路", en="I made way for an ambulance"),
            about=Text(zh="因避让造成的违法，核实后消除", en="Violations that it caused are struck once verified"),
        )


OFFICERS_PAGES = (
    ("yielding", "review_violations", "yielding_desk", "避让核实", "Made way?"),
    ("yielding_batches", "review_violations", "yielding_held", "待定轨迹批次", "Held batches"),
    ("drafts", "see_drafts", "drafts", "规则推演", "What if?"),
    ("missions", "supervise", "missions", "救护车任务回放", "Ambulance missions"),
)
COUNTER_PAGES = (
    ("traffic_records", "look", "records", "机动车和驾驶证查询", "Vehicles and licences"),
    ("traffic_counter", "review_violations", "counter", "窗口处理违法", "Decide at the counter"),
    ("traffic_tests", "examine", "tests", "登记考试成绩", "Test results"),
)
