"""Long texts without anything, as models are asked to write them: what a redactor must leave alone."""
# ruff: noqa: E501 - a sample is a line

from __future__ import annotations

PLANTED: list[str] = []

NEGATIVES = [
    "# Release notes\n\n- Bump `openai` from 1.26.0 to 1.99.9 (#1234)\n- Fix crash in `wire/chat_completions.py:213`\n"
    "- Streaming is 12.5 % faster (1523 ms -> 1333 ms)\n\nFull diff: v0.9.0...v0.10.0, 2024-05-06",
    "Dear team,\n\nthe figures for Q2/2024: revenue 12,345,678 USD (+12.3 %), costs 9.876.543 EUR, 1,234 new customers.\n"
    "Margins: 23-25 %. Next meeting: 2024-07-15, 14:00-15:30, room 4.21.\n",
    "SELECT date_trunc('day', ts), count(*) FROM events WHERE ts BETWEEN '2024-05-01 00:00:00' AND '2024-05-31 23:59:59'\n"
    "GROUP BY 1 HAVING count(*) > 100000 ORDER BY 2 DESC LIMIT 50;",
    "def fib(n: int) -> int:\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a\n\n\n"
    "assert fib(90) == 2880067194370816120\nassert fib(50) == 12586269025\n",
    '```json\n{"model": "gpt-4o-mini", "temperature": 0.7, "max_tokens": 1024, "seed": 1234567890, "stop": ["\\n\\n"]}\n```',
    "Ingredients: 250 g flour, 3 eggs, 125 ml milk, 1/2 tsp salt. Bake at 180 °C (356 °F) for 25-30 min. Serves 4-6.",
    "| Run | Loss | Acc | Time |\n|---|---|---|---|\n| 1 | 0.693147 | 0.5012 | 12:34 |\n| 2 | 0.405465 | 0.8123 | 23:45 |\n",
    "The speed of light is 299 792 458 m/s; Avogadro's number 6.02214076 × 10^23; the electron's mass 9.1093837015e-31 kg.",
    "GET /v1/models HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\nX-Request-Id: 7f3c2a1b-4d90-4e5f-8a6b-1c2d3e4f5a6b\r\n\r\n",
    "会議の議事録：2024年5月6日（月）14:00〜15:30、出席者12名。予算は1,234万円、前年比105.3%。次回は6月3日。",
    "会议纪要：2024年5月6日14:00-15:30，参会12人。预算1234.5万元，同比增长5.3%。项目编号：2024-0506-001。",
    "Protokoll vom 06.05.2024: Umsatz 1.234.567 €, Kosten 987.654 €, Ergebnis 246.913 €. Nächster Termin: 03.06., 14 Uhr, Raum 4.21.",
]
