"""The plan of the house, as far as a linter of imports cannot see it."""

import ast
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection, models

from tests.house import ROOT

HOUSE = ROOT / "minjing"
# From bottom to top; a module of its own storey comes after all of them.
KERNEL = ("ledger", "watch", "identity", "files", "notify", "papers", "pay", "booking", "matters")
MODULES = sorted(p.name for p in (HOUSE / "modules").iterdir() if (p / "apps.py").exists())
MODELS = [m for m in apps.get_models(include_auto_created=True) if m.__module__.startswith("minjing.")]


def storey(model: type[models.Model]) -> int:
    """Return how high a model lies; modules all lie on one storey."""
    part = model.__module__.split(".")[2]
    return KERNEL.index(part) if part in KERNEL else len(KERNEL)


def foreign_keys() -> Iterator[tuple[type[models.Model], models.Field, type[models.Model]]]:  # type: ignore[type-arg]
    for model in MODELS:
        for field in model._meta.get_fields():
            target = getattr(field, "related_model", None)
            if isinstance(field, models.Field) and target in MODELS:
                yield model, field, target


def test_foreign_keys_point_inside_or_down_and_never_between_modules():
    wrong = [
        f"{model._meta.label}.{field.name} → {target._meta.label}"
        for model, field, target in foreign_keys()
        if model._meta.app_label != target._meta.app_label and storey(target) >= storey(model)
    ]
    assert wrong == []


@pytest.mark.django_db
def test_the_database_too_has_no_foreign_key_upwards():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
        )
        keys = cursor.fetchall()
    order = {name: height for height, name in enumerate((*KERNEL, *MODULES))}
    wrong = []
    for table, target in keys:
        here, there = order.get(table.split("_")[0]), order.get(target.split("_")[0])
        if here is not None and there is not None and there > here:
            wrong.append(f"{table} → {target}")
    assert wrong == []


def test_a_model_in_a_foreign_folder_would_be_seen():
    assert storey(apps.get_model("matters", "Matter")) > storey(apps.get_model("identity", "Account"))
    assert any(target._meta.label == "identity.Account" for _, _, target in foreign_keys())


def test_every_part_with_tables_of_its_own_brings_their_migrations():
    """Without the package Django makes no tables for a part, and says nothing."""
    parts = {apps.get_app_config(model._meta.app_label).name for model in MODELS}
    assert sorted(part for part in parts if importlib.util.find_spec(f"{part}.migrations") is None) == []


@pytest.mark.parametrize("module", MODULES)
def test_the_house_stands_without(module: str):
    """Drop one module from INSTALLED_APPS: `check` still passes and every page's address still resolves."""
    code = (
        "import django\nfrom django.conf import settings\n"
        f"settings.INSTALLED_APPS.remove('minjing.modules.{module}')\n"
        "django.setup()\nfrom django.core.management import call_command\n"
        "call_command('check', '--fail-level', 'WARNING')\n"
        "from django.urls import reverse\n"
        "[reverse(name) for name in ('citizen:home', 'officer:workbench', 'open:home', 'open:services')]\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 0, done.stderr[-1500:]


# Tables whose rows are evidence: an UPDATE or DELETE beside their action is refused by the database itself.
KEPT = (
    ("ledger_outbox", "UPDATE ledger_outbox SET kind = 'x'"),
    ("ledger_outbox", "DELETE FROM ledger_outbox"),
    ("ledger_bundle", "UPDATE ledger_bundle SET entries = '\\x00'"),
    ("ledger_bundle", "DELETE FROM ledger_bundle"),
    ("ledger_checkpoint", "DELETE FROM ledger_checkpoint"),
    ("matters_matter", "UPDATE matters_matter SET outcome = 'approved'"),
    ("matters_matter", "DELETE FROM matters_matter"),
    ("matters_matterevent", "DELETE FROM matters_matterevent"),
    ("matters_procedure", "UPDATE matters_procedure SET body = '{}'"),
    ("papers_paper", "DELETE FROM papers_paper"),
    ("pay_capture", "UPDATE pay_capture SET fen = 1"),
    ("pay_capture", "DELETE FROM pay_capture"),
    ("pay_order", "UPDATE pay_order SET total_fen = 1"),
    ("pay_refund", "DELETE FROM pay_refund"),
    ("household_member", "DELETE FROM household_member"),
    ("household_item", "DELETE FROM household_item"),
    ("traffic_vehicle", "DELETE FROM traffic_vehicle"),
    ("traffic_vehiclepast", "UPDATE traffic_vehiclepast SET plate = ''"),
    ("traffic_licence", "DELETE FROM traffic_licence"),
    ("traffic_licencepast", "DELETE FROM traffic_licencepast"),
    ("traffic_accident", "DELETE FROM traffic_accident"),
    ("traffic_accidentparty", "UPDATE traffic_accidentparty SET signed_at = NULL"),
    ("traffic_registerpast", "DELETE FROM traffic_registerpast"),
)


@pytest.mark.django_db
@pytest.mark.parametrize(("table", "statement"), KEPT, ids=lambda value: value[:40])
def test_the_database_refuses_to_rewrite_evidence(table: str, statement: str):
    """A trigger stands before it (whether rows are there or not: it is asked for by name)."""
    verb = statement.split()[0]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal"
            " AND tgenabled IN ('O', 'A')"
            " AND (tgtype & %s) > 0 AND (tgtype & 2) > 0",  # 2: before
            [table, {"DELETE": 8, "UPDATE": 16}[verb]],
        )
        assert cursor.fetchone()[0] >= 1, f"nothing stands before: {statement}"


# ---- every act has its entry -----------------------------------------------------------------------------

WRITES = re.compile(
    r"\.(create|bulk_create|update|bulk_update|delete|save|get_or_create|update_or_create)\(|store\.(write|submit)\(|"
    r"\bcursor\.execute\("
)
TELLS = re.compile(
    r"\bappend\(|\bentry\(|store\.(write|submit)\(|record_look\(|ledger\.erase_person\(|INSERT INTO ledger_outbox"
)
# Writers that leave no entry, each with its reason.
SILENT = {
    "ledger": "the ledger itself: an entry about each entry would have no end",
    "files.begin": "an upload on its way is no act yet; finish() and store() are on record",
    "files.append": "a piece of an upload on its way",
    "files.sweep": "removes uploads that nobody finished",
    "files.cancel": "an upload that its owner stopped",
    "files.let_go": "a mark; the act that took the file off is on record, and so is its removal",
    "matters.take_off": "part of taking a paper off or deleting a draft, which are on record",
    "identity.send_code": "nobody is known yet; the sign-in that follows is on record",
    "identity.send_code_by_id_number": "the same, to the phone of who has this ID number",
    "identity.set_language": "a wish about pages, no act on anybody's data",
    "identity.set_elder_mode": "the same",
    "identity.check_second_factor": "uses a code up; the caller records the sign-in",
    "identity.check_passkey": "counts a passkey's use; the caller records the sign-in",
    "traffic.take": "inside an effect, whose decision is on record",
    "traffic.assign": "inside an effect, whose decision is on record",
    "traffic.keep_old": "inside an effect, whose decision is on record",
    "household.new_number": "inside an effect, whose decision is on record",
    "household.retire_number": "inside an effect, whose decision is on record",
    "booking.remind": "a notice, which notify puts on record",
    "pay.once": "the key of a request; its effect is on record in the same transaction",
    "pay.issue": "marks the order with its receipt; papers records the paper",
    "pay.expect": "a wish for a file; its reading is on record",
    "pay.came_back": "a mark that a browser is back, which proves nothing; what the gateway says is on record",
    "pay.ask_soon": "a question put earlier; its answer is on record",
    "pay.close_attempts": "a question put earlier; its answer is on record",
    "pay.hold_subject": "a lock",
    "pay.hold_subjects": "a lock",
    "traffic.hold": "a lock",
    "traffic.settle_down": "part of striking, which is on record; kernel pay records what goes back",
    "traffic.keep": "part of publishing and striking, which are on record",
    "traffic.expired": "a part falls due again; that its order ran out is on record",
    "watch.beat": "the sign of life of a process; what it finds is on record",
    "identity.key_of_its_own": "a key with nothing under it yet; who seals something under it tells of that",
    "notify": "a notice is a consequence of an act that stands in the ledger; delivery is not an act",
}


def action_functions() -> Iterator[tuple[str, str, ast.FunctionDef, dict[str, ast.FunctionDef]]]:
    """Yield every public function of every part's actions, with all functions of that part's actions."""
    for part in [*(HOUSE / "kernel").iterdir(), *(HOUSE / "modules").iterdir()]:
        files = [part / "actions.py"] if (part / "actions.py").exists() else sorted((part / "actions").glob("*.py"))
        known: dict[str, ast.FunctionDef] = {}
        trees = {file: ast.parse(file.read_text(encoding="utf-8")) for file in files if file.exists()}
        for tree in trees.values():
            known |= {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        for file, tree in trees.items():
            for node in tree.body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    yield part.name, file.stem, node, known


def reached(function: ast.FunctionDef, known: dict[str, ast.FunctionDef], seen: set[str] | None = None) -> str:
    """Return the source of a function and of all that it calls in its own part's actions."""
    seen = seen if seen is not None else set()
    seen.add(function.name)
    text = ast.unparse(function)
    for node in ast.walk(function):
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if name in known and name not in seen:
            text += "\n" + reached(known[name], known, seen)
    return text


def test_every_action_that_writes_tells_the_ledger():
    silent, writers = [], 0
    for part, file, function, known in action_functions():
        text = reached(function, known)
        if not WRITES.search(text):
            continue
        writers += 1
        excused = part in SILENT or f"{part}.{function.name}" in SILENT
        if not TELLS.search(text) and not excused:
            silent.append(f"{part}.{file}.{function.name}")
    assert writers > 40
    assert silent == []


# ---- texts, files, words ---------------------------------------------------------------------------------

TEMPLATES = sorted(p for p in HOUSE.rglob("templates/**/*.html"))
HAN = re.compile(r"[\u4e00-\u9fff]")


# Measure words and the like that English has no place for, and the official title of a document.
ONLY_CHINESE = {"条", "件", "份", "版", "张", "年", "月", "日", "年部分节假日安排的通知"}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda p: "/".join(p.parts[-2:]))
def test_every_text_of_a_template_is_in_both_languages(template: Path):
    """Chinese stands in a template only inside {% t "…" "…" %}, beside en="…", or where it is chosen by language."""
    text = template.read_text(encoding="utf-8")
    for zh, en in re.findall(r"""{%\s*t\s+["']([^"']*)["']\s+["']([^"']*)["']\s*%}""", text):
        assert not HAN.search(en), f"the English of {zh!r} is Chinese: {en!r}"
        said = "".join(HAN.findall(zh))
        assert en.strip() or not said or said in ONLY_CHINESE, f"{zh!r} has no English"
    assert [bit for bit in outside_of_choice(text) if HAN.search(bit)] == []


def outside_of_choice(text: str) -> Iterator[str]:
    """Yield the text of a template that is not inside {% if english %} … {% endif %} and not marked as Chinese."""
    chosen: list[bool] = []
    for piece in re.split(r"({%.*?%}|{#.*?#})", text, flags=re.S):
        tag = re.match(r"{%\s*(\w+)\s*(.*?)\s*%}", piece, flags=re.S)
        if not tag:
            if not any(chosen) and not piece.startswith("{#"):
                yield re.sub(r'<[^>]*lang="zh[^>]*>[^<]*|中文', "", piece)
            continue
        if tag[1] == "if":
            chosen.append("english" in tag[2] or "LANGUAGE_CODE" in tag[2])
        elif tag[1] == "endif":
            chosen.pop()
        elif tag[1] in ("include", "with") and not re.search(r"\ben=|_en=", tag[2]):
            yield tag[2]


MANIFESTS = sorted(HOUSE.rglob("MANIFEST.json"))


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda p: "/".join(p.parts[-4:-1]))
def test_vendored_files_are_those_of_their_manifest(manifest: Path):
    listed = json.loads(manifest.read_text(encoding="utf-8"))
    for item in listed:
        content = (manifest.parent / item["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == item["sha256"], item["file"]
        for key in ("name", "version", "licence"):
            assert item[key], f"{item['file']} has no {key}"
    there = {str(p.relative_to(manifest.parent)) for p in manifest.parent.rglob("*") if p.is_file()}
    extra = there - {item["file"] for item in listed} - {manifest.name}
    assert {name for name in extra if not re.search(r"(?i)licen[cs]e|ofl|readme", name)} == set()


def test_something_is_vendored_and_nothing_comes_from_elsewhere():
    assert MANIFESTS
    pattern = re.compile(
        r"""(?:src|href)=["']https?://|@import\s+url\(\s*["']?https?:|import\s+.*from\s+["']https?:"""
    )
    for file in [*TEMPLATES, *HOUSE.rglob("static/**/*.css"), *HOUSE.rglob("static/**/*.js")]:
        if file.is_file() and "vendor" not in file.parts:
            assert not pattern.search(file.read_text(encoding="utf-8")), file


def test_the_words_of_the_glossary_are_in_the_code_where_it_says():
    rows = re.findall(
        r"^\| ([a-z][\w /-]*?) \|[^|]*\|[^|]*\| ([^|]+) \|$", (ROOT / "GLOSSARY.md").read_text("utf-8"), re.M
    )
    rows = [row for row in rows if row[0] != "word"]
    assert len(rows) > 30
    missing = []
    for word, where in rows:
        if where.strip() == "everywhere":
            continue
        folders = [found for part in where.split(",") for found in HOUSE.rglob(part.strip().removeprefix("*/"))]
        assert folders, f"{word}: {where} is no part of the house"
        pattern = re.compile(r"(?i)(?<![a-z])" + re.sub(r"[ /-]", "[ _-]?", word.rstrip("s")))
        files = [
            f
            for folder in folders
            for f in ([folder] if folder.is_file() else folder.rglob("*"))
            if f.suffix in (".py", ".yaml", ".sql", ".md", ".html")
        ]
        if not any(pattern.search(f.read_text("utf-8")) for f in files):
            missing.append(f"{word} is not in {where}")
    assert missing == []


def test_no_file_has_a_name_that_says_nothing():
    empty = {"utils", "util", "helpers", "helper", "common", "managers", "misc"}
    # `services` is a noun of the trade (事项) where it names the pages of the catalogue, and empty anywhere else.
    assert [p for p in HOUSE.rglob("services.py") if p.parent.name != "views"] == []
    assert [
        str(p) for p in HOUSE.rglob("*") if p.stem in empty and "static" not in p.parts and "templates" not in p.parts
    ] == []


def test_every_part_says_what_it_is_for():
    parts = [
        p
        for storey in ("kernel", "portals", "modules")
        for p in (HOUSE / storey).iterdir()
        if (p / "__init__.py").exists() and p.name != "tests"
    ]
    for part in parts:
        readme = part / "README.md"
        assert readme.exists(), f"{part.relative_to(ROOT)} has no README.md"
        assert len(readme.read_text(encoding="utf-8").splitlines()) <= 30, part


def test_rules_and_base_are_importable_without_django():
    """In a process where Django cannot be imported at all."""
    names = ["minjing.base.workdays", "minjing.base.conditions", "minjing.base.names", "minjing.base.idnumber"]
    names += [f"minjing.kernel.{part}.rules" for part in ("ledger", "identity", "matters") if _is_there(part)]
    code = "import sys; sys.modules['django'] = None; sys.modules['psycopg'] = None\n" + "\n".join(
        f"import {n}" for n in names
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-800:]


def _is_there(part: str) -> bool:
    return importlib.util.find_spec(f"minjing.kernel.{part}.rules") is not None
