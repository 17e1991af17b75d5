"""Keys that say by their first characters whose they are: one row for each who gives them out.

The forms are those of the vendors' documentation and of GitHub's list of what its scanning finds
(https://docs.github.com/code-security/secret-scanning/introduction/supported-secret-scanning-patterns).
"""

from __future__ import annotations

import re

from .rule import Rule
from .seeking import at

_WORD = "[0-9A-Za-z]"
_LINE = "[0-9A-Za-z_-]"

# Who, the beginnings (literally), and what follows them.
VENDORS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    # sk- is OpenAI's, Anthropic's (sk-ant-), OpenRouter's (sk-or-), DeepSeek's, Moonshot's and many a gateway's.
    ("OpenAI and its like", ("sk-", "pk-lf-"), rf"{_LINE}{{16,400}}"),
    ("AWS", ("AKIA", "ASIA", "ABIA", "ACCA"), rf"[0-9A-Z]{{16}}(?!{_WORD})"),
    ("AWS Bedrock", ("ABSK",), "[0-9A-Za-z+/=]{60,300}"),
    ("Google", ("AIza",), rf"{_LINE}{{30,45}}"),
    ("Google OAuth", ("ya29.", "GOCSPX-"), rf"{_LINE}{{20,400}}"),
    ("GitHub", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"), r"\w{22,255}"),
    ("GitLab", ("glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "gloas-"), r"[\w.-]{16,200}"),
    ("Slack", ("xoxb-", "xoxp-", "xoxa-", "xoxe-", "xoxe.", "xoxo-", "xoxr-", "xoxs-"), r"[\w.-]{12,400}"),
    ("Slack app", ("xoxc-", "xoxd-", "xapp-"), r"[\w.%-]{12,400}"),
    ("Slack webhook", ("hooks.slack.com/",), rf"(?:services|workflows|triggers)/[{_WORD[1:-1]}_/-]{{16,100}}"),
    ("Discord webhook", ("discord.com/api/webhooks/", "discordapp.com/api/webhooks/"), r"[0-9]{10,22}/[\w-]{30,100}"),
    ("Telegram", (":AA",), rf"{_LINE}{{32,34}}(?!{_LINE})"),
    ("Hugging Face", ("hf_", "api_org_"), rf"{_WORD}{{20,60}}"),
    ("Groq", ("gsk_",), rf"{_WORD}{{20,100}}"),
    ("xAI", ("xai-",), rf"{_WORD}{{32,120}}"),
    ("Perplexity", ("pplx-",), rf"{_WORD}{{32,80}}"),
    ("Replicate", ("r8_",), rf"{_WORD}{{30,50}}"),
    ("Fireworks", ("fw_",), rf"{_WORD}{{20,60}}"),
    ("Cerebras", ("csk-",), rf"{_WORD}{{32,80}}"),
    ("Together", ("tgp_v1_",), rf"{_LINE}{{20,80}}"),
    ("Nvidia", ("nvapi-",), rf"{_LINE}{{32,100}}"),
    ("LangSmith", ("lsv2_pt_", "lsv2_sk_"), r"\w{32,80}"),
    ("Pinecone", ("pcsk_",), r"\w{30,120}"),
    ("Tavily", ("tvly-",), rf"{_LINE}{{20,80}}"),
    ("Databricks", ("dapi",), r"[0-9a-f]{32}(?:-[0-9])?(?![0-9A-Za-z])"),
    ("Stripe", ("sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_"), r"[0-9A-Za-z+/=]{16,250}"),
    ("npm", ("npm_",), rf"{_WORD}{{36}}(?!{_WORD})"),
    ("PyPI", ("pypi-",), rf"{_LINE}{{50,400}}"),
    ("SendGrid", ("SG.",), rf"{_LINE}{{16,32}}\.{_LINE}{{16,64}}"),
    ("Twilio", ("SK",), r"[0-9a-f]{32}(?![0-9A-Za-z])"),
    ("Docker", ("dckr_pat_", "dckr_oat_"), rf"{_LINE}{{20,80}}"),
    ("DigitalOcean", ("dop_v1_", "doo_v1_"), r"[0-9a-f]{64}"),
    ("Shopify", ("shpat_", "shpca_", "shppa_", "shpss_"), r"[0-9A-Fa-f]{32}"),
    ("Notion", ("ntn_",), rf"{_WORD}{{30,80}}"),
    ("Linear", ("lin_api_",), rf"{_WORD}{{32,60}}"),
    ("Grafana", ("glsa_", "glc_"), r"[\w+/=]{30,250}"),
    ("Sentry", ("sntrys_", "sntryu_"), r"[\w+/=.-]{32,400}"),
    ("Supabase", ("sbp_", "sb_secret_"), r"[\w-]{20,80}"),
    ("Vault", ("hvs.", "hvb."), rf"{_LINE}{{20,250}}"),
    ("Postman", ("PMAK-",), r"[0-9a-f]{24}-[0-9a-f]{34}"),
    ("Atlassian", ("ATATT3x",), r"[\w=-]{50,300}"),
    ("New Relic", ("NRAK-",), r"[0-9A-Z]{20,40}"),
    ("age", ("AGE-SECRET-KEY-1",), r"[0-9A-Z]{50,70}"),
)  # fmt: skip


def _form(beginnings: tuple[str, ...], rest: str) -> str:
    return f"(?:{'|'.join(map(re.escape, beginnings))}){rest}"


_FORMS = "|".join(_form(beginnings, rest) for _, beginnings, rest in VENDORS)
_MADE_OF_WORDS = re.compile(r"[a-z]{0,15}[0-9]{0,4}(?:[-_][a-z]{1,15}[0-9]{0,4}){0,40}$")


def _random(match: re.Match[str]) -> bool:
    """`sk-learn-contrib-packages` and `hf_transformers_examples` are names: words, at most with a number at the end."""
    rest = re.sub(r"^(?:[a-z]{2,6}[-_.]){1,2}", "", match[0])
    return _MADE_OF_WORDS.match(rest) is None


API_KEY = Rule(
    "api_key",
    re.compile(rf"(?:(?<![0-9A-Za-z])|(?<=[0-9]{{8}})(?=:))(?:{_FORMS})(?<!\.)", re.ASCII),
    where=at(*(beginning for _, beginnings, _ in VENDORS for beginning in beginnings)),
    anchored=True,
    valid=_random,
)

AWS_SECRET = Rule(
    "aws_secret",  # 40 characters of Base64 and nothing else to know them by than their name
    re.compile(
        r"secret[\w ]{0,20}[\"'`]{0,2}[\s:=>\"'`]{1,6}(?:is )?[\"'`]?(?P<value>[0-9A-Za-z/+]{40})(?![0-9A-Za-z/+=])",
        re.IGNORECASE | re.ASCII,
    ),
    where=at("secret", any_case=True),
    anchored=True,
    valid=lambda match: (
        re.search("[0-9/+]", match["value"]) is not None and re.search("[A-Z]", match["value"]) is not None
    ),
    label="[API_KEY]",
)
