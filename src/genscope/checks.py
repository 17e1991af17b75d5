"""Judges that cost nothing, for `judges=[...]`: those that have to be told something, and the others.

import genscope.checks
genscope.evaluate(answer=answer, judges=[genscope.checks.Length(max_words=200), "refusal"])
"""

from genscope.features.judge.checks import Empty, Json, Language, Length, Refusal, Regex, Truncated

__all__ = ["Empty", "Json", "Language", "Length", "Refusal", "Regex", "Truncated"]
