"""The phones of the stand-in for WeChat, as pages."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from minjing.kernel.notify.providers.standin.wechat_people import ACCOUNT_NAME, CHINA, PEOPLE

if TYPE_CHECKING:
    from minjing.kernel.notify.providers.standin.wechat_account import Line, World

STYLE = """
*{box-sizing:border-box}
body{margin:0;background:#dfe3ea;color:#14213a;
  font:16px/1.55 "PingFang SC","Noto Sans SC","Noto Sans CJK SC","Microsoft YaHei",system-ui,sans-serif}
.phone{max-width:420px;min-height:100vh;margin:0 auto;background:#ededed;display:flex;flex-direction:column}
header{background:#f7f7f7;border-bottom:1px solid #d5d5d5;padding:10px 14px;text-align:center}
h1{font-size:1.05rem;margin:0}
.people{display:flex;gap:8px;justify-content:center;margin:8px 0 0;padding:0;list-style:none;font-size:.9rem}
.people a{color:#14213a;padding:6px 12px;border-radius:999px;background:#fff;border:1px solid #cfcfcf;
  text-decoration:none;display:block}
.people a[aria-current]{background:#0a6e3b;color:#fff;border-color:#0a6e3b}
main{flex:1;padding:12px 14px}
ol{list-style:none;margin:0;padding:0;display:grid;gap:10px}
li.in,li.out{max-width:86%}
li.out{justify-self:end}
.b{display:block}
.say{background:#fff;border-radius:6px;padding:9px 12px;white-space:pre-wrap;overflow-wrap:anywhere}
.out .say{background:#95ec69}
.card{background:#fff;border-radius:8px;padding:12px 14px}
.card h2{font-size:1rem;margin:0 0 6px}
dl{margin:0;display:grid;grid-template-columns:auto 1fr;gap:2px 12px}
dt{color:#5b6678}
dd{margin:0;overflow-wrap:anywhere}
.card a{display:block;margin-top:8px;padding-top:8px;border-top:1px solid #e2e2e2;color:#16479d}
time{display:block;font-size:.78rem;color:#5b6678;margin:2px 2px 0}
footer{background:#f7f7f7;border-top:1px solid #d5d5d5;padding:10px}
form{display:flex;gap:8px;margin:0}
input{flex:1;min-width:0;min-height:44px;font:inherit;border:1px solid #76839a;border-radius:6px;
  padding:4px 10px}
button,.menu a{min-height:44px;font:inherit;border:1px solid #cfcfcf;border-radius:6px;background:#fff;
  color:#14213a;padding:4px 12px;text-decoration:none;display:flex;align-items:center;justify-content:center;
  cursor:pointer}
.menu{display:grid;grid-template-columns:repeat(3,1fr);gap:8px;margin-top:8px}
.menu form,.menu button{width:100%}
.go{background:#0a6e3b;color:#fff;border-color:#0a6e3b}
.hint{color:#5b6678;font-size:.88rem;text-align:center}
.who{list-style:none;padding:24px;display:grid;gap:12px}
.who .b{background:#fff;border-radius:8px;padding:14px 18px;color:#14213a}
"""


def page_of(title: str, content: str) -> str:
    """Return a page of WeChat."""
    return (
        "<!doctype html><html lang='zh-Hans'><head><meta charset='utf-8'>"
        f"<meta name='viewport' content='width=device-width,initial-scale=1'><title>{title}</title>"
        f"<style>{STYLE}</style></head><body><div class='phone'><header><h1>{title}</h1></header>"
        f"<main>{content}</main></div></body></html>"
    )


def phone(world: World, name: str) -> str:
    """Return the chat of one person with the official account."""
    people = "".join(
        f"<li><a href='/phone?as={n}'{' aria-current=page' if n == name else ''}>{zh}</a></li>"
        for n, (zh, _) in PEOPLE.items()
    )
    lines = "".join(_line(one) for one in world.chats.get(name, []))
    follows = name in world.follows
    empty = "<p class='hint'>还没有消息。· Nothing here yet.</p>"
    return (
        "<!doctype html><html lang='zh-Hans'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'><title>演示微信 · Demo WeChat</title>"
        f"<style>{STYLE}</style></head><body><div class='phone'><header>"
        f"<h1>{ACCOUNT_NAME[0]} · {ACCOUNT_NAME[1]}</h1><ul class='people'>{people}</ul></header>"
        "<main><p class='hint'>演示环境：这里的微信是假的，只连到本机。"
        " · A demo: this WeChat talks to this machine only.</p>"
        f"{'<ol>' + lines + '</ol>' if lines else empty}<div id='end'></div></main>"
        f"<footer>{_keys(world, name) if follows else _follow(name)}</footer></div></body></html>"
    )


def _line(one: Line) -> str:
    at = f"<time datetime='{one.at.isoformat(timespec='seconds')}'>{one.at.astimezone(CHINA):%m-%d %H:%M:%S}</time>"
    if one.card:
        rows = "".join(f"<dt>{k}</dt><dd>{html.escape(v)}</dd>" for k, v in one.card)
        link = f"<a href='{html.escape(one.url)}'>查看详情 · Open</a>" if one.url.startswith("http") else ""
        return (
            f"<li class='in'><div class='card'><h2>{html.escape(one.text)}</h2><dl>{rows}</dl>{link}</div>{at}</li>"
        )
    return f"<li class='{'out' if one.mine else 'in'}'><div class='say'>{html.escape(one.text)}</div>{at}</li>"


def _keys(world: World, name: str) -> str:
    buttons = ""
    flat = [b for top in world.menu.get("button", []) for b in (top.get("sub_button") or [top])]
    for one in flat:
        label = html.escape(str(one.get("name", "")))
        if one.get("type") == "view":
            buttons += f"<a href='{html.escape(str(one.get('url', '')))}'>{label}</a>"
        else:
            buttons += _button(name, "tap", label, key=str(one.get("key", "")))
    return (
        f"<form method='post' action='/phone/act'><input type='hidden' name='as' value='{name}'>"
        "<input type='hidden' name='what' value='say'>"
        "<input name='text' aria-label='消息 · Message' placeholder='进度 / 绑定 …' autocomplete='off'"
        " maxlength='600'><button class='go'>发送</button></form>"
        f"<div class='menu'>{buttons}{_button(name, 'unfollow', '取消关注')}</div>"
    )


def _follow(name: str) -> str:
    return (
        f"<div class='menu' style='grid-template-columns:1fr'>{_button(name, 'follow', '关注公众号 · Follow')}</div>"
    )


def _button(name: str, what: str, label: str, key: str = "") -> str:
    return (
        f"<form method='post' action='/phone/act'><input type='hidden' name='as' value='{name}'>"
        f"<input type='hidden' name='what' value='{what}'><input type='hidden' name='key' value='{html.escape(key)}'>"
        f"<button>{label}</button></form>"
    )
