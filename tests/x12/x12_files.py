"""Invented interchanges in the exact layout of 837P and 837I, to be spoilt by tests.

Words that only a patient's record could hold are unmistakable, so that a test can look for them in
messages.
"""

from __future__ import annotations

from collections.abc import Sequence

SECRETS = ("QUISENBERRY", "ZEBULON", "XYLOPHONE LANE", "MEMBER77X")
NPI_BILLING, NPI_RENDERING, NPI_OTHER = "1093700005", "1093700013", "1093700021"

PROFESSIONAL = "005010X222A1"
INSTITUTIONAL = "005010X223A2"


def isa(control: str = "000000077", version: str = "00501", signs: str = "*^:~") -> str:
    """An interchange header; ``signs`` separate elements, repetitions, components, segments."""
    element, repetition, component, end = signs
    fields = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", "SENDER".ljust(15), "ZZ",
              "RECEIVER".ljust(15), "260401", "0900", repetition, version, control, "0", "T",
              component]  # fmt: skip
    return element.join(fields) + end


def interchange(
    *groups: Sequence[str],
    guide: str = PROFESSIONAL,
    kind: str = "837",
    control: str = "000000077",
    version: str = "00501",
    signs: str = "*^:~",
    newline: str = "\n",
) -> bytes:
    """An interchange; each group is a list of transactions, each the segments between ST and SE."""
    lines: list[str] = []
    for number, group in enumerate(groups, start=1):
        code = {"837": "HC", "835": "HP"}.get(kind, "HB")
        lines.append(f"GS*{code}*SENDER*RECEIVER*20260401*0900*{number}*X*{guide}")
        for at, body in enumerate(group, start=1):
            inside = [line for line in body.replace("\n", "").split("~") if line]
            lines += [f"ST*{kind}*{at:04}*{guide}", *inside, f"SE*{len(inside) + 2}*{at:04}"]
        lines.append(f"GE*{len(group)}*{number}")
    lines.append(f"IEA*{len(groups)}*{control}")
    element, repetition, component, end = signs
    table = str.maketrans({"*": element, "^": repetition, ":": component})
    written = [line.translate(table) + end for line in lines]
    return (isa(control, version, signs) + newline + newline.join(written) + newline).encode()


BEGIN = "BHT*0019*00*REF1*20260401*0900*CH~NM1*41*2*BILLING BUREAU*****46*B1~NM1*40*2*P*****46*P1~"
BILLING = f"HL*1**20*1~PRV*BI*PXC*207Q00000X~NM1*85*2*EXAMPLE CLINIC*****XX*{NPI_BILLING}~"
SUBSCRIBER = (
    "HL*2*1*22*0~SBR*P*18*******CI~NM1*IL*1*QUISENBERRY*ZEBULON****MI*MEMBER77X~"
    "N3*1 XYLOPHONE LANE~DMG*D8*19610713*M~NM1*PR*2*EXAMPLE PLAN*****PI*PLAN01~"
)
HEADING = BEGIN + BILLING + SUBSCRIBER

VISIT = (
    "CLM*ACCT-1*215.5***11:B:1*Y*A*Y*Y~DTP*431*D8*20260301~"
    "HI*ABK:E1122*ABF:N1832*ABF:I129~"
    f"NM1*82*1*HOUSE*GREGOR****XX*{NPI_RENDERING}~PRV*PE*PXC*207R00000X~"
    "LX*1~SV1*HC:99214:25*175.50*UN*1*11**1:2:3~DTP*472*D8*20260310~"
    "LX*2~SV1*HC:83036:QW*40*UN*1***1~DTP*472*D8*20260310~"
)
STAY = (
    "CLM*STAY-1*9000***11:A:1**A*Y*Y~DTP*434*RD8*20260301-20260309~DTP*435*DT*202603011430~"
    "DTP*096*TM*1100~CL1*1*7*01~"
    "HI*ABK:J189:::::::Y~HI*ABJ:R509~HI*ABF:E876:::::::N*ABF:I10:::::::Y~"
    "HI*ABN:W1830XA~HI*BBR:0BH17EZ:D8:20260302*BBQ:5A1935Z:D8:20260303~HI*BH:11:D8:20260301~"
    f"NM1*71*1*HOUSE*GREGOR****XX*{NPI_RENDERING}~"
    "LX*1~SV2*0120**8000*DA*8~"
    "LX*2~SV2*0300*HC:85025*1000*UN*3~DTP*472*D8*20260302~"
)
OUTPATIENT = (
    "CLM*OUT-1*90***13:A:1**A*Y*Y~DTP*434*D8*20260310~HI*ABK:R0602~HI*APR:R079*APR:R0602~"
    "LX*1~SV2*0324*HC:71046*90*UN*1~DTP*472*D8*20260310~"
)


def visit(body: str = VISIT, heading: str = HEADING) -> bytes:
    """An 837P of one transaction."""
    return interchange([heading + body])


def hospital(body: str = STAY) -> bytes:
    """An 837I of one transaction."""
    return interchange([HEADING + body], guide=INSTITUTIONAL)
