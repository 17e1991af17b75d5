"""What is generated, as text."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any, Final, Literal

Format = Literal["yaml", "json"]
FORMATS: Final[tuple[Format, ...]] = ("yaml", "json")
_WIDTH: Final = 120


def rendered(document: dict[str, Any], form: Format) -> str:
    """JSON needs nothing; Prometheus and Alertmanager read it as well. Raises `ModuleNotFoundError` for YAML without "
    "PyYAML."""
    if form == "json":
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    try:
        yaml = import_module("yaml")
    except ModuleNotFoundError:
        raise ModuleNotFoundError("YAML needs PyYAML: pip install 'genscope[ops]', or --format json") from None

    class Dumper(yaml.SafeDumper):  # repeats what occurs twice, and writes lines as lines
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def lines(dumper: Any, text: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)

    Dumper.add_representer(str, lines)
    return yaml.dump(document, Dumper=Dumper, sort_keys=False, width=_WIDTH, allow_unicode=True)
