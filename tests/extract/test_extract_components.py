"""The extractor inside a spaCy pipeline, and the converter of the radiology corpus."""

import json
import os
import runpy
from pathlib import Path

import pytest
import spacy

from codewarrant.engine.values import Code
from codewarrant.extract import components
from codewarrant.extract.lexicon import Lexicon, Term, compile_lexicon
from codewarrant.extract.read import Reader
from codewarrant.extract.tables import load_tables

TABLES = load_tables()
TERMS = [
    Term(Code("icd10cm", "J18.9"), "Pneumonia, unspecified organism"),
    Term(Code("icd10cm", "R05.9"), "Cough, unspecified"),
]
READER = Reader(Lexicon.from_bytes(compile_lexicon(TERMS, TABLES["abbreviations"], TABLES)), TABLES)
CONVERTER = Path(__file__).parents[2] / "benchmarks" / "cmc_to_charts.py"


def test_a_pipeline_gives_span_groups():
    doc = components.pipeline(READER)("HPI:\nNo cough.\nIMPRESSION:\nPneumonia.")
    assert [span.label_ for span in doc.spans["codewarrant_sections"]] == [
        "history of present illness",
        "impression",
    ]
    assert [span.text for span in doc.spans["codewarrant_mentions"]] == ["cough", "Pneumonia"]
    mention = doc.spans["codewarrant_mentions"][0]._.codewarrant
    assert (mention.code.value, mention.polarity) == ("R05.9", "negated")
    assert [span.label_ for span in doc.spans["codewarrant_mentions"]] == ["R05.9", "J18.9"]


def test_components_join_a_pipeline_of_another():
    """A site's pipeline may hold only the sections."""
    nlp = spacy.blank("en")
    nlp.add_pipe("codewarrant_sections")
    nlp.add_pipe("codewarrant_sentences")
    doc = nlp("PLAN: Rest. Fluids.")
    assert [span.label_ for span in doc.spans["codewarrant_sections"]] == ["plan"]
    assert len(doc.spans["codewarrant_sentences"]) == 2


def test_mentions_without_a_lexicon_are_refused():
    nlp = spacy.blank("en")
    nlp.add_pipe("codewarrant_mentions")
    with pytest.raises(ValueError, match="no lexicon"):
        nlp("Cough.")


REPORT = """<docs><doc id="1" type="RADIOLOGY_REPORT"><codes>
<code origin="CMC_MAJORITY" type="ICD-9-CM">786.2</code>
<code origin="COMPANY1" type="ICD-9-CM">486</code>
</codes><texts><text type="CLINICAL_HISTORY">Cough.</text><text type="IMPRESSION">Normal.</text>
</texts></doc></docs>"""


def convert(*arguments):
    return runpy.run_path(str(CONVERTER))["main"](list(arguments))


def test_reports_become_charts(tmp_path):
    source, target = tmp_path / "in.xml", tmp_path / "out.jsonl"
    source.write_text(REPORT)
    assert convert(str(source), "-o", str(target)) == 0
    assert json.loads(target.read_text()) == {
        "id": "1",
        "date": "2007-01-15",
        "setting": "outpatient",
        "specialty": "radiology",
        "notes": [
            {"type": "CLINICAL_HISTORY", "text": "Cough."},
            {"type": "IMPRESSION", "text": "Normal."},
        ],
        "codes": [{"system": "icd9cm", "code": "786.2"}],
    }


@pytest.mark.parametrize("text", ["<docs>", "<docs><doc/></docs>", '<docs><doc id="2"/></docs>'])
def test_a_bad_file_is_refused_with_one_line(tmp_path, capsys, text):
    source = tmp_path / "in.xml"
    source.write_text(text)
    assert convert(str(source)) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_the_whole_corpus_is_converted(tmp_path):
    shared = os.environ.get("CODEWARRANT_SHARED")
    if not shared:
        pytest.skip("CODEWARRANT_SHARED is not set: the corpus is not here")
    target = tmp_path / "out.jsonl"
    assert convert("-o", str(target)) == 0
    charts = [json.loads(line) for line in target.read_text().splitlines()]
    assert len(charts) == 653
    assert all(chart["codes"] and chart["notes"] for chart in charts)
