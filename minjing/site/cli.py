"""The command `minjing`: up, web, worker, demo, stop-postgres; its other verbs are the parts' own commands."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from minjing.site import outside, postgres, processes
from minjing.site.processes import CannotStart, Child

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb of the command line; what goes wrong is one sentence, not a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    verbs: dict[str, Callable[[list[str]], None]] = {
        "up": up,
        "web": web,
        "worker": worker,
        "demo": demo,
        "stop-postgres": lambda _: postgres.stop(data_dir()),
    }
    verb = given[0] if given else "help"
    if verb in ("web", "worker", *LIGHT):
        os.environ.setdefault("MINJING_PROCESS", f"minjing-{verb}")
    if verb in LIGHT:
        os.environ["DJANGO_SETTINGS_MODULE"] = LIGHT[verb]  # not what the parent, `up`, works with
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minjing.site.settings")
    if verb in ("help", "-h", "--help"):
        print(HELP)
        return
    if verb == "witness":
        # No folder, database or framework of ours: others run it on machines that have none of them.
        from minjing.kernel.ledger.witness.__main__ import main as witness

        witness(given[1:])
        return
    try:
        processes.check_folder(data_dir())
        if verb in verbs:
            verbs[verb](given[1:])
        else:
            connect()
            if verb == "ledger" and given[1:2] and given[1] in ABOVE_THE_LEDGER:
                given[:2] = [f"ledger_{given[1]}"]
            _manage(given)
    except CannotStart as reason:
        sys.exit(f"minjing: {reason}")
    except ModuleNotFoundError as missing:
        sys.exit(f"minjing: the package {missing.name!r} is missing from the environment. Run `make setup`.")
    except Exception as error:
        from django.core.exceptions import ImproperlyConfigured

        if not isinstance(error, ImproperlyConfigured):
            raise
        sys.exit(f"minjing: {error}")


def _manage(given: list[str]) -> None:
    """Run a command of a part. Raises CannotStart where it asks for tables that nobody has made yet."""
    from django.core.management import execute_from_command_line
    from django.db import ProgrammingError

    try:
        execute_from_command_line(["minjing", *given])
    except ProgrammingError as error:
        if type(error.__cause__).__name__ != "UndefinedTable":
            raise
        raise CannotStart("The tables are not made yet. Run `make up` once, or `minjing migrate`.") from None


# What these know is bytes, ids and names of tables; what is above the ledger stays out of their memory.
LIGHT = {"sequencer": "minjing.site.ledger_settings", "monitor": "minjing.site.monitor_settings"}
# Verbs of the ledger that need more than the ledger knows: acts to compare with, people to ask.
ABOVE_THE_LEDGER = ("audit", "drill", "rotate")

HELP = """minjing VERB

  up                    start everything (web, worker, sequencer; in the demo also the world outside)
  web | worker | sequencer | monitor   one process alone
  demo load             fill the database with the synthetic city
  demo traffic [--vehicles N]   fill the traffic registers with a made-up city on wheels
  demo token NAME       print an API token for a demo user
  demo cameras --url U [--count N]   send what cameras saw, pictures and all, as a camera system does
  demo journey --url U  walk the main journey over HTTP; exit 0 when every step held
  demo outside          what stands for the world outside: providers of messages, payments, post
  catalog lint | list [--json] | publish | diff CODE OLD NEW | diagram CODE [--format svg|bpmn]
  matter show NUMBER | migrate CODE FROM TO [--map A=B] [--apply] | undo ID | recompute
  ledger init | status | verify | prove ENTRY | export DIR | rebuild | guard | adopt | audit | drill | rotate
  witness init | run | show   a witness of the ledger, for others to run: docs/howto/run-a-witness.md
  sender admit camera|dispatch CODE --zh NAME --en NAME | end camera|dispatch CODE | list
  administrator appoint LOGIN POST [--name --number] | reset LOGIN
  stop-postgres         stop the embedded database"""


def data_dir() -> Path:
    """Return the folder of all data."""
    return Path(os.environ.get("DATA_DIR") or ROOT / "var").resolve()


def port() -> int:
    """Return the port of the pages."""
    text = os.environ.get("PORT") or "8000"
    if not text.isdigit() or not 1 <= int(text) <= 65_534:
        raise CannotStart(f"PORT must be a number between 1 and 65534, not {text!r}.")
    return int(text)


def connect() -> None:
    """Start the database if it is the embedded one and say plainly when it cannot be used."""
    postgres.check(postgres.ensure(data_dir()))


def up(arguments: list[str]) -> None:
    """Start everything under this parent and stay until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="minjing up")
    parser.add_argument("--workers", type=int, default=int(os.environ.get("WEB_WORKERS") or 2))
    options = parser.parse_args(arguments)
    began, number = time.monotonic(), port()
    processes.check_port(number)
    held = processes.hold_folder(data_dir())
    try:
        connect()
        _run(number, options.workers, began)
    finally:
        if not os.environ.get("KEEP_POSTGRES") and _is_embedded():
            postgres.stop(data_dir())
        held.close()
    print("minjing: stopped; the data stays in", data_dir())


def _run(number: int, workers: int, began: float) -> None:
    """Bring everything up to date and serve it until a signal comes."""
    gc.set_threshold(*processes.GC_THRESHOLDS)
    import django
    from django.conf import settings

    django.setup()
    check_settings()
    if settings.DEMO:  # before the city is loaded, which takes a while the first time
        for taken in (*outside.ports(number).values(), *_witness_ports(number).values()):
            processes.check_port(taken)
    preparing = processes.Apart(_prepared)
    try:
        from minjing.site import serving

        serving.load()  # while the database is brought up to date
    except BaseException:
        preparing.give_up()
        raise
    told = preparing.result()
    children = [
        Child("web", lambda: serving.serve(number, workers)),
        Child("sequencer", processes.own("sequencer")),
        Child("worker", lambda: worker([]), gives_way=True),
        Child("monitor", processes.own("monitor"), gives_way=True),
    ]
    if settings.DEMO:
        demo = Child("outside", processes.own("demo", "outside", "--port", str(number)))
        children[1:1] = [demo, *_witnesses(number)]  # before the sequencer, which publishes nothing without them

    def ready() -> None:
        if settings.DEMO:
            processes.wait_until_served(outside.ports(number)["sms"])
        print(told.replace(SECONDS, f"{time.monotonic() - began:.1f} s"), flush=True)

    try:
        processes.supervise(
            children,
            served=lambda: processes.wait_until_served(number),
            ready=ready,
            watch=lambda: postgres.revive(data_dir()) if _is_embedded() else None,
        )
    except BaseException:
        processes.stop_all(children)
        raise


def _witness_ports(number: int) -> dict[str, int]:
    """Return the port of each of the demo's witnesses by name."""
    return {name: number + 2 + n for n, name in enumerate(processes.WITNESSES)}


def _witnesses(number: int) -> list[Child]:
    """Return the demo's witnesses."""
    return [
        Child(f"witness-{name}", processes.witness(name, data_dir(), port))
        for name, port in _witness_ports(number).items()
    ]


_given_by_user = frozenset(os.environ)


def _is_embedded() -> bool:
    return "DATABASE_URL" not in _given_by_user


def _prepared() -> str:
    """Bring the database up to date; return what to print once the pages are served."""
    prepare()
    return welcome()


def prepare() -> None:
    """Bring the database up to date: tables, catalogue, demo city; quick when nothing has changed."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        print("minjing: making the tables …", flush=True)
        call_command("migrate", verbosity=0)
    if not (settings.DATA_DIR / "keys" / "papers").exists():
        from minjing.kernel.papers import signing

        signing.keys_dir()  # made now, so that the first decision does not wait for them
    if settings.DEMO:
        from minjing.site.demo import witnesses

        outside.prepare(settings.DATA_DIR)
        witnesses.prepare(settings.DATA_DIR, port() + 2)
    _load_city(settings.DEMO)


def _load_city(is_demo: bool) -> None:
    from minjing.base.clock import now
    from minjing.kernel.matters.catalog import WrongFile
    from minjing.site import city, demo

    load = demo.load if is_demo else city.load
    try:
        load(now(), lambda line: print(f"minjing: {line}", flush=True))
    except (WrongFile, city.WrongCity) as wrong:
        raise CannotStart(str(wrong)) from None


SECONDS = "<seconds>"


def welcome() -> str:
    """Return what is printed once the pages are served: addresses and, in the demo, the logins."""
    from django.conf import settings

    base = settings.BASE_URL
    lines = [
        "",
        f"  Minjing 民警 · 民生警务 is up ({SECONDS}). Ctrl-C stops it; the data stays in {settings.DATA_DIR}.",
        f"    residents  {base}/            officers  {base}/officer/",
        f"    open portal {base}/open/       API       {base}/api/docs",
    ]
    if settings.DEMO:
        from minjing.site import demo as city

        lines += [f"    text messages of the demo  {settings.SMS_INBOX_URL}", "", *city.logins()]
    return "\n".join([*lines, ""])


def check_settings() -> None:
    """Raise CannotStart where a city in earnest would start with the demo's keys: the house's checks for deploying.

    Django's own (`minjing check --deploy` has both) are advice about the proxy in front, and stop nothing.
    """
    from django.conf import settings
    from django.core.checks import ERROR
    from django.core.checks.registry import registry

    if settings.DEMO:
        return
    own = [check for check in registry.deployment_checks if check.__module__.startswith("minjing.")]
    wrong = [found.msg for check in own for found in check(app_configs=None, databases=None) if found.level >= ERROR]
    if wrong:
        raise CannotStart(
            f"This is no demo, and its settings are not yet a city's: {' '.join(sorted(wrong))}"
            " docs/howto/run-it.md says what each is; MINJING_DEMO=1 starts the demo."
        )


def web(arguments: list[str]) -> None:
    """Serve the pages alone."""
    processes.check_port(port())
    connect()
    import django

    django.setup()
    check_settings()
    from minjing.site import serving

    serving.serve(port(), int(os.environ.get("WEB_WORKERS") or 2))


def worker(arguments: list[str]) -> None:
    """Run the jobs: notices, periodic work."""
    connect()
    import django
    from django.core.management import call_command

    django.setup()
    check_settings()
    from minjing.modules.traffic.actions.yielding import listening

    listening.listen()
    # What is done leaves no job behind: the table stays small, and its arguments are kept no longer than needed.
    call_command("procrastinate", "worker", "--delete-jobs", "successful", *arguments, verbosity=0)


def demo(arguments: list[str]) -> None:
    """Run one of the demo's verbs: load, traffic, token, journey, outside."""
    parser = argparse.ArgumentParser(prog="minjing demo")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("load")
    token = verbs.add_parser("token")
    token.add_argument("name")
    journey = verbs.add_parser("journey")
    journey.add_argument("--url", required=True)
    traffic = verbs.add_parser("traffic")
    traffic.add_argument("--vehicles", type=int, default=34_000)
    traffic.add_argument("--seed", type=int, default=20171114)
    cameras = verbs.add_parser("cameras")
    cameras.add_argument("--url", required=True)
    cameras.add_argument("--count", type=int, default=10)
    world = verbs.add_parser("outside")
    world.add_argument("--port", type=int, help="the port of the pages; the stand-ins listen above it")
    options = parser.parse_args(arguments)
    if options.verb == "journey":
        import django

        django.setup()
        from minjing.site import journey as walk

        sys.exit(walk.main(options.url))
    if options.verb == "cameras":
        import django

        django.setup()
        from minjing.base.clock import now
        from minjing.site.demo import camera_feed

        print(f"{camera_feed.send(options.url, options.count, now(), print)} records taken")
        return
    if options.verb == "outside":
        outside.serve(options.port or port())
        return
    connect()
    import django

    django.setup()
    from minjing.base.clock import now
    from minjing.site import demo as city

    if options.verb == "load":
        city.load(now(), print)
    elif options.verb == "traffic":
        from minjing.site.demo.fleet.fill import fill

        rows, seconds = fill(options.vehicles, now(), print, seed=options.seed)
        print(f"{rows:,} rows in {seconds:.1f} s: {rows / max(seconds, 0.001):,.0f} rows/s")
    else:
        print(city.token(options.name, now()))


if __name__ == "__main__":
    main()
