"""Rows of an Excel workbook as texts."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from codewarrant.codesets.releases.errors import ReleaseError

if TYPE_CHECKING:
    from codewarrant.codesets.releases.sources import Source


def rows(source: Source) -> Iterator[tuple[int, list[str]]]:
    """Rows of the first sheet with their numbers. Raises ``ReleaseError`` where it is damaged."""
    import openpyxl

    with source.open() as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of styles and extensions, which are not read
                book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            try:
                sheet = book.worksheets[0]
                sheet.reset_dimensions()  # some files declare fewer cells than they hold
                for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                    yield number, [_text(cell) for cell in cells]
            finally:
                book.close()
        except Exception as error:
            # damaged files make the library fail in any of many ways, none of which is its own
            raise ReleaseError("is a damaged workbook", source.name) from error


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.strftime("%Y%m%d")
    return str(cell)
