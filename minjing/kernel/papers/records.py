"""What papers keeps of its acts beside the ledger, for the monitor: SQL only, so that it loads nothing."""

from minjing.kernel.watch.replay import Record

# The file is compared as it lies sealed: whoever puts another in its place needs no key to be found.
PAPERS = Record(
    name="papers_paper",
    ids="SELECT id FROM papers_paper WHERE id > %(after)s ORDER BY id LIMIT %(limit)s",
    newest="SELECT id FROM papers_paper ORDER BY id DESC LIMIT %(limit)s",
    rows="""
        SELECT entry_id, id, format('papers_paper %%s', id), issued_at,
            jsonb_build_object('paper', id, 'number', number, 'kind', kind, 'matter', matter_id,
                'sha256', encode(pdf_sha256, 'hex'), 'sealed', encode(sha256(pdf_sealed), 'hex'))
        FROM papers_paper WHERE id = ANY(%(keys)s)
    """,
    kinds=("papers:paper:issued",),
    key="paper",
    counts="""
        SELECT (issued_at AT TIME ZONE %(zone)s)::date, 'papers:paper:issued', count(*)
        FROM papers_paper WHERE issued_at >= %(since)s AND issued_at < %(until)s GROUP BY 1, 2
    """,
    copies={"papers_paper": "id = ANY(%(keys)s)"},
)
