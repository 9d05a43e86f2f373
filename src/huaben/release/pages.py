"""HTML pages: autoescaped, and allowed by their Content-Security-Policy to do what they need and no more."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from markupsafe import Markup

from huaben.release.markdown import TEMPLATES, visible

PARTS = Path(__file__).parent / "browser"
"""Styles and scripts of the pages, each put into its page as it is."""


def render_page(template: str, context: dict[str, Any]) -> str:
    """Render an HTML template; what it prints is escaped, and what cannot be seen is named, unless it is Markup."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    def shown(value: Any) -> Any:
        return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(context)


def source_hash(text: str) -> str:
    """Return the CSP source that allows exactly this inline script or style (CSP level 3, section 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def data_block(value: Any) -> Markup:
    """Return a value as JSON that can stand in a `script` element of type application/json: no `<` ends it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)
