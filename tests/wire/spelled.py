"""Names of parameters that are the same in every process: no addresses."""

import re


def spelled(value: object) -> str:
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))
