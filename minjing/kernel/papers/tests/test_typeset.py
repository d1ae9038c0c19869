"""Papers on the page: rare characters, long values, the archive's form."""

import hashlib
import json
import re
import shutil
import subprocess
from io import BytesIO

import pikepdf
import pytest
import zxingcpp
from PIL import ImageDraw, ImageFilter

from minjing.kernel.papers import typeset
from minjing.kernel.papers.tests import scan
from minjing.kernel.papers.tests.sheets import RARE_NAME, sheet


def characters(pdf):
    """Return every character that the fonts of the PDF map a glyph to."""
    found = set()
    for page in pikepdf.open(BytesIO(pdf)).pages:
        for font in page.Resources.get("/Font", {}).values():
            cmap = font.ToUnicode.read_bytes().decode()
            found |= {bytes.fromhex(h).decode("utf-16-be") for h in re.findall(r"<[0-9A-F]+> <([0-9A-F]+)>", cmap)}
    return found


def missing_glyphs(pdf):
    """Return how often glyph 0 (.notdef, the empty box) is drawn."""
    count = 0
    for page in pikepdf.open(BytesIO(pdf)).pages:
        for operands, operator in pikepdf.parse_content_stream(page):
            if str(operator) not in ("Tj", "TJ"):
                continue
            pieces = operands[0] if str(operator) == "TJ" else operands
            for piece in pieces:
                if isinstance(piece, pikepdf.String):
                    text = bytes(piece)
                    count += sum(text[i : i + 2] == b"\0\0" for i in range(0, len(text), 2))
    return count


def test_rare_characters_of_names_are_drawn():
    pdf = typeset.render(sheet())
    assert set(RARE_NAME) <= characters(pdf)
    assert missing_glyphs(pdf) == 0


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler-utils is not installed")
def test_a_reader_finds_the_name_by_searching(tmp_path):
    (tmp_path / "paper.pdf").write_bytes(typeset.render(sheet()))
    text = subprocess.run(["pdftotext", tmp_path / "paper.pdf", "-"], capture_output=True, check=True).stdout
    assert RARE_NAME in text.decode()


def test_a_character_the_fonts_lack_is_not_a_box():
    pdf = typeset.render(sheet("王\U0002ebf0"))
    assert missing_glyphs(pdf) == 0
    assert set("〔2EBF0〕") <= characters(pdf)


def test_the_printed_text_cannot_be_a_command_of_the_template():
    hostile = '#panic("no") \\ $x$ #image("/etc/passwd") *x* "]'
    assert set("#panic$") <= characters(typeset.render(sheet(hostile)))


def test_a_name_of_fifty_with_dots_and_a_long_table_flow_to_a_second_page():
    facts = [({"zh": f"成员 {i}", "en": f"Member {i}"}, "阿卜杜热西提·" * 7) for i in range(40)]
    pages = pikepdf.open(BytesIO(typeset.render(sheet(facts=facts)))).pages
    assert len(pages) > 1


def test_one_page_is_enough_for_ten_facts():
    facts = [({"zh": f"事项 {i}", "en": f"Item {i}"}, "深圳市南山区粤海街道") for i in range(10)]
    assert len(pikepdf.open(BytesIO(typeset.render(sheet(facts=facts)))).pages) == 1


def test_a_paper_without_an_end_and_of_an_unknown_kind_is_set():
    assert typeset.render(sheet(kind="something_new", valid_until=None, demo=False)).startswith(b"%PDF")


def test_the_file_declares_the_archive_form():
    with pikepdf.open(BytesIO(typeset.render(sheet()))).open_metadata() as meta:
        assert (meta["pdfaid:part"], meta["pdfaid:conformance"]) == ("2", "U")


def test_the_vendored_fonts_are_those_of_the_manifest():
    for font in json.loads((typeset.FONTS / "manifest.json").read_text()):
        content = (typeset.FONTS / font["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == font["sha256"]
        assert font["licence"] == "OFL-1.1"
    assert sum(f.stat().st_size for f in typeset.FONTS.glob("*.otf")) < 20_000_000
    assert (typeset.FONTS / "OFL.txt").exists()


@pytest.mark.parametrize("character", "𬭎㛃鿍·〇林𠮷A1")
def test_the_text_font_covers(character):
    assert typeset.has_glyph(character)


def test_the_text_font_does_not_cover_everything():
    assert not typeset.has_glyph("\U0002ebf0")
    assert not typeset.has_glyph("\0")


LONG = "https://minjing.example.gov.cn/a/rather/long/address/of/a/city/open/check/"


@pytest.mark.parametrize("check_url", ["https://example.org/open/check/", LONG])
@pytest.mark.parametrize("dpi", [96, 150, 300])
def test_a_phone_reads_the_address_of_this_very_paper_from_the_page(check_url, dpi):
    paper = sheet(check_url=check_url)
    assert scan.codes(scan.drawn(typeset.render(paper), dpi)) == [check_url + paper.code]


@pytest.mark.parametrize("turned", [7, 90, 180])
def test_it_is_read_from_a_paper_that_lies_askew_or_upside_down(turned):
    page = scan.drawn(typeset.render(sheet()))
    askew = page.rotate(turned, expand=True, fillcolor=255).filter(ImageFilter.GaussianBlur(0.8))
    assert scan.codes(askew) == [sheet().check_url + sheet().code]


def test_it_is_still_read_with_a_stain_on_it():
    page = scan.drawn(typeset.render(sheet()))
    (found,) = zxingcpp.read_barcodes(page)
    place = found.position
    width = place.top_right.x - place.top_left.x
    x, y = place.top_left.x + width // 2, place.top_left.y + width // 2
    ImageDraw.Draw(page).ellipse((x, y, x + width // 6, y + width // 6), fill=120)
    assert scan.codes(page) == [sheet().check_url + sheet().code]


def test_the_code_stands_on_the_first_page_of_a_long_paper_too():
    facts = [({"zh": f"项目 {n}", "en": f"Item {n}"}, "内容" * 20) for n in range(40)]
    pdf = typeset.render(sheet(facts=facts))
    pages = len(pikepdf.open(BytesIO(pdf)).pages)
    assert pages > 1
    read = [code for page in range(pages) for code in scan.codes(scan.drawn(pdf, page=page))]
    assert set(read) == {sheet().check_url + sheet().code}
