"""Keys of vendors, tokens, private keys; and names that begin like them."""
# ruff: noqa: E501 - a sample is a line

from __future__ import annotations

_HEX = "0123456789abcdef"
_MIXED = "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0U1v2W3x4Y5z6"


def _key(beginning: str, length: int, of: str = _MIXED) -> str:
    return f"⟦api_key|{beginning}{(of * 10)[:length]}⟧"


PLANTED = [
    f"OPENAI_API_KEY={_key('sk' + '-svcacct-', 60)}",
    f"key: {_key('sk' + '-or-v1-', 64, _HEX)}, model: deepseek",
    f'deepseek = "{_key("sk" + "-", 32, _HEX)}"',
    f"({_key('gh' + 's_', 36)})",
    f"GITHUB_TOKEN='{_key('github' + '_pat_', 59, _MIXED[:22] + '_' + _MIXED)}'",
    f"aws sts: {_key('AS' + 'IA', 16, 'Q3EGRIDOTZ7KLMNP')}",
    f"Bearer {_key('ya' + '29.', 80)}",
    f"xapp: {_key('xa' + 'pp-1-', 60)}",
    f"POST https://{_key('hooks.slack' + '.com/services/T01234567/B01234567/', 24)} HTTP/1.1",
    f"GROQ={_key('gs' + 'k_', 52)}.",
    f"`{_key('rk' + '_live_', 24)}`",
    f"webhook secret {_key('wh' + 'sec_', 32)}",
    f"//registry.npmjs.org/:_authToken={_key('np' + 'm_', 36)}",
    f"TWINE_PASSWORD={_key('py' + 'pi-AgEIcHlwaS5vcmc', 120)}",
    f"sendgrid {_key('S' + 'G.', 66, _MIXED[:22] + '.' + _MIXED)}",
    f"twilio: {_key('S' + 'K', 32, _HEX)}",
    f"pplx: {_key('pp' + 'lx-', 48)}",
    f"REPLICATE_API_TOKEN={_key('r8' + '_', 37)}",
    f"nvidia,{_key('nv' + 'api-', 64)},x",
    f"<{_key('glsa' + '_', 41)}>",
    f"text\\n{_key('h' + 'f_', 34)}\\nmore",
    f"https://example.com/?k={_key('AI' + 'za', 35)}#top",
    f"dsn=https://⟦url_password|{_HEX * 2}⟧@sentry.example.com/42",
    "Proxy-Authorization: Basic ⟦bearer|dXNlcjpwYXNz⟧",
    f"'Authorization': 'Bearer ⟦bearer|{_MIXED}⟧'",
    "authorization: bearer ⟦bearer|mF_9.B5f-4.1JqM⟧",
    "Cookie: session=⟦jwt|ey" + "JhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl⟧; lang=de",
    "{'jwt': '⟦jwt|ey" + "JhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhY21lIn0.AbC-dEf_123⟧'}",
    "url: wss://example.com/?jwt=⟦jwt|ey" + "JhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJhIjoxfQ.MEUCIQ⟧&v=2",
    "id_token=⟦jwt|ey" + "J0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJzdWIiOiI0MiJ9⟧&state=1",
    '"⟦private_key|-----BEGIN EC'
    + " PRIVATE KEY-----\\nMHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY/PuoAoGCCqGSM49\\n"
    "AwEHoUQDQgAEPR3tU2Fta9ktY+6P9G0cWO+0kETA6SFs38GecTyudlHz6xvCdz8q⟧",
    "key: |\n  ⟦private_key|-----BEGIN OPENSSH"
    + " PRIVATE KEY-----\n  b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
    "  QyNTUxOQAAACCsomekey\n  -----END OPENSSH" + " PRIVATE KEY-----⟧\nother: 1",
    "⟦private_key|-----BEGIN RSA"
    + " PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF0123456789ABCDEF\n\n"
    "MIIEowIBAAKCAQEAu1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gun\n-----END RSA" + " PRIVATE KEY-----⟧",
    "⟦private_key|-----BEGIN PGP"
    + " PRIVATE KEY BLOCK-----\nVersion: X\n\nlQVYBGWxyzABDADAbcdefghijklmnopqrstuvwxyz0123456789+/ABCDEFGHIJKL\n=abcd\n"
    "-----END PGP" + " PRIVATE KEY BLOCK-----⟧",
    "aws configure set aws_secret_access_key ⟦api_key|wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY⟧",
    '"SecretAccessKey": "⟦api_key|je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY⟧"',
    f"telegram bot 123456789⟦api_key|:AA{_MIXED[:33]}⟧",
    "glpat:⟦api_key|gl" + "pat-x1Y2z3A4b5C6d7E8f9G0⟧",
    'client secret: "⟦secret|d3a1f2b4c5e6f7a8b9c0⟧"',
    "refresh_token=⟦secret|1//0gAbCdEfGhIjKlMnOpQrStUv⟧",
    "X-Auth-Token: ⟦secret|9d8c7b6a5f4e3d2c1b0a⟧",
    "--token ⟦secret|abc123def456ghi789⟧ --verbose",
]

NEGATIVES = [
    "sk-learn-contrib-imbalanced-learn and sk-toolbox-for-everything are packages",
    "hf_transformers_examples hf_hub_download gsk_glaxo npm_config_registry npm_lifecycle_event",
    "ghp_ is how a classic token begins, github_pat_ a new one; sk-ant- is Anthropic's, sk-... OpenAI's",
    "AKIA is a prefix; AKIAS are many; ASIAN CUISINE; AIza; ya29",
    "the SK telecom, SG. 1234, SK-1234, key-value store, key-0123, desk-mounted-monitor-arm-holder",
    "xoxb- and xoxp- tokens; xox-o; hooks.slack.com is the host",
    "eyJ and eyJhbGciOiJIUzI1NiJ9 alone, eyJub3RhbGciOjF9.eyJzdWIiOjF9 says no algorithm",
    "whsec_ and sk_live_ are prefixes, pk_live_ is public; risk_score_12345678901234567890",
    "-----BEGIN PRIVATE KEY----- is the first line of such a file.",
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEPR3tU2Fta9ktY+6P9G0cWO+0kETA\n-----END PUBLIC KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
    "https://user:<password>@example.com https://user:$PASSWORD@host https://$USER:[PASSWORD]@host redis://cache:6379/0",
    "http://localhost:3000/@fs/src/main.ts and https://example.com:443/a:b@c",
    'integrity="sha512-vZ0tRkKn7Y1GqQ1bP2n3ymh2nQ4bJkSzwlA6JW3cxv5sQf3D5A=="',
    "secret santa; top-secret; secretary: Anna; secretion; tokenizer=cl100k_base; tokenize(text)",
    "secret: projects/acme/secrets/db-password/versions/latest",
    "monkey: banana, turkey=country, keyboard: qwertz, key: value, key=value, hotkey: ctrl+c",
    "api_key: required\napi_key (string): your key\napi_key=...\napi-key: <redacted>",
    "access_token=null&refresh_token=undefined&token=true",
    '"stop_token": "<|endoftext|>", "bos_token": "<s>", "special_token": "[MASK]"',
    '{"token": " world", "logprob": -1.25}, {"token": "!", "logprob": -0.01}',
    "password_hash, password_reset, reset-password: /account/password/reset",
    "The `password` field: a string. `secret`: see Secret. `token`: opaque.",
    "password=password",
    "nextPageToken=CAUQAA&pageToken: CiAKGjBpNDd2Nmp2Zml2cXRwYjBpOXA",
    "arn:aws:iam::123456789012:role/deploy arn:aws:s3:::bucket/key",
    "projects/123456789012/locations/us-central1/endpoints/1234567890123456789",
    "AC0123456789abcdef0123456789abcdef is an account, no secret",
]
