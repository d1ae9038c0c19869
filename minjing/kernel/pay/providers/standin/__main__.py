"""Serve local gateways in a process of their own: python -m …standin FOLDER wechat=PORT alipay=PORT unionpay=PORT."""

import sys
import threading
from importlib import import_module
from pathlib import Path

folder, *wanted = sys.argv[1:]
for pair in wanted:
    name, _, port = pair.partition("=")
    one = import_module(f"minjing.kernel.pay.providers.standin.{name}").server(int(port), folder=Path(folder) / name)
    threading.Thread(target=one.serve_forever, daemon=True).start()
threading.Event().wait()
