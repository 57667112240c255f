"""Builds the syntax tree: whole blocks."""

from __future__ import annotations

from datetime import date
from typing import Any

from codewarrant.dsl import syntax as s
from codewarrant.dsl.diagnostics import Related, fault
from codewarrant.dsl.lalr import Meta, Token
from codewarrant.dsl.tree import Builder
from codewarrant.dsl.tree_terms import Marked, all_in, pick, singular


class BlockBuilder(Builder):
    """Builds one block. Raises ``Fault``."""

    def once(self, items: list[Any], kind: str) -> Any:
        """The value of a clause that may stand once."""
        found = [item for item in items if isinstance(item, Marked) and item.kind == kind]
        if len(found) > 1:
            place = found[1].value.span if hasattr(found[1].value, "span") else found[1].span
            raise fault("CW0110", place, f"`{kind}` is given twice", "keep one of them")
        return found[0].value if found else None

    def dates(self, items: list[Any]) -> s.Effective | None:
        found = all_in(items, s.Effective)
        if len(found) > 1:
            raise fault(
                "CW0110",
                found[1].span,
                "`effective` is given twice",
                "keep one of them",
                (Related(found[0].span, "the first stands here"),),
            )
        return found[0] if found else None

    def _text_clause(self, kind: str, items: list[Any]) -> Marked:
        return Marked(kind, self.quoted(items[0]))

    def owner(self, meta: Meta, items: list[Any]) -> Marked:
        return self._text_clause("owner", items)

    def label(self, meta: Meta, items: list[Any]) -> Marked:
        return self._text_clause("label", items)

    def url(self, meta: Meta, items: list[Any]) -> Marked:
        return self._text_clause("url", items)

    def sha256(self, meta: Meta, items: list[Any]) -> Marked:
        return self._text_clause("sha256", items)

    def extends(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("extends", (self.name(items[0]), str(items[1])))

    def lint_setting(self, meta: Meta, items: list[Any]) -> s.LintSetting:
        name, level, because = items
        return s.LintSetting(self.name(name), str(level), because.value, self.span(meta))

    def applies(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("applies", items[-1], self.span(meta))

    def pack(self, meta: Meta, items: list[Any]) -> s.PackBlock:
        owner = self.once(items, "owner")
        return s.PackBlock(
            self.name(items[0]),
            self.quoted(items[1]).text,
            str(items[2]),
            tuple(
                item.value for item in items if isinstance(item, Marked) and item.kind == "extends"
            ),
            self.once(items, "applies"),
            self.dates(items),
            owner.text if owner else "",
            self.span(meta),
            all_in(items, s.LintSetting),
        )

    def source(self, meta: Meta, items: list[Any]) -> s.SourceBlock:
        texts = {
            kind: getattr(self.once(items, kind), "text", "") for kind in ("label", "url", "sha256")
        }
        return s.SourceBlock(
            self.name(items[0]),
            self.quoted(items[1]).text,
            texts["label"],
            texts["url"],
            texts["sha256"],
            self.dates(items),
            self.span(meta),
        )

    def dated_set(self, meta: Meta, items: list[Any]) -> tuple[s.DatedSet, tuple[s.Cite, ...]]:
        start = self.day(items[0])
        end = next((item[1] for item in items if isinstance(item, tuple)), None)
        self._ordered(start, end, meta)
        codes = pick(items, s.CodeSet)
        assert codes is not None
        return s.DatedSet(start, end, codes, self.span(meta)), all_in(items, s.Cite)

    def value_set(self, meta: Meta, items: list[Any]) -> s.ValueSetBlock:
        cites = all_in(items, s.Cite)
        effective = self.dates(items)
        plain = pick(items, s.CodeSet)
        dated = [item for item in items if isinstance(item, tuple)]
        if plain is not None:
            versions = (
                s.DatedSet(
                    effective.start if effective else None,
                    effective.end if effective else None,
                    plain,
                    self.span(meta),
                ),
            )
        else:
            cites += tuple(cite for _, extra in dated for cite in extra)
            versions = self._in_order([item for item, _ in dated])
        system = next(
            str(item) for item in items if isinstance(item, Token) and item.type == "SYSTEM"
        )
        return s.ValueSetBlock(
            self.name(items[0]),
            self.quoted(items[1]).text,
            system,
            effective,
            cites,
            versions,
            self.span(meta),
            all_in(items, s.LintSetting),
        )

    def _in_order(self, versions: list[Any]) -> tuple[Any, ...]:
        """Sort dated contents; each without an end holds until the next begins."""
        ordered = sorted(versions, key=lambda item: item.start)
        out: list[Any] = []
        for item, after in zip(ordered, [*ordered[1:], None], strict=True):
            end = item.end
            if after is not None and (item.start == after.start or (end and end > after.start)):
                raise fault(
                    "CW0406",
                    after.span,
                    f"this begins on {after.start} while another still holds",
                    "end the earlier one with `until`, or leave its end out",
                    (Related(item.span, "the other stands here"),),
                )
            if end is None and after is not None:
                end = after.start
            out.append(type(item)(item.start, end, *_rest(item)))
        return tuple(out)

    def dated_value(self, meta: Meta, items: list[Any]) -> tuple[s.DatedValue, tuple[s.Cite, ...]]:
        start = self.day(items[0])
        end: date | None = None
        value = None
        for item in items[1:]:
            if isinstance(item, tuple):
                end = item[1]
            elif not isinstance(item, s.Cite):
                value = item
        self._ordered(start, end, meta)
        assert value is not None
        return s.DatedValue(start, end, value, self.span(meta)), all_in(items, s.Cite)

    def parameter(self, meta: Meta, items: list[Any]) -> s.ParameterBlock:
        cites = all_in(items, s.Cite)
        dated = [item for item in items if isinstance(item, tuple)]
        cites += tuple(cite for _, extra in dated for cite in extra)
        type_ = next(str(item) for item in items if isinstance(item, Token) and item.type == "TYPE")
        return s.ParameterBlock(
            self.name(items[0]),
            self.quoted(items[1]).text,
            type_,
            cites,
            self._in_order([item for item, _ in dated]),
            self.span(meta),
            all_in(items, s.LintSetting),
        )

    def column(self, meta: Meta, items: list[Any]) -> tuple[s.Name, str]:
        return self.name(items[0]), str(items[1])

    def by_columns(self, meta: Meta, items: list[Any]) -> Marked:
        first, word, last = items
        return Marked(
            "effective by columns",
            ((self.name(first), self.name(last)), word.type == "THROUGH"),
            self.span(meta),
        )

    def installed(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("release", self.name(items[0]), self.span(meta))

    def table(self, meta: Meta, items: list[Any]) -> s.TableBlock:
        dates, through = self.once(items, "effective by columns") or (None, False)
        release = self.once(items, "release")
        columns = tuple(item for item in items if isinstance(item, tuple))
        return s.TableBlock(
            self.name(items[0]),
            self.quoted(items[1]).text,
            None if release else self.quoted(items[2]),
            release,
            columns,
            self.once(items, "sha256"),
            dates,
            through,
            all_in(items, s.Cite),
            self.span(meta),
            all_in(items, s.LintSetting),
        )

    def capitals(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("capitals", True, self.span(meta))

    def notes_with(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("with", tuple(self.quoted(item) for item in items), self.span(meta))

    def phrase(self, meta: Meta, items: list[Any]) -> s.PhraseNode:
        first, *rest = items
        meaning = next(item for item in rest if isinstance(item, Token))
        code = words = None
        if meaning.type == "STRING":
            words = self.quoted(meaning)
        else:
            code = s.CodeValue(str(meaning), "", self.of(meaning))
        return s.PhraseNode(
            self.quoted(first),
            self.once(rest, "capitals") is not None,
            code,
            words,
            self.once(rest, "with") or (),
            self.span(meta),
        )

    def dictionary(self, meta: Meta, items: list[Any]) -> s.DictionaryNode:
        return s.DictionaryNode(self.quoted(items[0]), self.once(items, "sha256"), self.span(meta))

    def vocabulary(self, meta: Meta, items: list[Any]) -> s.VocabularyBlock:
        kinds = (s.PhraseNode, s.DictionaryNode)
        return s.VocabularyBlock(
            self.name(items[0]),
            self.quoted(items[1]).text,
            str(items[2]),
            self.dates(items),
            all_in(items, s.Cite),
            tuple(item for item in items if isinstance(item, kinds)),
            self.span(meta),
        )

    def derived_term(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("term", items[-1])

    def derived_when(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("when", items[-1])

    def derive(self, meta: Meta, items: list[Any]) -> s.DeriveBlock:
        name, title, entity, var = items[:4]
        return s.DeriveBlock(
            self.name(name),
            self.quoted(title).text,
            singular(str(entity)),
            self.name(var),
            self.once(items, "term"),
            self.once(items, "when"),
            self.span(meta),
        )

    # -- rules and overrides -----------------------------------------------------

    def severity(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("severity", self.name(items[0]))

    def mandatory(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("mandatory", s.Name("mandatory", self.span(meta)))

    def for_each(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("for each", tuple(items))

    def then(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("then", tuple(items))

    def to_review(self, meta: Meta, items: list[Any]) -> str:
        return "review"

    def not_apply(self, meta: Meta, items: list[Any]) -> str:
        return "ignore"

    def if_unknown(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("if unknown", items[-1])

    def rule(self, meta: Meta, items: list[Any]) -> s.RuleBlock:
        name = self.name(items[0])
        severity = self.once(items, "severity")
        examples = tuple(
            s.Example(name.text, item.title, item.on, item.given, item.outcomes, item.span)
            for item in all_in(items, s.Example)
        )
        return s.RuleBlock(
            name,
            self.quoted(items[1]).text,
            self.once(items, "mandatory") is not None,
            self.dates(items),
            all_in(items, s.Cite),
            severity.text if severity else "warning",
            self.once(items, "for each") or (),
            self.once(items, "when"),
            self.once(items, "then"),
            self.once(items, "if unknown") or "default",
            all_in(items, s.ExceptionNode),
            examples,
            self.block.text.rstrip(),
            self.span(meta),
            all_in(items, s.LintSetting),
        )

    def approved(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked(
            "approved", (self.quoted(items[0]).text, self.day(items[-1])), self.span(meta)
        )

    def suspend(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("suspend", True)

    def narrow(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("narrow", tuple(items))

    def swap_actions(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("swap", tuple(items))

    def set_to(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("set", items[-1])

    def override(self, meta: Meta, items: list[Any]) -> s.OverrideBlock:
        last: Marked = items[-1]
        return s.OverrideBlock(
            self.name(items[0]),
            self.name(items[1]),
            str(items[2]),
            self.quoted(items[3]).text,
            self.dates(items),
            all_in(items, s.Cite),
            self.once(items, "because"),
            self.once(items, "approved"),
            last.kind,
            last.value if last.kind == "narrow" else (),
            last.value if last.kind == "swap" else (),
            last.value if last.kind == "set" else None,
            self.span(meta),
            all_in(items, s.LintSetting),
        )


def _rest(item: s.DatedSet | s.DatedValue) -> tuple[Any, Any]:
    return (item.codes if isinstance(item, s.DatedSet) else item.value, item.span)
