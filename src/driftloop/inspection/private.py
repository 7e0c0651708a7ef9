"""Which columns seem to be about a person. Pure; free to suspect too much, since a human looks at it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

NAMES = re.compile(
    r"(^|_|\b)(e?mail|phone|telephone|mobile|first_?name|last_?name|full_?name|surname|customer_?name|street|address|"
    r"zip_?code|postcode|postal|passport|birth|gender|ethnicity|religion|ip_?addr|latitude|longitude|"
    r"(tel|fax|zip|ssn|iban|dob|sex|ip|lat|lon|lng)(?![a-z]))",
    re.IGNORECASE,
)
DATE = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[ /-]\d{1,2}[ /-]\d{4}"  # and all that follows
VALUES = {
    "mail addresses": re.compile(r"[^@\s]+@[^@\s]+\.\w{2,}"),
    "phone numbers": re.compile(rf"(?!{DATE})(?=\+|0|.*[ ()/-])[+(]?\d[\d ()/-]{{7,}}\d"),
    "IP addresses": re.compile(r"\d{1,3}(\.\d{1,3}){3}"),
    "IBANs": re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}"),
}
MOST = 0.5  # of the values


def suspicion(column: pd.Series) -> str:
    """Say why a column seems to be private; empty if it does not. No value of it is quoted."""
    if NAMES.search(str(column.name)):
        return "its name says so"
    text = column.dropna().astype(str).str.strip()
    if text.empty or column.dtype.kind in "ifbM":
        return ""
    return next((f"{what}" for what, pattern in VALUES.items() if text.str.fullmatch(pattern).mean() > MOST), "")
