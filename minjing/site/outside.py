"""The world outside as the demo has it: the stand-in of each provider on a port of its own, all in one process.

A stand-in speaks its provider's wire protocol and belongs to the part that talks to that provider
(`providers/standin/`); here stands only who listens where. They share a process because they are a demo's: together
they take the memory of one. Tests start each by itself.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast


class Serving(Protocol):
    """What a stand-in returns: a server that listens and can be told to serve (http.server has this shape)."""

    def serve_forever(self) -> None: ...


@dataclass(frozen=True)
class StandIn:
    """One provider: how far its port lies above that of the pages, and the module that plays it.

    The module has `server(port, host)` and, where it holds keys, `prepare(folder)`, which makes them once.
    """

    name: str
    offset: int
    module: str


STAND_INS: Sequence[StandIn] = (
    StandIn("sms", 1, "minjing.kernel.notify.providers.standin.sms_gateway"),  # 2, 3 and 4 are the witnesses
    StandIn("sms_b", 5, "minjing.kernel.notify.providers.standin.aliyun_sms"),
    StandIn("wechat_pay", 6, "minjing.kernel.pay.providers.standin.wechat"),
    StandIn("alipay", 7, "minjing.kernel.pay.providers.standin.alipay"),
    StandIn("unionpay", 8, "minjing.kernel.pay.providers.standin.unionpay"),
    StandIn("card_reader", 13, "minjing.kernel.identity.providers.standin.card_reader"),
    StandIn("wechat", 9, "minjing.kernel.notify.providers.standin.wechat_account"),
    StandIn("mail", 10, "minjing.kernel.notify.providers.standin.mail_server"),  # its page at 14
    StandIn("push", 11, "minjing.kernel.notify.providers.standin.push_service"),
    StandIn("mqtt", 15, "minjing.modules.traffic.providers.standin.broker"),
    StandIn("relay", 16, "minjing.modules.traffic.providers.standin.relay"),
    StandIn("carrier", 12, "minjing.modules.exit_entry.providers.standin.postal_carrier"),
)


def folder_of(data_dir: Path, name: str) -> Path:
    """Return where a stand-in keeps its keys and what it remembers."""
    return data_dir / "outside" / name


def prepare(data_dir: Path) -> None:
    """Make the keys of all stand-ins that are not there yet."""
    for one in STAND_INS:
        make = getattr(import_module(one.module), "prepare", None)
        if make is not None:
            folder = folder_of(data_dir, one.name)
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            make(folder)


def serve(first_port: int) -> None:
    """Serve all of them until the process is stopped."""
    host = os.environ.get("HOST") or "127.0.0.1"
    for one in STAND_INS:
        start = cast(Callable[[int, str], Serving], import_module(one.module).server)
        running = start(first_port + one.offset, host)
        threading.Thread(target=running.serve_forever, name=one.name, daemon=True).start()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return


def ports(first_port: int) -> dict[str, Any]:
    """Return the port of each stand-in by name."""
    return {one.name: first_port + one.offset for one in STAND_INS}
