"""What is said of a condition: each probe is a sentence, the words asked about, and the answer."""

import pytest

from codewarrant.extract.context import context_of, context_rules, find_scopes
from codewarrant.extract.tables import load_tables, make_tables, parse_table

TABLES = load_tables()
RULES = context_rules(TABLES, TABLES.speller)

PROBES = """
Patient has pneumonia. | pneumonia | affirmed
No evidence of pneumonia. | pneumonia | negated
Denies chest pain. | chest pain | negated
She denies fever, chills, or cough. | cough | negated
Denies chest pain but reports cough. | cough | affirmed
Denies chest pain but reports cough. | chest pain | negated
No fever; cough for three days. | cough | affirmed
No fever however cough persists. | cough | affirmed
Negative for fracture. | fracture | negated
Fracture not seen. | Fracture | negated
Pneumothorax is not identified. | Pneumothorax | negated
COVID is negative. | COVID | negated
Lungs are clear without effusion or edema. | edema | negated
There is no change in the effusion. | effusion | affirmed
No interval change of the left pneumothorax. | pneumothorax | affirmed
No increase in edema. | edema | affirmed
Not only asthma but also bronchitis. | asthma | affirmed
Not only asthma but also bronchitis. | bronchitis | affirmed
Gram negative sepsis. | sepsis | affirmed
Cough has not improved. | Cough | affirmed
Pain not well controlled. | Pain | affirmed
No relief from headache. | headache | affirmed
No focal consolidation to suggest pneumonia. | pneumonia | negated
Neither fever nor cough. | cough | negated
Patient doesn't have diabetes. | diabetes | negated
Chest pain: no | Chest pain | negated
No acute distress except mild wheezing. | wheezing | affirmed
No vomiting, positive for diarrhea. | diarrhea | affirmed
Pneumonia unlikely. | Pneumonia | negated suspected
Appendicitis was ruled out. | Appendicitis | negated ruled-out
Ruled out for myocardial infarction. | myocardial infarction | negated ruled-out
Possible pneumonia. | pneumonia | affirmed suspected
Pneumonia is possible. | Pneumonia | affirmed suspected
Probable appendicitis. | appendicitis | affirmed probable
Likely viral bronchitis. | bronchitis | affirmed probable
Cough, likely viral. | Cough | affirmed
Rule out pneumonia. | pneumonia | affirmed suspected
R/O appendicitis | appendicitis | affirmed suspected
Cannot exclude pneumonia. | pneumonia | affirmed suspected
Pneumonia cannot be excluded. | Pneumonia | affirmed suspected
Findings cannot rule out fracture. | fracture | affirmed suspected
Findings consistent with pneumonia. | pneumonia | affirmed probable
Opacity may represent atelectasis. | atelectasis | affirmed suspected
Atelectasis versus pneumonia. | Atelectasis | affirmed suspected
Atelectasis versus pneumonia. | pneumonia | affirmed suspected
Atelectasis vs. pneumonia. | pneumonia | affirmed suspected
Concern for sepsis. | sepsis | affirmed suspected
Questionable infiltrate. | infiltrate | affirmed suspected
Suggestive of reflux. | reflux | affirmed suspected
Without known drug allergies, with a history of gout. | gout | affirmed confirmed historical
No fever and with cough. | cough | affirmed
A 72-hour history of chest pain. | chest pain | affirmed
Density probably favored to represent atelectasis. | atelectasis | affirmed suspected
Atelectasis can have a similar appearance. | Atelectasis | affirmed suspected
One week history of diarrhea. | diarrhea | affirmed
This can be associated with infection or reflux. | reflux | affirmed suspected
Thickening, sometimes associated with reflux. | reflux | affirmed suspected
Could be secondary to vesicoureteral reflux. | vesicoureteral reflux | affirmed suspected
Opacity, either atelectasis or pneumonia. | pneumonia | affirmed suspected
?pneumonia | pneumonia | affirmed suspected
Suspected stroke, hypertension is stable. | hypertension | affirmed
Possible pneumonia, bronchitis, or asthma. | asthma | affirmed suspected
History of asthma. | asthma | affirmed confirmed historical
H/o stroke, now with headache. | headache | affirmed
H/o stroke, now with headache. | stroke | affirmed confirmed historical
Status post myocardial infarction. | myocardial infarction | affirmed confirmed historical
s/p hip fracture | hip fracture | affirmed confirmed historical
Pneumonia has resolved. | Pneumonia | affirmed confirmed historical
Resolved sepsis. | sepsis | affirmed confirmed historical
The rash has not resolved. | rash | affirmed
Prior stroke. | stroke | affirmed confirmed historical
Had measles as a child. | measles | affirmed confirmed historical
The 70 year old man with gout. | gout | affirmed
Denies history of seizures. | seizures | negated confirmed historical
Return if fever develops. | fever | affirmed confirmed hypothetical
Should she develop chest pain, call us. | chest pain | affirmed confirmed hypothetical
Evaluate for pneumonia. | pneumonia | affirmed confirmed hypothetical
Screening for colon cancer. | colon cancer | affirmed confirmed hypothetical
At risk for falls and osteoporosis. | osteoporosis | affirmed confirmed hypothetical
Influenza vaccine given. | Influenza | affirmed confirmed hypothetical
Mother has diabetes. | diabetes | affirmed confirmed current family
Asthma in his father. | Asthma | affirmed confirmed current family
Family history of breast cancer. | breast cancer | affirmed confirmed current family
Mother reports fever. | fever | affirmed
Fever per mother. | Fever | affirmed
Lives with mother, has asthma. | asthma | affirmed
Mother has diabetes; patient has asthma. | asthma | affirmed
Exposed to influenza at school. | influenza | affirmed confirmed current other
His wife has the flu. | flu | affirmed confirmed current other
"""


def probes():
    for line in PROBES.strip().splitlines():
        sentence, target, expected = (part.strip() for part in line.split(" | "))
        words = [word.replace("-", " ") for word in expected.split()]
        default = ["affirmed", "confirmed", "current", "patient"]
        yield pytest.param(
            sentence, target, tuple(words + default[len(words) :]), id=f"{sentence} [{target}]"
        )


def context(sentence, target, rules=RULES):
    tokens = TABLES.speller.tokens(sentence)
    at = sentence.index(target)
    inside = [i for i, t in enumerate(tokens) if at <= t.begin and t.end <= at + len(target)]
    return context_of(inside[0], inside[-1] + 1, find_scopes(tokens, rules))[:4]


@pytest.mark.parametrize(("sentence", "target", "expected"), list(probes()))
def test_context_of_a_passage(sentence, target, expected):
    assert context(sentence, target) == expected


def test_there_are_at_least_sixty_probes():
    assert len(list(probes())) >= 60


def with_row(row):
    table = TABLES["context"]
    text = "\t".join(table.columns) + "\n" + "\n".join("\t".join(r) for r in (*table.rows, row))
    texts = {"context": text, "words": "form\tnormal\tkind\n"}
    return make_tables(texts)


def test_a_row_that_staff_add_takes_effect():
    """A new phrase in the table is a new cue."""
    assert context("Nothing to support gout.", "gout")[0] == "affirmed"
    row = ("nothing to support", "polarity", "negated", "forward", "clause", "contrast")
    changed = with_row(row)
    rules = context_rules(changed, TABLES.speller)
    assert context("Nothing to support gout.", "gout", rules)[0] == "negated"
    assert changed.digest != TABLES.digest


@pytest.mark.parametrize(
    "row",
    [
        ("maybe so", "sureness", "suspected", "forward", "clause", ""),
        ("maybe so", "certainty", "perhaps", "forward", "clause", ""),
        ("maybe so", "certainty", "suspected", "sideways", "clause", ""),
        ("maybe so", "certainty", "suspected", "forward", "page", ""),
        ("maybe so", "certainty", "suspected", "forward", "clause", "colon"),
    ],
)
def test_a_row_that_is_no_scope_rule_is_refused_with_its_phrase(row):
    with pytest.raises(ValueError, match="maybe so"):
        context_rules(with_row(row), TABLES.speller)


def test_a_row_with_too_many_columns_is_refused_with_its_line():
    with pytest.raises(ValueError, match=r"context.tsv line 3: 3 columns, expected 2"):
        parse_table("context", "# remark\na\tb\n1\t2\t3\n")


def test_a_negation_ends_with_its_sentence_bound():
    """Scopes are found within the tokens given; nothing leaks from one call to the next."""
    assert context("Cough.", "Cough") == ("affirmed", "confirmed", "current", "patient")
