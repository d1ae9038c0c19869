"""No road to a person's record but the one that writes the look first: found in the source, so that none is added."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

HOUSE = Path(__file__).resolve().parents[2] / "minjing"
UNSEALS = {"unseal", "unseal_many", "unseal_with"}
# What writes a look, or asks for the proof that one is written.
RECORDS = {
    "record_look",
    "record_looks",
    "record_assigned",
    "record_paper",
    "record_material",
    "record_acting",
    "record_ward_paper",
    "must_cover",
    "may_see",
    "_record",
}

# Functions that open something sealed without writing a look themselves, and why that shows nobody's record to
# others. "recorded": private, called only after the look is on record by the functions named in CALLERS.
UNSEALING = {
    "kernel/identity/actions/looks.py::_opened": "recorded",
    "kernel/identity/actions/hidden_looks.py::open_facts": "the asker's own words, which name nobody; on record",
    "kernel/identity/actions/checks.py::said_of": "what was read of one's own card, on one's own page",
    "kernel/identity/actions/recoveries.py::_move": "the phone goes over to the account's own key; shown to nobody",
    "kernel/identity/actions/recoveries.py::_text_old": "where the old phone is told; shown to nobody",
    "kernel/identity/queries/mandates.py::_names": "what the giver told the taker; shown to these two",
    "kernel/identity/queries/mandates.py::age_of": "says an age to the engine: may they act themselves?",
    "kernel/identity/queries/checks.py::name_and_number": "the house compares a card; the desk is on record",
    "kernel/identity/queries/checks.py::name_of": "the house compares it with the officer's own; shown to nobody",
    "kernel/identity/queries/checks.py::reference": "for the machine its holder chose; shown to nobody",
    "kernel/identity/queries/accounts.py::own_phone": "one's own form, or the relay between two",
    "kernel/identity/queries/accounts.py::_actor": "one's own name on one's own pages",
    "kernel/notify/addresses.py::of_account": "where a notice is sent; shown to nobody",
    "modules/traffic/queries/files.py::said": "for the rule of the next act: a class, days, a fee",
    "kernel/notify/addresses.py::read_back": "one's own address, in the moment one confirms it",
    "kernel/notify/addresses.py::bound": "where a notice is sent; its owner is shown the masked label only",
    "kernel/matters/actions/corrections.py::proposed_corrections": "the engine; shown beside a form on record",
    "kernel/matters/queries/filling_in.py::draft_answers": "one's own draft",
    "kernel/matters/queries/filling_in.py::stashed": "one's own draft",
    "kernel/matters/queries/looks.py::_notes": "recorded",
    "kernel/matters/queries/one.py::opened": "recorded",
    "kernel/files/queries.py::files": "name, kind and size of a file, not what is in it",
    "kernel/files/queries.py::_file": "name, kind and size of a file, not what is in it",
    "kernel/files/actions.py::finish": "one's own upload",
    "kernel/files/pieces.py::whole": "one's own upload",
    "kernel/files/blobs.py::read": "recorded",
    "kernel/papers/queries.py::pdf": "recorded",
    "modules/exit_entry/queries.py::_views": "recorded",
    "modules/exit_entry/queries.py::_own_number": "one's own document in one's own form, masked",
    "modules/exit_entry/queries.py::boxes_of": "the holder's own codes",
    "modules/exit_entry/actions/posting.py::order": "where a document is sent; shown to nobody but the carrier",
    "modules/traffic/queries/accident_desk.py::_open": "recorded",
    "modules/traffic/queries/bindings.py::uses": "what the user told the owner; shown to the owner",
    "modules/household/queries.py::_own": "one's own record in one's own form",
    "modules/household/queries.py::items_of": "recorded",
    "modules/household/queries.py::address_of": "recorded",
    "modules/household/numbers.py::present": "a number that stands in the entry which is opened; shown with it",
    "modules/household/actions/register.py::items_before": "the register's own work; shown to nobody",
    "modules/household/actions/register.py::known": "the register's own work; shown to nobody",
}
# Who may call what opens without recording: a caller writes the look before, or stands here with its why.
OPENERS = {
    "opened": "matters.queries: the form",
    "items_of": "household: the register",
    "address_of": "household: the register",
    "_views": "exit_entry: the documents",
    "_notes": "matters.queries: what officers wrote",
    "pdf": "papers.queries: a certificate",
    "register_rows": "matters.queries: the register",
}
CALLERS = {
    "kernel/matters/actions/effect.py": "the engine, in the transaction of a decision",
    "kernel/matters/actions/steps.py": "the engine",
    "kernel/matters/actions/corrections.py": "the engine",
    "kernel/matters/actions/submitting.py": "the engine: is it the same application again?",
    "kernel/matters/actions/payment.py": "the engine: does the paid application decide itself?",
    "kernel/matters/queries/one.py::has_conflict": "the engine: may this officer act on it?",
    "kernel/matters/queries/looks.py::open_file": "learns whom the form names, writes their looks, then returns it",
    "kernel/matters/queries/looks.py::answers": "learns whom the form names, writes their looks, then returns it",
    "kernel/matters/queries/looks.py::concerned": "says whom of those asked about it concerns; returns nothing of it",
    "kernel/matters/queries/looks.py::names_number": "says whether the form in hand names a number that was typed",
    "kernel/matters/queries/looks.py::open_earlier": "learns whom it is about, writes the look, returns it",
    "kernel/matters/queries/looks.py::record_paper": "learns whom the form names; returns nothing of it",
    "kernel/matters/queries/looks.py::record_material": "learns whom the form names; returns nothing of it",
    "kernel/matters/queries/looks.py::own_register": "one's own record",
    "modules/household/queries.py::heads_with_birth": "the loader of the demo, whose people do not exist",
    "modules/household/queries.py::_view": "recorded by household()",
    "modules/household/queries.py::prefill": "one's own record in one's own form",
    "modules/household/queries.py::_of_household": "one's own household; no service asks for its members",
    "modules/household/queries.py::_kin": "says yes or no",
    "modules/household/queries.py::_marriage": "says yes or no",
    "modules/household/queries.py::check": "says yes or no",
    "modules/household/queries.py::is_guardian": "says yes or no",
    "modules/household/actions/arrivals.py": "the register's own work; shown to nobody",
    "modules/household/actions/births.py": "the register's own work; shown to nobody",
    "modules/household/actions/case.py": "what the paper of a decision prints",
    "modules/household/actions/corrections.py": "the register's own work, and what its paper prints",
    "modules/household/actions/entries.py": "the register's own work; shown to nobody",
    "modules/household/actions/households.py": "the register's own work; shown to nobody",
    "modules/household/actions/moves.py": "the register's own work, and what its paper prints",
    "modules/household/actions/papers.py": "what the paper of a decision prints",
    "modules/household/actions/register.py": "the register's own work; shown to nobody",
    "modules/household/letters.py": "where a letter is sent; shown to nobody but the carrier",
    "portals/officer/views/matter.py::_typed": "to see what was changed; nothing of it leaves",
    "portals/citizen/views/matters.py::handed_out": "the applicant's own, or the holder's",
    "portals/api/views/fees.py::receipt": "the payer's own",
    "portals/api/views/oneself.py::my_paper": "the holder's own",
    "portals/kiosk/views/inside.py::print_file": "the visitor's own paper, in the visit that sent it to the printer",
}


def functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield the functions of a file with the names by which the lists above know them."""
    where = path.relative_to(HOUSE).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield f"{where}::{node.name}", node


def calls(function: ast.FunctionDef) -> list[tuple[str, int]]:
    """Return what a function calls, by the last part of the name, with the line."""
    found = []
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            found.append((name, node.lineno))
    return found


def sources() -> list[Path]:
    apart = ("tests", "migrations")
    return [
        path
        for path in sorted(HOUSE.rglob("*.py"))
        if not set(apart) & set(path.relative_to(HOUSE).parts) and path.name != "sealing.py"
    ]


def recorded_first(function: ast.FunctionDef, opens: set[str]) -> bool:
    """Say whether a function writes a look, or asks for its proof, before it opens anything."""
    made = calls(function)
    first = min(line for name, line in made if name in opens)
    return any(name in RECORDS and line <= first for name, line in made)


def unsealing() -> dict[str, ast.FunctionDef]:
    return {
        name: function
        for path in sources()
        for name, function in functions(path)
        if UNSEALS & {called for called, _ in calls(function)}
    }


def test_whatever_unseals_writes_the_look_first_or_is_known_with_its_reason() -> None:
    loose = {name for name, function in unsealing().items() if not recorded_first(function, UNSEALS)}
    assert loose - set(UNSEALING) == set()


def test_no_known_road_is_gone() -> None:
    assert set(UNSEALING) - set(unsealing()) == set()


def openings() -> dict[str, ast.FunctionDef]:
    apart = (("kernel", "ledger"), ("kernel", "watch"))  # `opened` there is a signed note
    return {
        name: function
        for path in sources()
        if path.relative_to(HOUSE).parts[:2] not in apart
        for name, function in functions(path)
        if set(OPENERS) & {called for called, _ in calls(function)}
    }


def test_whoever_calls_what_opens_has_written_the_look_or_is_known_with_its_reason() -> None:
    loose = {name for name, function in openings().items() if not recorded_first(function, set(OPENERS))}
    unknown = {name for name in loose if name not in CALLERS and name.partition("::")[0] not in CALLERS}
    assert unknown == set()


def test_every_known_caller_is_there() -> None:
    names = set(openings()) | {name.partition("::")[0] for name in openings()}
    assert set(CALLERS) - names == set()


def test_the_proof_of_a_look_is_made_in_one_place() -> None:
    makers = {
        name.partition("::")[0]
        for path in sources()
        if "identity.seen import" in path.read_text(encoding="utf-8")
        for name, f in functions(path)
        if "Seen" in dict(calls(f))
    }
    assert makers == {"kernel/identity/actions/looks.py"}


def test_pages_and_the_api_never_unseal_themselves() -> None:
    for path in sources():
        if path.relative_to(HOUSE).parts[0] == "portals":
            assert not UNSEALS & {called for _, f in functions(path) for called, _ in calls(f)}, path


# What pages hand out as a file: figures of many, or a paper whose look is written first.
HANDED_OUT = {
    "portals/open/views/figures.py::raw": "counts by month; no person",
    "portals/open/views/check.py::authority": "the city's certificate",
    "portals/officer/views/matter.py::_shown": "the two below write the look before they call it",
    "portals/officer/views/matter.py::paper_file": "a certificate, its look written first",
    "portals/api/views/matters.py::paper_pdf": "a certificate, its look written first",
    "portals/api/views/fees.py::receipt": "the payer's own",
    "portals/kiosk/views/inside.py::print_file": "the visitor's own paper, in the visit that sent it to the printer",
    "portals/citizen/views/matters.py::handed_out": "the applicant's own, or the holder's",
    "portals/citizen/views/visits.py::calendar_file": "the resident's own visit, for their calendar",
    "portals/citizen/views/receipts.py::_file": "a receipt: hashes, and one's own look",
    "portals/api/views/letters.py::print_batch": "a day's letters, each look written first",
    "portals/officer/views/notices.py::print_batch": "a day's letters, each look written first",
    "modules/traffic/views/drafts.py::table": "figures of a replay; nobody in them, none of fewer than five",
    "portals/officer/views/promise.py::promise_file": "a promise: hashes",
    "portals/open/views/ledger.py::entry_receipt": "a receipt: hashes",
    "modules/traffic/views/accident_desk.py::photo": "a photo of an accident, its look written first",
    "modules/traffic/views/accidents.py::photo": "one's own photo, or the other side's, on record first",
    "portals/api/views/oneself.py::my_paper": "the holder's own",
    "portals/api/views/mandates.py::ward_paper": "a ward's certificate, its look written first",
    "portals/api/views/files.py::_answer": "the two beside it ask may_see, which writes the look first",
    "kernel/files/views.py::show": "asks may_see, which writes the look first",
}
FILES = ("text/csv", "application/pdf", "spreadsheet", "attachment", "media_type")


def test_no_page_hands_out_a_file_that_is_not_known_here() -> None:
    found = set()
    for path in sources():
        if "views" in path.parts or path.name == "views.py":
            for name, function in functions(path):
                words = ast.unparse(function)
                if "HttpResponse(" in words and any(kind in words for kind in FILES):
                    found.add(name)
    assert found - set(HANDED_OUT) == set()


def test_no_service_fills_a_form_with_the_record_of_another_member_of_the_household() -> None:
    for path in HOUSE.rglob("catalog/**/*.yaml"):
        assert "register.members" not in path.read_text(encoding="utf-8"), path
        assert "register.head_id" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def a(p):\n    return unseal(p, 'x', b'')", False),
        ("def a(p):\n    out = unseal(p, 'x', b'')\n    record_look(p)\n    return out", False),
        ("def a(p):\n    record_look(p)\n    return unseal(p, 'x', b'')", True),
        ("def a(p, seen):\n    seen.must_cover(p, 'f')\n    return sealing.unseal_many([])[0]", True),
    ],
)
def test_the_search_finds_a_road_beside_the_road(source: str, found: bool) -> None:
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert recorded_first(function, UNSEALS) is found


def test_the_reasons_that_the_house_assigns_are_not_for_choosing() -> None:
    lists = yaml.safe_load((HOUSE / "kernel/identity/reasons.yaml").read_text(encoding="utf-8"))
    assert not {r["key"] for r in lists["assigned"]} & {r["key"] for r in lists["reasons"]}
